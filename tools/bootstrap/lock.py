"""One set-up at a time, between all processes of a machine."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.bootstrap.progress import say


@contextmanager
def exclusive(path: Path, what: str) -> Iterator[int]:
    """Hold the lock `path` while the block runs; where another process holds it, say so and wait.

    Yields the descriptor of the lock: a child that inherits it keeps the lock even if this process is killed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another process is {what}; waiting for it.")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle.fileno()
