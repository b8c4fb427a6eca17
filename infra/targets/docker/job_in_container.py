"""The backup job's command line inside its container, where PostgreSQL's programs of the right version are."""

import contextlib
import os
import secrets
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any, TextIO
from urllib.parse import urlsplit

import docker
import docker.errors

from infra.targets.docker.naming import BACKUP, POSTGRES, POSTGRES_PORT, engine_name

RESTORE_URL = "BACKUP_RESTORE_URL"
PASSED_ON = (RESTORE_URL, "PGPASSWORD")
"""Variables the job reads; they go through the engine's socket, never onto a command line."""

# Its process id is noted, so that an interruption reaches it.
NOTED = 'echo $$ >"/tmp/$0.pid"; exec "$@"'
INTERRUPTED = 'kill -INT "$(cat "/tmp/$0.pid")"'


STILL_RUNNING_SECONDS = 0.2
"""Between two looks at a command that is on its way out."""


class Addresses:
    """The database server's address as people here write it, and as containers of the stack do.

    Args:
        outside: a URL of the server as seen from here; None where no address is going to be seen.
    """

    def __init__(self, outside: str | None):
        parts = urlsplit(outside or "")
        self._outside = f"@{parts.hostname}:{parts.port}/" if parts.port else None
        self._inside = f"@{POSTGRES}:{POSTGRES_PORT}/"

    def inwards(self, text: str) -> str:
        """Return `text` with the server's address as containers know it."""
        return text.replace(self._outside, self._inside) if self._outside else text

    def outwards(self, text: str) -> str:
        """Return `text` with the server's address as people here know it."""
        return text.replace(self._inside, self._outside) if self._outside else text


def run_inside(stack: str, arguments: Sequence[str]) -> int:
    """Run one of the job's commands in the container of `stack`, its output shown; return its exit code."""
    addresses = Addresses(os.environ.get(RESTORE_URL))
    environment = {name: addresses.inwards(os.environ[name]) for name in PASSED_ON if name in os.environ}
    try:
        with contextlib.closing(docker.from_env()) as client:
            job = client.containers.get(engine_name(stack, BACKUP))
            command = [addresses.inwards(argument) for argument in arguments]
            return _Execution(client.api, str(job.id), command, environment).run(addresses)
    except docker.errors.NotFound:
        said = f"stack {stack} has no backup container: `make up STACK={stack}` makes it"
    except docker.errors.APIError as error:
        said = f"the backup container of stack {stack}: {error.explanation}"
    except docker.errors.DockerException as error:
        said = f"no Docker engine answers: {error}"
    print(f"error: {said}", file=sys.stderr)
    return 1


class _Execution:
    def __init__(self, api: Any, container: str, command: Sequence[str], environment: dict[str, str]):
        self._api = api
        self._container = container
        self._token = f"command-{secrets.token_hex(4)}"
        noted = ["sh", "-c", NOTED, self._token, "python", "-m", "infra.backup_job", *command]
        self._id = api.exec_create(container, noted, environment=environment)["Id"]

    def run(self, addresses: Addresses) -> int:
        # An interruption is passed on, also where interruptions were ignored at first, as in a shell's background.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        parts = self._api.exec_start(self._id, stream=True, demux=True)
        output, errors = _Lines(sys.stdout, addresses), _Lines(sys.stderr, addresses)
        while True:
            try:
                for out, err in parts:
                    output.take(out or b"")
                    errors.take(err or b"")
                break
            except KeyboardInterrupt:
                self._interrupt()
        output.end()
        errors.end()
        return self._exit_code()

    def _exit_code(self) -> int:
        # An interruption ended the stream of its output, not yet the command.
        while (state := self._api.exec_inspect(self._id))["Running"]:
            time.sleep(STILL_RUNNING_SECONDS)
        return int(state["ExitCode"])

    def _interrupt(self) -> None:
        interruption = self._api.exec_create(self._container, ["sh", "-c", INTERRUPTED, self._token])
        self._api.exec_start(interruption["Id"])


class _Lines:
    """Shows whole lines only: the engine cuts its stream anywhere, also inside an address."""

    def __init__(self, stream: TextIO, addresses: Addresses):
        self._stream = stream
        self._addresses = addresses
        self._rest = b""

    def take(self, part: bytes) -> None:
        lines, newline, self._rest = (self._rest + part).rpartition(b"\n")
        self._show(lines + newline)

    def end(self) -> None:
        self._show(self._rest)

    def _show(self, words: bytes) -> None:
        if words:
            self._stream.write(self._addresses.outwards(words.decode(errors="replace")))
            self._stream.flush()
