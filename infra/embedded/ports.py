"""Free TCP ports on 127.0.0.1, for servers that will still find them free a moment later."""

import random
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack

HOST = "127.0.0.1"
RANGE = range(10240, 32768)
"""Below the ports that Linux (32768 on) and others (49152 on) give to outgoing connections: a port out of theirs may be
taken again before the server binds it."""

_CHOICE = random.SystemRandom()
"""Not the process' own generator: what seeds that, as tests do, would have two processes choose the same ports."""

ATTEMPTS = 200
STARTS = 5


class PortTakenError(Exception):
    """Something listens on a port that was asked for."""

    def __init__(self, port: int):
        self.port = port
        super().__init__(f"port {port} on {HOST} is taken")


def free_port() -> int:
    """Return a port that is free now."""
    (port,) = free_ports([0])
    return port


def free_ports(wanted: Sequence[int]) -> list[int]:
    """Return as many different ports, all free now; 0 leaves the choice, any other number is that port.

    Raises:
        PortTakenError: a port that was asked for is not free.
    """
    chosen: list[int] = []
    with ExitStack() as held:
        for port in wanted:
            # Held sockets alone do not keep a port from being given twice: with SO_REUSEADDR, two may bind it.
            chosen.append(_held(held, port, {*wanted, *chosen}))
    return chosen


def start_on_free_ports(
    wanted: Sequence[int], start: Callable[[list[int]], None], failure: type[Exception]
) -> list[int]:
    """Start a server on ports as `free_ports` chooses them, on others when one was taken before the server bound it.

    Args:
        wanted: as for `free_ports`; a port that was asked for is never exchanged.
        start: starts the server on the ports it is given, and leaves nothing running when it fails.
        failure: what `start` raises then.

    Returns:
        The ports it runs on.

    Raises:
        PortTakenError: a port that was asked for is not free.
        Exception: `failure`, when the ports were not the reason, or were so again and again.
    """
    left = STARTS
    while True:
        ports = free_ports(wanted)
        left -= 1
        try:
            start(ports)
        except failure:
            if not left or not _taken(ports):
                raise
        else:
            return ports


def _taken(ports: Sequence[int]) -> bool:
    try:
        free_ports(ports)
    except PortTakenError:
        return True
    return False


def _held(held: ExitStack, wanted: int, given: set[int]) -> int:
    candidates = [wanted] if wanted else [port for port in _CHOICE.sample(RANGE, ATTEMPTS) if port not in given]
    for port in candidates:
        probe = held.enter_context(socket.socket())
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of a server just killed do not count
        try:
            probe.bind((HOST, port))
        except OSError:
            continue
        return port
    raise PortTakenError(wanted or candidates[-1])
