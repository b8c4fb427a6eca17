"""The Docker engine: a connection for one piece of work, and its errors in one line without secrets."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

from infra.plugin import UserError

if TYPE_CHECKING:
    from docker import APIClient

REQUEST_SECONDS = 120
"""How long the engine may take for one answer, e.g. while it removes a large container."""

_OLDEST_API = "1.24"
_SHORTEST_SECRET = 4
"""Shorter texts are not looked for in errors: blanking out every `a` hides nothing and makes the rest unreadable."""


_loading = Lock()


def load_library() -> None:
    """Load Docker's library, one thread at a time: its modules import each other, which two at once get wrong."""
    with _loading:
        import docker  # noqa: F401, PLC0415 - not needed to plan, and slow to load


class Engine:
    """An engine at an address such as `unix:///var/run/docker.sock`."""

    def __init__(self, host: str):
        self.host = host
        self._version: str | None = None

    @contextmanager
    def working(
        self, doing: str, *, private: Collection[str] = (), timeout: int = REQUEST_SECONDS
    ) -> Iterator["APIClient"]:
        """Give a client of the engine; what goes wrong inside becomes a UserError.

        Args:
            doing: the beginning of every error, e.g. `error creating network x`.
            private: texts that no error may show.
            timeout: seconds the engine may be silent.

        Raises:
            UserError: the engine refused, or does not answer.
        """
        load_library()
        from docker.errors import APIError, DockerException  # noqa: PLC0415
        from requests import RequestException  # noqa: PLC0415

        try:
            with closing(self._connect(timeout)) as client:
                yield client
        except APIError as error:
            raise UserError(f"{doing}: {without(private, _one_line(error.explanation or error))}") from None
        except (DockerException, RequestException) as error:
            raise UserError(f"{doing}: {self._silence(error)}") from None

    def _connect(self, timeout: int) -> "APIClient":
        from docker import APIClient  # noqa: PLC0415

        if self._version is None:
            # A client that has to ask for the version while it is made leaves its socket open when nobody answers.
            with closing(APIClient(base_url=self.host, version=_OLDEST_API, timeout=timeout)) as client:
                self._version = str(client.version(api_version=False)["ApiVersion"])
        return APIClient(base_url=self.host, version=self._version, timeout=timeout)

    def _silence(self, error: Exception) -> str:
        innermost: BaseException = error
        while (cause := innermost.__cause__ or innermost.__context__) is not None:
            innermost = cause
        said = innermost.strerror if isinstance(innermost, OSError) and innermost.strerror else str(innermost)
        return f"no Docker engine answers at {self.host}: {_one_line(said)}; start it, or say another `host`"


def found(inspect: Callable[[str], Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """Return what `inspect` says about `name`, None when there is no such thing."""
    from docker.errors import NotFound  # noqa: PLC0415

    try:
        return inspect(name)
    except NotFound:
        return None


def without(private: Collection[str], text: str) -> str:
    """Return `text` with every private part of it replaced."""
    for secret in sorted(private, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "[secret]")
    return text


def _one_line(said: object) -> str:
    return "; ".join(line.strip() for line in str(said).splitlines() if line.strip()) or "no reason given"
