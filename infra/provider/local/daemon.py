"""What a kind of local service has to be able to do."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import psutil

from infra.embedded.ports import PortTakenError, free_ports
from infra.plugin import UserError


class Daemon(Protocol):
    """One service in one folder. Every method may be called again after an interrupted call."""

    def program(self) -> str:
        """Name what runs and its version; a new one restarts the service."""

    def requirements(self) -> None:
        """Raise UserError when something this machine lacks would make the service fail."""

    def exists(self) -> bool:
        """Say whether its data is there."""

    def alive(self) -> bool:
        """Say whether it runs now."""

    def port(self) -> int | None:
        """Return the port the last start used, None when there was none."""

    def initialise(self) -> None:
        """Make its data where it is missing."""

    def credentials(self) -> Mapping[str, str]:
        """Return how to enter the running service: the same every time, until `rotate`."""

    def rotate(self) -> None:
        """Give the running service new credentials; the old ones are of no use afterwards."""

    def details(self) -> Mapping[str, str]:
        """Return what its clients need to know beside port and credentials; nothing secret."""

    def start(self, port: int | None) -> None:
        """Start it on 127.0.0.1:`port`, any free port when None, and wait until it is ready."""

    def runs_as_asked(self, port: int | None) -> bool:
        """Say whether the running one needs no restart to be what is asked for, on `port` or any when None."""

    def stop(self, *, hurry: bool) -> None:
        """Stop it if it runs; in a `hurry` its data is about to be deleted."""


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; a reader finds the old text or the new one, never a part."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        handle.write(text)
    draft.rename(path)


def require_free_port(port: int) -> None:
    """Raise UserError when something listens on 127.0.0.1:`port`, naming it where that may be seen."""
    try:
        free_ports([port])
    except PortTakenError as error:
        raise UserError(
            f"{error} by {_listener(port)}: stop that, or choose another port in the stack's configuration"
        ) from None


def _listener(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            where = getattr(connection.laddr, "port", None)
            if connection.status == psutil.CONN_LISTEN and where == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        pass
    return "another program"
