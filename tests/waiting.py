"""Waiting for what another process, thread or server brings about."""

import time
from collections.abc import Callable

PAUSE = 0.02
"""Seconds between two looks: they spare the processor what is waited for, and decide nothing."""


def wait_until(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Return as soon as `condition` holds; fail with `what` is missing after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(PAUSE)
