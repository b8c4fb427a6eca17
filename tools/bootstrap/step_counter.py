"""How far a long piece of work is: a bar on a terminal, a line now and then anywhere else."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from tools.bootstrap.progress import LINE_EVERY, say


@contextmanager
def count_steps(label: str, total: int | None) -> Iterator[Callable[[], None]]:
    """Show progress while the block runs; it calls what is yielded once for each step done.

    Args:
        label: what is being done.
        total: how many steps there are at most (work done earlier is skipped without a step), None where nobody knows.
    """
    console = Console(stderr=True)
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(label, total=total)
            yield lambda: bar.advance(task)
        return
    counter = _Lines(label, total)
    yield counter.step


class _Lines:
    def __init__(self, label: str, total: int | None) -> None:
        self._label = label
        self._total = total
        self._done = 0
        self._began = self._printed = time.monotonic()

    def step(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._printed >= LINE_EVERY:
            self._printed = now
            share = f" of {self._total} ({self._done / self._total:.0%})" if self._total else ""
            say(f"{self._label}: {self._done}{share}, {now - self._began:.0f} s")
