"""The one kind of error the bootstrap shows: what went wrong, where, and what to do."""


class SetupError(Exception):
    """Set-up can not go on. The message is complete: it is printed without a traceback."""
