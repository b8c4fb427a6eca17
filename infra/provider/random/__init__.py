"""Values nobody chooses."""
