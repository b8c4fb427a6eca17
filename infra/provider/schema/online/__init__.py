"""How a plan is applied under a running application: from plain statements to ones that let everybody go on working."""
