"""The one kind of error of this tool."""


class NoEngineError(Exception):
    """There is no engine, or no image, and this is why: one line, fit for the reason of a skipped test."""
