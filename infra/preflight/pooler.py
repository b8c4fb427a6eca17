"""Finding a connection pooler by what it does: its address need not tell."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from infra.preflight.connecting import SUBJECT
from infra.preflight.finding import Finding, failure

if TYPE_CHECKING:
    import psycopg

ROUNDS = 3

Connect = Callable[[], "AbstractContextManager[psycopg.Connection[Any]]"]


def shared_session(
    connection: "psycopg.Connection[Any]", connect: Connect, where: str, key: str = "databaseUrl"
) -> Finding | None:
    """Return a failure if transactions of `connection` may run in different sessions of the server.

    A pooler hands out cancel keys of its own, so the process id of the handshake is not the server's. One that pools
    sessions does no harm. One that pools transactions shows when a second client holds a transaction open: it holds the
    server process that the first one had, or the first one gets another.

    Args:
        connection: an open connection.
        connect: opens another one like it.
        where: host, port and database.
        key: the configuration key of the connection string.
    """
    import psycopg  # noqa: PLC0415

    try:
        if connection.info.backend_pid == _process(connection):
            return None
        with connect() as second:
            for _ in range(ROUNDS):
                before = _process(connection)
                with second.transaction():
                    if _process(second) == before or _process(connection) != before:
                        return _refusal(where, key)
    except psycopg.errors.ProtocolViolation:  # statement pooling refuses transactions
        return _refusal(where, key)
    return None


def _process(connection: "psycopg.Connection[Any]") -> int:
    row = connection.execute("SELECT pg_catalog.pg_backend_pid()", prepare=False).fetchone()
    return int(row[0]) if row else 0


def _refusal(where: str, key: str) -> Finding:
    return failure(
        SUBJECT,
        f"{where} is a pooler in transaction mode: it gives every transaction another session, so that locks, SET and "
        "pg_dump's snapshot do not hold",
        f"Use the server's own port, or a pool with pool_mode = session, in {key}",
    )
