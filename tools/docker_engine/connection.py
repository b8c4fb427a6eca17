"""Whether an engine answers, and where."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import docker.errors

from tools.docker_engine.failure import NoEngineError

USUAL_SOCKET = Path("/var/run/docker.sock")
OWN_SOCKET = Path("/run/agent-ecosystem/docker.sock")
"""Where `up` lets its engine listen when something else holds the usual socket."""

ANSWER_SECONDS = 60
"""How long one request may take; building an image answers bit by bit."""


def address() -> str:
    """Return where an engine is looked for: $DOCKER_HOST, else the usual socket, else the one of `up`."""
    if given := os.environ.get("DOCKER_HOST"):
        return given
    return f"unix://{OWN_SOCKET if OWN_SOCKET.exists() else USUAL_SOCKET}"


@contextmanager
def connected(to: str | None = None) -> Iterator[docker.DockerClient]:
    """Give a client of the engine at `to`, by default at `address()`.

    Raises:
        NoEngineError: nothing answers there.
    """
    to = to or address()
    try:
        client = docker.DockerClient(base_url=to, timeout=ANSWER_SECONDS)  # asks for the version
    except (docker.errors.DockerException, ValueError) as error:
        raise NoEngineError(f"no Docker engine answers at {to}: {_reason(error)}") from None
    try:
        yield client
    finally:
        client.close()


def why_none(to: str | None = None) -> str | None:
    """Return the reason why there is no engine at `to`, None when one answers."""
    try:
        with connected(to):
            return None
    except NoEngineError as error:
        return str(error)


def _reason(error: Exception) -> str:
    innermost: BaseException = error
    while (cause := innermost.__cause__ or innermost.__context__) is not None:
        innermost = cause
    if isinstance(innermost, OSError) and innermost.strerror:
        return innermost.strerror
    return str(innermost).splitlines()[0] if str(innermost) else type(innermost).__name__
