"""How far the work under way is: what works says it here, and a watcher shows it now and then.

Work need not know whether anybody watches. Nothing watches unless a command asks for it.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

BYTES = "bytes"


@dataclass(eq=False)
class Step:
    """One long piece of work: how much of it is done, of how much, None where nobody knows."""

    what: str
    total: int | None = None
    unit: str = BYTES
    done: int = 0
    begun: float = field(default_factory=time.monotonic)

    def add(self, amount: int = 1) -> None:
        """Note that so much more is done."""
        self.done += amount

    def becomes(self, what: str) -> None:
        """Go on with `what`, of which nobody knows how long it takes."""
        self.what, self.total, self.done, self.begun = what, None, 0, time.monotonic()

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return time.monotonic() - self.begun

    @property
    def share(self) -> float | None:
        """How much of it is done, 0 to 1; None where the total is unknown, or was a guess that proved too low."""
        return self.done / self.total if self.total and self.done <= self.total else None

    @property
    def seconds_left(self) -> float | None:
        """How long it will go on at the pace so far, None where that can not be told."""
        return self.seconds * (1 / self.share - 1) if self.share else None


class Watcher(Protocol):
    """Who shows progress, each `interval` seconds."""

    interval: float

    def show(self, step: Step) -> None:
        """Show how far `step` is."""

    def clear(self) -> None:
        """Take away what stands on the screen: other words come now, or nothing is under way any more."""


_under_way: list[Step] = []
_watchers: list[Watcher] = []
_lock = threading.RLock()
"""Of the screen: one thread draws, others write lines."""


@contextmanager
def step(what: str, total: int | None = None, unit: str = BYTES) -> Iterator[Step]:
    """Say that the block is a long piece of work; one within another is the one that is shown.

    Args:
        what: what is done, a few words.
        total: how much there is to do, None where nobody knows.
        unit: what is counted.
    """
    made = Step(what, total, unit)
    _under_way.append(made)
    try:
        yield made
    finally:
        _under_way.remove(made)
        with cleared():
            pass


@contextmanager
def cleared() -> Iterator[None]:
    """Keep what watchers draw away from the screen while the block writes there."""
    with _lock:
        for watcher in _watchers:
            watcher.clear()
        yield


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Have `watcher` show what is under way in the block."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(watcher.interval):
            with _lock:
                if _under_way and not ended.is_set():
                    watcher.show(_under_way[-1])

    thread = threading.Thread(target=watch, name="progress", daemon=True)
    _watchers.append(watcher)
    thread.start()
    try:
        yield
    finally:
        with cleared():
            ended.set()
            _watchers.remove(watcher)
        thread.join()
