"""One update of a schema at a time, for as long as it takes and through all of its transactions."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from infra.provider.schema.errors import SchemaError
from infra.provider.schema.lock_rules import LockRules

if TYPE_CHECKING:
    import psycopg

PAUSE = 0.1
"""Seconds between two tries. Whoever waited in PostgreSQL for the lock would hold up CREATE INDEX CONCURRENTLY, which
waits for all that are in a transaction: the two would wait for each other."""

_KEY = "hashtextextended('pgstack:' || %(schema)s, 0)"


@contextmanager
def only_run(connection: "psycopg.Connection[Any]", schema: str, rules: LockRules) -> Iterator[None]:
    """Exclude every other run on `schema` while the block runs.

    Args:
        connection: with no transaction open; needs a session of its own, which a transaction pooler does not give.
        schema: the managed schema.
        rules: how long to wait for another run.

    Raises:
        SchemaError: another run has not ended in that time.
        ValueError: a transaction is open.
    """
    from psycopg.pq import TransactionStatus  # noqa: PLC0415 - the driver is loaded only where it is used

    if connection.info.transaction_status is not TransactionStatus.IDLE:
        raise ValueError("a transaction is open on this connection: the engine opens its own")
    patience = time.monotonic() + rules.timeout / 1000 * (rules.retries + 1)
    while not _answer(connection, f"SELECT pg_try_advisory_lock({_KEY})", schema):
        if time.monotonic() > patience:
            holder = _answer(connection, _HOLDER, schema)
            raise SchemaError(
                f"another update of schema {schema} is running (pid {holder}). Run this again when it is done."
            )
        time.sleep(PAUSE)
    try:
        yield
    finally:
        if not connection.closed and connection.info.transaction_status is TransactionStatus.IDLE:
            _answer(connection, f"SELECT pg_advisory_unlock({_KEY})", schema)


_HOLDER = f"""
    SELECT pid FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
      AND (classid::bigint << 32 | objid::bigint) = {_KEY}
"""  # noqa: S608 - the key is an expression of ours


def _answer(connection: "psycopg.Connection[Any]", statement: str, schema: str) -> object:
    row = connection.execute(statement.encode(), {"schema": schema}).fetchone()
    return row[0] if row else None
