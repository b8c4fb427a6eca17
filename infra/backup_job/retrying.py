"""How long to wait after a failure: ever longer, up to a limit."""

LONGEST = 900.0
"""Seconds."""


def backoff(first: float, failures: int) -> float:
    """Return how many seconds to wait after so many failures in a row, `first` after one.

    >>> [backoff(30, failures) for failures in (1, 2, 3, 10)]
    [30.0, 60.0, 120.0, 900.0]
    """
    return min(first * 2.0 ** min(failures - 1, 20), LONGEST)
