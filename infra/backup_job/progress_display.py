"""Progress for people: one line of a terminal that is drawn anew, or a line of a log now and then.

It takes no library: the job's image has none for this. The cursor is never hidden and nothing coloured, so that
whatever ends the job leaves the terminal as it was.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TextIO

from infra.backup_job.progress import BYTES, Step, Watcher
from infra.backup_job.report import Report, size

LONGEST_BAR, SHORTEST_BAR = 30, 8
USUAL_COLUMNS = 80
"""Columns of a terminal that does not say how many it has."""
ERASE = "\r\x1b[K"


def watcher(stream: TextIO, told: Report, *, lines: bool) -> Watcher:
    """Return who shows progress on `stream`: a bar on a terminal that can draw one, else lines.

    Args:
        stream: where a bar would be.
        told: what else gets a line now and then.
        lines: no bar in any case.
    """
    return Bar(stream) if not lines and can_draw(stream) else Lines(told)


def can_draw(stream: TextIO) -> bool:
    """Say whether `stream` is a terminal that goes back to the beginning of a line when told to."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in {"", "dumb", "unknown"}


@dataclass
class Bar:
    """The last line of a terminal."""

    stream: TextIO
    interval: float = 0.2
    _drawn: bool = field(default=False, init=False)

    def show(self, step: Step) -> None:
        """Draw the line anew, as long as the terminal is wide now."""
        with suppress(OSError):  # the terminal was closed, which is no reason to stop the work
            columns = os.get_terminal_size(self.stream.fileno()).columns or USUAL_COLUMNS
            self._write(ERASE + line(step, columns - 1))  # a line that reaches the edge would wrap
            self._drawn = True

    def clear(self) -> None:
        """Erase the line."""
        if self._drawn:
            with suppress(OSError):
                self._write(ERASE)
            self._drawn = False

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()


@dataclass
class Lines:
    """A line of the command's own report now and then."""

    report: Report
    interval: float = 60.0

    def show(self, step: Step) -> None:
        """Report how far `step` is."""
        left = step.seconds_left
        of = {} if step.share is None else {f"of_{step.unit}": step.total}
        facts = {step.unit: step.done, **of, "seconds": round(step.seconds), "seconds_left": left and round(left)}
        known = {name: value for name, value in facts.items() if value is not None}
        self.report("under way", step=step.what, **known)

    def clear(self) -> None:
        """Nothing: lines stay."""


def line(step: Step, width: int) -> str:
    """Return how far `step` is in one line of up to `width` characters: what has no room is left out.

    >>> line(Step("dumping", 4, "tables", done=1), 24)
    'dumping  25% 1 of 4'
    """
    share = step.share
    head = step.what if share is None else f"{step.what} {share:4.0%}"
    amount, pace, clock = _amount(step), _pace(step), _clock(step)
    every = ((amount, pace, clock), (amount, clock), (clock,), (amount,)) if step.done or step.total else ((clock,),)
    wordings = (", ".join(parts) for parts in every)
    text = next((words for wording in wordings if len(words := f"{head} {wording}") <= width), head[:width])
    room = min(width - len(text) - len(" []"), LONGEST_BAR)
    if share is None or room < SHORTEST_BAR:
        return text
    return f"{head} [{'#' * int(share * room):-<{room}}]{text.removeprefix(head)}"


def _amount(step: Step) -> str:
    shown = size if step.unit == BYTES else str
    whole = "" if step.share is None or step.total is None else f" of {shown(step.total)}"
    return f"{shown(step.done)}{whole}"


def _pace(step: Step) -> str:
    rate = step.done / max(step.seconds, 0.001)
    return f"{size(rate)}/s" if step.unit == BYTES else f"{rate:.1f} {step.unit}/s"


def _clock(step: Step) -> str:
    left = step.seconds_left
    return f"{timedelta(seconds=round(step.seconds))}" if left is None else f"{timedelta(seconds=round(left))} left"
