"""Whether an engine answers, and where."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import docker
import docker.errors
from requests import RequestException

from tools.docker_engine.failure import NoEngineError

USUAL_SOCKET = Path("/var/run/docker.sock")
OWN_SOCKET = Path("/run/agent-ecosystem/docker.sock")
"""Where `up` lets its engine listen when something else holds the usual socket."""

OLDEST_API = "1.24"

ANSWER_SECONDS = 60
"""How long one request may take; building an image answers bit by bit."""


def address() -> str:
    """Return where an engine is looked for: $DOCKER_HOST, else the socket of `up` if it is held, else the usual one."""
    if given := os.environ.get("DOCKER_HOST"):
        return given
    return f"unix://{USUAL_SOCKET if refusal(OWN_SOCKET) else OWN_SOCKET}"


@contextmanager
def connected(to: str | None = None) -> Iterator[docker.DockerClient]:
    """Give a client of the engine at `to`, by default at `address()`.

    Raises:
        NoEngineError: nothing answers there.
    """
    to = to or address()
    if to.startswith("unix://") and (code := refusal(Path(to.removeprefix("unix://")))):
        raise NoEngineError(f"no Docker engine answers at {to}: {os.strerror(code)}")
    try:
        version = _api_version(to)
    except (docker.errors.DockerException, RequestException) as error:
        raise NoEngineError(f"no Docker engine answers at {to}: {_reason(error)}") from None
    with closing(docker.DockerClient(base_url=to, version=version, timeout=ANSWER_SECONDS)) as client:
        yield client


def why_none(to: str | None = None) -> str | None:
    """Return the reason why there is no engine at `to`, None when one answers."""
    try:
        with connected(to):
            return None
    except NoEngineError as error:
        return str(error)


def refusal(path: Path) -> int:
    """Return why nobody can be reached at a socket, as an error number; 0 when something listens there.

    The SDK leaves its own socket open when it can not connect, so it is not asked to try.
    """
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(ANSWER_SECONDS)
        return probe.connect_ex(str(path))


def _api_version(at: str) -> str:
    # A client that has to ask for the version while it is made can not be closed when the answer is none.
    with closing(docker.APIClient(base_url=at, version=OLDEST_API, timeout=ANSWER_SECONDS)) as client:
        return str(client.version(api_version=False)["ApiVersion"])


def _reason(error: Exception) -> str:
    innermost: BaseException = error
    while (cause := innermost.__cause__ or innermost.__context__) is not None:
        innermost = cause
    if isinstance(innermost, OSError) and innermost.strerror:
        return innermost.strerror
    return str(innermost).splitlines()[0] if str(innermost) else type(innermost).__name__
