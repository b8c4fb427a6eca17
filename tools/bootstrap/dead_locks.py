"""Pulumi's file backend marks a stack as in use with a file; a killed engine leaves it behind."""

import json
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil

from tools.bootstrap.failure import SetupError
from tools.bootstrap.progress import say

CLOCK_SLACK = 2.0
"""Seconds by which a process may seem younger than the lock it wrote."""


@dataclass(frozen=True)
class Lock:
    """One lock file and what it says of its holder."""

    file: Path
    pid: int
    username: str
    hostname: str
    since: datetime

    @classmethod
    def read(cls, file: Path) -> "Lock":
        """Read a lock file.

        Raises:
            SetupError: it is not one that Pulumi wrote.
        """
        try:
            fields = json.loads(file.read_text())
            since = datetime.fromisoformat(fields["timestamp"])
            return cls(file, int(fields["pid"]), str(fields["username"]), str(fields["hostname"]), since)
        except (ValueError, KeyError, TypeError) as error:
            raise SetupError(
                f"{file} locks the stack and can not be read ({error}). If no Pulumi works on it, delete that file."
            ) from error

    def holder_is_dead(self) -> bool:
        """Tell whether the holder ran on this machine and is gone, its process number given to another or not."""
        if self.hostname != socket.gethostname():
            return False
        try:
            started = psutil.Process(self.pid).create_time()
        except psutil.NoSuchProcess:
            return True
        return started > self.since.timestamp() + CLOCK_SLACK


def backend_folder(backend_url: str) -> Path | None:
    """Return the folder of a `file://` backend, None for any other."""
    backend = urlsplit(backend_url)
    if backend.scheme != "file":
        return None
    return Path(unquote(backend.netloc + backend.path)).expanduser() / ".pulumi"


def clear_dead_locks(backend_url: str, project: str, stack: str) -> None:
    """Remove the stack's locks whose holders are dead. Other backends than `file://` have no such files.

    Raises:
        SetupError: somebody works on the stack, or may do so on another machine.
    """
    root = backend_folder(backend_url)
    if root is None:
        return
    for file in (root / "locks" / "organization" / project / stack).glob("*.json"):
        lock = Lock.read(file)
        if not lock.holder_is_dead():
            raise SetupError(
                f"stack {stack} is in use since {lock.since:%Y-%m-%d %H:%M:%S %Z} by process {lock.pid} of "
                f"{lock.username} on {lock.hostname}: wait until it ends. If it is gone, delete {file}."
            )
        say(f"Process {lock.pid} died while it worked on stack {stack}: clearing its lock.")
        file.unlink(missing_ok=True)
        file.with_name(f"{file.name}.attrs").unlink(missing_ok=True)
