"""The stack's components, the provider they use and the job they deploy."""
