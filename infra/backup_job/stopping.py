"""SIGTERM and SIGINT: what is under way ends early and in order, uploads aborted, scratch databases dropped.

The handler raises nothing: an exception out of a signal handler is lost where Python happens to run a finaliser.
It notes the signal and makes whatever we may be waiting for end; the streams and steps then call `check`.
"""

import contextlib
import os
import select
import signal
import subprocess
from types import FrameType
from typing import Any
from weakref import WeakSet, WeakValueDictionary

import psycopg

from infra.backup_job.errors import Stopped

CANCEL_TIMEOUT = 5.0

_wake_up, _woken = os.pipe()  # not threading's Event: its lock may be held by the very code that a signal interrupts
_signals: list[int] = []
_children: WeakSet[subprocess.Popen[bytes]] = WeakSet()
_connections: WeakValueDictionary[int, psycopg.Connection[Any]] = WeakValueDictionary()
"""By their id: a thread may add one while the handler looks through them, which `valuerefs` takes in one step."""


def listen() -> None:
    """Take SIGTERM and SIGINT of this process from now on."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _note)


def requested() -> int | None:
    """Return the signal that told us to stop, None if none did."""
    return _signals[0] if _signals else None


def check() -> None:
    """Raise Stopped if we were told to stop."""
    if number := requested():
        raise Stopped(number)


def wait(seconds: float) -> None:
    """Sleep, and raise Stopped as soon as we are told to stop."""
    select.select([_wake_up], [], [], seconds)
    check()


def ends_with_us(child: subprocess.Popen[bytes]) -> None:
    """Have `child` killed when we are told to stop."""
    _children.add(child)


def kill(child: subprocess.Popen[bytes]) -> None:
    """Kill `child` with the processes it started: it leads a session of its own."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def cancels_with_us(connection: psycopg.Connection[Any]) -> None:
    """Have what `connection` waits for cancelled when we are told to stop."""
    _connections[id(connection)] = connection


def _note(number: int, _frame: FrameType | None) -> None:
    if _signals:  # the first one set the way out going: it must be able to end
        return
    _signals.append(number)
    os.write(_woken, b".")
    for child in list(_children):
        kill(child)
    for reference in _connections.valuerefs():
        if connection := reference():
            with contextlib.suppress(psycopg.Error):
                connection.cancel_safe(timeout=CANCEL_TIMEOUT)
