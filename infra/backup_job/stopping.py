"""What is under way ends early and in order, uploads aborted, scratch databases dropped: at a signal, or given up.

A handler of Python's own runs in the main thread, between two of its steps: a signal that comes just before that thread
begins to wait for a program is not seen until the program says something, which may be hours later. So another thread
hears of signals, notes them, and makes whatever is waited for end; the streams and steps then call `check`. Nothing is
raised anywhere else: an exception out of nowhere is lost where Python happens to run a finaliser.
"""

import contextlib
import os
import signal
import socket
import subprocess
import threading
from typing import Any
from weakref import WeakSet, WeakValueDictionary

import psycopg

from infra.backup_job.errors import HungError, Stopped

CANCEL_TIMEOUT = 5.0

_told = threading.Event()
_signals: list[int] = []
_children: WeakSet[subprocess.Popen[bytes]] = WeakSet()
_adding = threading.Lock()
"""Held while `_children` changes, or is looked through."""
_connections: WeakValueDictionary[tuple[int, int], psycopg.Connection[Any]] = WeakValueDictionary()
"""By their thread and their id: a thread may add one while others look through them: `valuerefs` is one step."""

_given_up: dict[int, str] = {}
"""Why, by the thread that goes nowhere."""


def listen() -> None:
    """Take SIGTERM and SIGINT of this process from now on; called once, in the main thread."""
    heard, wake_up = os.pipe()
    os.set_blocking(wake_up, False)
    signal.set_wakeup_fd(wake_up, warn_on_full_buffer=False)  # written to at once, whatever the main thread waits for
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)  # without a handler nothing would be written
    threading.Thread(target=_hear, args=[heard], name="signals", daemon=True).start()


def requested() -> int | None:
    """Return the signal that told us to stop, None if none did."""
    return _signals[0] if _signals else None


def check() -> None:
    """Raise Stopped if we were told to stop, HungError if what this thread does was given up."""
    if number := requested():
        raise Stopped(number)
    if words := given_up():
        raise HungError(words)


def wait(seconds: float) -> None:
    """Sleep, and raise Stopped as soon as we are told to stop."""
    _told.wait(seconds)
    check()


def ends_with_us(child: subprocess.Popen[bytes]) -> None:
    """Have `child` killed when we are told to stop, now if we were."""
    with _adding:
        _children.add(child)
    if requested():
        kill(child)


def kill(child: subprocess.Popen[bytes]) -> None:
    """Kill `child` with the processes it started: it leads a session of its own."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def cancels_with_us(connection: psycopg.Connection[Any]) -> None:
    """Have what `connection` waits for cancelled when we are told to stop."""
    _connections[threading.get_ident(), id(connection)] = connection


def give_up(thread: int, words: str) -> None:
    """End whatever `thread` waits for, but for answers of the store, which have a limit; `check` there then raises.

    Args:
        thread: its identifier. The programs that it started end, and its connections.
        words: why.
    """
    _given_up[thread] = words
    _kill_children()
    for reference in _connections.valuerefs():
        if reference.key[0] == thread and (connection := reference()):
            _cancel(connection)
            _sever(connection)  # a backend that hangs takes a cancellation, and does nothing about it


def given_up() -> str | None:
    """Return why what this thread does was given up, None if it was not."""
    return _given_up.get(threading.get_ident())


def begin_again() -> None:
    """Let this thread do other things: it is through with what was given up."""
    _given_up.pop(threading.get_ident(), None)


def _hear(heard: int) -> None:
    """Wait for a signal, and end what is waited for. Later ones count for nothing: the way out must be able to end."""
    _signals.append(os.read(heard, 1)[0])
    _told.set()
    _kill_children()
    for reference in _connections.valuerefs():
        if connection := reference():
            _cancel(connection)


def _kill_children() -> None:
    with _adding:
        children = list(_children)
    for child in children:
        kill(child)


def _cancel(connection: psycopg.Connection[Any]) -> None:
    """Cancel what `connection` waits for; where the server does not take that, end the connection."""
    try:
        connection.cancel_safe(timeout=CANCEL_TIMEOUT)
    except psycopg.Error:
        _sever(connection)


def _sever(connection: psycopg.Connection[Any]) -> None:
    """End a connection from outside: whoever waits at it wakes up and sees it closed."""
    with contextlib.suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
