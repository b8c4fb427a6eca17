"""A snapshot in which no table can turn empty.

ALTER COLUMN … TYPE and whatever else rewrites a table, and TRUNCATE, leave nothing in it for older snapshots, without
an error. So every table is locked against that first, and the snapshot is taken afterwards.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from infra.backup_job import database, facts, progress, stopping
from infra.backup_job.database import Connection
from infra.backup_job.errors import BackupError

TRIES = 5
"""How often tables may come or go between the look at them and the snapshot."""

Table = tuple[str, str]
"""Schema and name."""

GONE = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.WrongObjectType,
    psycopg.errors.InsufficientPrivilege,
)
"""What a lock meets where the table was dropped, renamed, replaced by a view or taken from this role since the look."""


@contextmanager
def locked(connection: Connection, lock_wait_seconds: float) -> Iterator[str]:
    """Give the name of an exported snapshot, whose tables are locked ACCESS SHARE until the block ends.

    Args:
        connection: in autocommit mode; in the block it is in the snapshot's transaction, which is given up at the end:
            VACUUM need not wait for what follows.
        lock_wait_seconds: how long to wait for each table.

    Raises:
        BackupError: a table is locked by others for longer, or tables come and go all the time.
    """
    try:
        yield _taken(connection, lock_wait_seconds)
    finally:
        if not connection.broken:
            connection.rollback()


def _taken(connection: Connection, lock_wait_seconds: float) -> str:
    for _ in range(TRIES):
        listed = facts.lockable(connection)  # in a transaction of its own: this look takes a snapshot, LOCK does not
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        # As many names as were listed lead to a table each. So where none of the tables is a new one, all are locked.
        if _all_locked(connection, listed.values(), lock_wait_seconds) and (
            facts.lockable(connection).keys() <= listed.keys()
        ):
            return database.export_snapshot(connection)
        connection.rollback()
    raise BackupError(f"tables came or went each of {TRIES} times that all of them were to be locked: try again later")


def _all_locked(connection: Connection, tables: Collection[Table], lock_wait_seconds: float) -> bool:
    """Lock the tables; say whether all of them are still there."""
    database.limit_lock_waits(connection, lock_wait_seconds)
    with progress.step("locking tables", len(tables), "tables") as step:
        for table in tables:
            stopping.check()
            try:
                connection.execute(sql.SQL("LOCK TABLE ONLY {} IN ACCESS SHARE MODE").format(sql.Identifier(*table)))
            except psycopg.errors.LockNotAvailable:
                raise BackupError(
                    f"table {'.'.join(table)} stayed locked for {lock_wait_seconds:g} s (lock_wait_seconds): "
                    "pg_stat_activity says by whom; try again when that is over"
                ) from None
            except GONE:
                return False
            step.add()
    return True
