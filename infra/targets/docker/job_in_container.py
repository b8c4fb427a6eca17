"""The backup job's command line inside its container, where PostgreSQL's programs of the right version are.

A restore into another server runs in a container of the same image beside it, on this machine's network: the job's own
container reaches the stack's two services alone, and 127.0.0.1 would be itself.
"""

import argparse
import contextlib
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO
from urllib.parse import urlsplit

import docker
import docker.errors

from infra.backup_job.errors import BackupError
from infra.backup_job.keys import read_file
from infra.targets.docker.naming import (
    BACKUP,
    OBJECT_STORE,
    OBJECT_STORE_PORT,
    POSTGRES,
    POSTGRES_PORT,
    engine_name,
)

RESTORE_URL = "BACKUP_RESTORE_URL"
IDENTITY = "BACKUP_ENCRYPTION_IDENTITY"
IDENTITY_FILE = "BACKUP_ENCRYPTION_IDENTITY_FILE"
"""A file of this machine, which no container sees: its content is passed on."""
PASSED_ON = (RESTORE_URL, "PGPASSWORD", "BACKUP_PRUNE_ACCESS_KEY", "BACKUP_PRUNE_SECRET_KEY", IDENTITY)
"""Variables the job reads; they go through the engine's socket, never onto a command line or into what it can show."""
STORE_URL = "BACKUP_S3_ENDPOINT"

# A container's own environment is shown by `docker inspect`; what it reads is kept nowhere.
AS_TOLD = """
import json, os, sys
os.environ.update(json.loads(sys.stdin.readline()))
from infra.backup_job.command_line import main
sys.exit(main())
"""

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
    """Run one of the job's commands with what `stack`'s container knows, its output shown; return its exit code."""
    addresses = Addresses(os.environ.get(RESTORE_URL))
    try:
        environment = passed_on(os.environ)
        with contextlib.closing(docker.from_env()) as client:
            job = client.containers.get(engine_name(stack, BACKUP))
            if goes_elsewhere(arguments, addresses):
                store = {} if _option(arguments, "--from") == "second" else {STORE_URL: _store_url(client, stack)}
                with _beside(client, stack, job, arguments, {**environment, **store}) as process:
                    return _show(process, Addresses(None))
            environment = {name: addresses.inwards(value) for name, value in environment.items()}
            command = [addresses.inwards(argument) for argument in arguments]
            return _show(_Execution(client.api, str(job.id), command, environment), addresses)
    except BackupError as error:
        said = str(error)
    except docker.errors.NotFound:
        said = f"stack {stack} has no backup container: `make up STACK={stack}` makes it"
    except docker.errors.APIError as error:
        said = f"the backup container of stack {stack}: {error.explanation}"
    except docker.errors.DockerException as error:
        said = f"no Docker engine answers: {error}"
    print(f"error: {said}", file=sys.stderr)
    return 1


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of `environment` that a command in the container gets.

    Raises:
        BackupError: a file of private keys can not be read, or others can read it.
    """
    found = {name: environment[name] for name in PASSED_ON if name in environment}
    if file := environment.get(IDENTITY_FILE):
        found[IDENTITY] = "\n".join([*filter(None, [found.get(IDENTITY)]), read_file(Path(file))])
    return found


def goes_elsewhere(arguments: Sequence[str], addresses: Addresses) -> bool:
    """Tell whether a command restores into a server that is not the stack's own."""
    into = _option(arguments, "--into")
    return "://" in into and addresses.inwards(into) == into


def _option(arguments: Sequence[str], name: str) -> str:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(name, dest="value", default="")
    return str(parser.parse_known_args(list(arguments))[0].value)


class _Process(Protocol):
    """A command that runs in a container."""

    def output(self) -> Iterator[tuple[bytes | None, bytes | None]]: ...

    def interrupt(self) -> None: ...

    def exit_code(self) -> int: ...


def _show(process: _Process, addresses: Addresses) -> int:
    """Show what a command says until it ends; return its exit code."""
    # An interruption is passed on, also where interruptions were ignored at first, as in a shell's background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parts = process.output()
    output, errors = _Lines(sys.stdout, addresses), _Lines(sys.stderr, addresses)
    while True:
        try:
            for out, err in parts:
                output.take(out or b"")
                errors.take(err or b"")
            break
        except KeyboardInterrupt:
            process.interrupt()
    output.end()
    errors.end()
    return process.exit_code()


class _Execution:
    """A command in the job's own container."""

    def __init__(self, api: Any, container: str, command: Sequence[str], environment: dict[str, str]):
        self._api = api
        self._container = container
        self._token = f"command-{secrets.token_hex(4)}"
        noted = ["sh", "-c", NOTED, self._token, "python", "-m", "infra.backup_job", *command]
        self._id = api.exec_create(container, noted, environment=environment)["Id"]

    def output(self) -> Any:
        return self._api.exec_start(self._id, stream=True, demux=True)

    def interrupt(self) -> None:
        interruption = self._api.exec_create(self._container, ["sh", "-c", INTERRUPTED, self._token])
        self._api.exec_start(interruption["Id"])

    def exit_code(self) -> int:
        # An interruption ended the stream of its output, not yet the command.
        while (state := self._api.exec_inspect(self._id))["Running"]:
            time.sleep(STILL_RUNNING_SECONDS)
        return int(state["ExitCode"])


class _Beside:
    """A command that is a container's own, and is told its environment once it runs."""

    def __init__(self, container: Any, environment: dict[str, str]):
        self._container = container
        self._told = json.dumps(environment).encode() + b"\n"

    def output(self) -> Any:
        api, container = self._container.client.api, self._container.id
        parts = api.attach(container, stream=True, logs=True, demux=True)
        self._container.start()
        with contextlib.closing(api.attach_socket(container, params={"stdin": 1, "stream": 1})) as stream:
            getattr(stream, "_sock", stream).sendall(self._told)  # what the library gives for a Unix socket only reads
        return parts

    def interrupt(self) -> None:
        self._container.kill("SIGINT")

    def exit_code(self) -> int:
        return int(self._container.wait()["StatusCode"])


@contextlib.contextmanager
def _beside(
    client: Any, stack: str, job: Any, command: Sequence[str], environment: dict[str, str]
) -> Iterator[_Beside]:
    """Make a container like the job's that runs one command where 127.0.0.1 is this machine; it goes with the block."""
    container = client.containers.create(
        job.image.id,
        list(command),
        name=engine_name(stack, f"{BACKUP}-{secrets.token_hex(4)}"),
        entrypoint=["python", "-c", AS_TOLD],
        stdin_open=True,
        volumes_from=[f"{job.id}:ro"],
        network_mode="host",
        read_only=True,
        tmpfs={"/tmp": "mode=1777"},  # noqa: S108
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        mem_limit=job.attrs["HostConfig"]["Memory"],
        log_config={"Type": "json-file"},
    )
    try:
        yield _Beside(container, environment)
    finally:
        container.remove(force=True)


def _store_url(client: Any, stack: str) -> str:
    """Return where the object store is on this machine's network.

    Raises:
        BackupError: it does not run.
    """
    try:
        published = client.containers.get(engine_name(stack, OBJECT_STORE)).ports.get(f"{OBJECT_STORE_PORT}/tcp")
    except docker.errors.NotFound:
        published = None
    if not published:
        raise BackupError(f"the object store of stack {stack} does not run: `make up STACK={stack}` starts it")
    return f"http://{published[0]['HostIp']}:{published[0]['HostPort']}"


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
