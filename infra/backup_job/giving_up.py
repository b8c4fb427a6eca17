"""A run that goes nowhere is given up, so that it does not hold the schedule for ever (ADR 34).

Silence of one session says nothing: a table is counted for hours without a word. So there is a limit for all of a run,
and meanwhile the server is asked whether it answers anybody.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from infra.backup_job import database, stopping
from infra.backup_job.errors import HungError

LOOKS = 5
"""How often a server is asked before its silence counts."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Give the block up after so long.

    Raises:
        HungError: it was given up.
    """

    def watch(ended: threading.Event) -> str | None:
        if ended.wait(seconds):
            return None
        return (
            f"given up after {seconds:g} s, `latest` stays: see what hangs, the database, its disk, the store; where "
            "backups take that long, raise run_limit_seconds (backupRunLimitHours)"
        )

    with _beside(watch):
        yield


@contextmanager
def answering(url: str, seconds: float) -> Iterator[None]:
    """Give the block up once the server of `url` answers nobody for so long.

    Raises:
        HungError: it was given up.
    """

    def watch(ended: threading.Event) -> str | None:
        answered = time.monotonic()
        while not ended.wait(seconds / LOOKS):
            if database.answers(url):
                answered = time.monotonic()
            elif time.monotonic() - answered > seconds:
                return (
                    f"given up, `latest` stays: the server of {database.describe(url)} has answered nobody for "
                    f"{seconds:g} s (silence_seconds, backupSilenceSeconds): see whether it, its disk, or the way to "
                    "it hangs"
                )
        return None

    with _beside(watch):
        yield


@contextmanager
def _beside(watch: Callable[[threading.Event], str | None]) -> Iterator[None]:
    """Run `watch` beside the block, which is given up for the reason that it returns before the block has ended."""
    ended, ending, block = threading.Event(), threading.Lock(), threading.get_ident()
    reasons: list[str] = []

    def keep() -> None:
        if reason := watch(ended):
            with ending:
                if not ended.is_set():
                    reasons.append(reason)
                    stopping.give_up(block, reason)

    threading.Thread(target=keep, name="giving up", daemon=True).start()
    try:
        yield
    except Exception:
        if reasons:
            raise HungError(reasons[0]) from None
        raise
    finally:
        with ending:
            ended.set()
        if reasons:
            stopping.begin_again()
