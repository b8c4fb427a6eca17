"""The PostgreSQL server: one connection an operation, closed right after, so that none blocks a DROP DATABASE.

psycopg is imported with the first connection: a preview without changes needs none, and starts sooner.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, LiteralString

from infra.plugin import UserError

if TYPE_CHECKING:
    import psycopg

_STARTING_SECONDS = 10.0
_RETRY_SECONDS = 0.1


class Name(str):
    """An SQL identifier, as opposed to a text value."""

    __slots__ = ()


class Session:
    """A connection, with statements in the form `run("ALTER ROLE {} PASSWORD {}", Name(role), verifier)`."""

    def __init__(self, connection: "psycopg.Connection[dict[str, Any]]"):
        self._connection = connection

    @property
    def version(self) -> int:
        """The server's version as a number: 180001 is 18.1."""
        return self._connection.info.server_version

    @property
    def failed(self) -> bool:
        """Whether the transaction has failed, so that only its rollback is left."""
        return self._connection.info.transaction_status.name == "INERROR"

    def run(self, statement: LiteralString, *parts: object) -> None:
        """Execute `statement`; each `{}` takes a `Name`, or a value that becomes a literal."""
        from psycopg import sql  # noqa: PLC0415

        quoted = (sql.Identifier(part) if isinstance(part, Name) else sql.Literal(part) for part in parts)
        self._connection.execute(sql.SQL(statement).format(*quoted))

    def row(self, query: LiteralString, *parameters: object) -> dict[str, Any] | None:
        """Return the first row of `query` (placeholders `%s`), None when there is none."""
        return self._connection.execute(query, parameters).fetchone()

    def verifier(self, password: str, role: str) -> str:
        """Return what the server would store for `password`, so that no statement, and no log, holds it in clear."""
        encoding = self._connection.info.encoding
        hashed = self._connection.pgconn.encrypt_password(password.encode(encoding), role.encode(encoding))
        return hashed.decode("ascii")


class Server:
    """Opens sessions on the server a provider was configured with.

    Args:
        parameters: libpq's connection parameters, without the database.
        database: the provider's database, where a resource names none.
        user: the role the connections act as.
        superuser: whether the program says that this role is a superuser.
        max_connections: at once; zero or less is any number.
    """

    def __init__(
        self,
        parameters: Mapping[str, str | int],
        *,
        database: str,
        user: str,
        superuser: bool,
        max_connections: int,
    ):
        self.database = database
        self.user = user
        self.superuser = superuser
        self._parameters = dict(parameters)
        self._free = threading.BoundedSemaphore(max_connections) if max_connections > 0 else nullcontext()
        # Parallel GRANT, REASSIGN OWNED or DROP OWNED fail with "tuple concurrently updated": one change at a time.
        self._changing = threading.Lock()

    @contextmanager
    def reading(self, doing: str, database: str = "") -> Iterator[Session]:
        """Open a session that changes nothing; `doing` starts the message when it fails."""
        with _one_line_errors(doing), self._session(database, autocommit=False) as session:
            session.run("SET TRANSACTION READ ONLY")
            yield session

    @contextmanager
    def changing(self, doing: str, database: str = "", *, autocommit: bool = False) -> Iterator[Session]:
        """Open a session that changes the server, in one transaction unless `autocommit`."""
        with _one_line_errors(doing), self._changing, self._session(database, autocommit=autocommit) as session:
            yield session

    @contextmanager
    def _session(self, database: str, *, autocommit: bool) -> Iterator[Session]:
        with self._free, self._connect(database or self.database, autocommit=autocommit) as connection:
            yield Session(connection)

    def _connect(self, database: str, *, autocommit: bool) -> "psycopg.Connection[dict[str, Any]]":
        import psycopg  # noqa: PLC0415
        from psycopg.rows import dict_row  # noqa: PLC0415

        deadline = time.monotonic() + _STARTING_SECONDS
        while True:
            try:
                return psycopg.connect(
                    **self._parameters,  # type: ignore[arg-type]
                    dbname=database,
                    autocommit=autocommit,
                    row_factory=dict_row,
                )
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline or not self._is_starting():
                    raise UserError(f"{self._address()}: {_first_line(str(error))}") from None
                time.sleep(_RETRY_SECONDS)

    def _is_starting(self) -> bool:
        """Say whether nobody answers yet, or the server answers that it is not ready."""
        from psycopg import conninfo, pq  # noqa: PLC0415

        address = {name: self._parameters[name] for name in ("host", "port", "connect_timeout")}
        answer = pq.PGconn.ping(conninfo.make_conninfo(**address).encode())  # type: ignore[arg-type]
        return answer in (pq.Ping.REJECT, pq.Ping.NO_RESPONSE)

    def _address(self) -> str:
        return f"error connecting to PostgreSQL server {self._parameters['host']}:{self._parameters['port']}"


@contextmanager
def _one_line_errors(doing: str) -> Iterator[None]:
    """Say what PostgreSQL said, without the statement: it can hold what nobody should read."""
    try:
        yield
    except Exception as error:
        import psycopg  # noqa: PLC0415

        if not isinstance(error, psycopg.Error):
            raise
        said = (
            error.diag.message_primary or _first_line(str(error)),
            error.diag.message_detail,
            error.diag.message_hint,
        )
        message = ": ".join((doing, "; ".join(line for part in said if part for line in part.splitlines())))
        raise UserError(message) from None


def _first_line(text: str) -> str:
    lines: Sequence[str] = text.strip().splitlines()
    return lines[0] if lines else "no reason given"
