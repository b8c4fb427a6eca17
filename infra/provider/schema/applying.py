"""Runs a plan: one advisory lock, one transaction, the ledger in it; either all of it happened or nothing did."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from infra.provider.schema.errors import ApplyFailed, CannotPlan, ForeignDependents
from infra.provider.schema.introspect import local_search_path
from infra.provider.schema.steps import Plan

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")

LOCK_TIMEOUT = 4000
"""Milliseconds a statement waits for a table before the whole transaction is given up and tried again."""

ATTEMPTS = 5
FIRST_PAUSE = 0.2
"""Seconds between the first two attempts; doubled each time."""


def in_one_transaction(
    connection: "psycopg.Connection[Any]",
    schema: str,
    work: Callable[[], T],
    lock_timeout: int = LOCK_TIMEOUT,
    attempts: int = ATTEMPTS,
) -> T:
    """Do `work` in a transaction that excludes every other run on `schema`; all again when a lock can not be had.

    Args:
        connection: with no transaction open.
        schema: the managed schema.
        work: uses `connection`; is called anew for each attempt.
        lock_timeout: milliseconds to wait for one lock.
        attempts: how often to try.

    Raises:
        ApplyFailed: no lock within all attempts.
    """
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used
    from psycopg.pq import TransactionStatus  # noqa: PLC0415

    if connection.info.transaction_status is not TransactionStatus.IDLE:
        raise ValueError("a transaction is open on this connection: the engine opens its own")
    for attempt in range(1, attempts + 1):
        try:
            with connection.transaction():
                connection.execute("SELECT set_config('lock_timeout', %s, true)", (str(lock_timeout),))
                key = f"pgstack:{schema}"
                connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (key,))
                return work()
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            if attempt == attempts:
                words = f"no lock after {attempts} attempts of {lock_timeout} ms: {error.diag.message_primary}"
                raise ApplyFailed(
                    _statement_of(error), f"{words}. Try again when the database is less busy."
                ) from error
            time.sleep(FIRST_PAUSE * 2 ** (attempt - 1))
        except psycopg.errors.InsufficientPrivilege as error:
            raise ApplyFailed("(making the schema or the ledger)", _words(error)) from error
    raise AssertionError("unreachable")


def run_steps(connection: "psycopg.Connection[Any]", plan: Plan, schema: str, extensions: str) -> None:
    """Run the statements of `plan` in the open transaction.

    Raises:
        ForeignDependents: something that is not ours needs what a step drops or changes.
        CannotPlan: there is no cast between a column's types, which only the server knows.
        ApplyFailed: PostgreSQL refused a statement for any other reason but a lock.
    """
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

    with local_search_path(connection, schema, extensions):
        connection.execute("SELECT set_config('check_function_bodies', 'off', true)")
        for step in plan.steps:
            try:
                connection.execute(step.sql.encode())
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
                error.add_note(step.sql)
                raise
            except psycopg.errors.DependentObjectsStillExist as error:
                raise ForeignDependents(step.sql, error.diag.message_detail or str(error)) from error
            except (psycopg.errors.CannotCoerce, psycopg.errors.DatatypeMismatch) as error:
                advice = "Add a column of the new type, fill it, and drop the old one in the next update."
                raise CannotPlan(step.object, error.diag.message_primary or str(error), advice) from error
            except psycopg.OperationalError:
                raise  # the connection is gone: there is nothing left to say anything about
            except psycopg.Error as error:
                raise ApplyFailed(step.sql, _words(error)) from error


def _words(error: "psycopg.Error") -> str:
    parts = (error.diag.message_primary or str(error), error.diag.message_detail, error.diag.message_hint)
    return "\n".join(part for part in parts if part)


def _statement_of(error: Exception) -> str:
    notes: list[str] = getattr(error, "__notes__", [])
    return notes[-1] if notes else "(waiting for the engine's own lock)"
