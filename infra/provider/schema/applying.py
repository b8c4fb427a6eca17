"""Runs the statements of a plan: each phase in one transaction, or outside of any; again while it is blocked."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar

from infra.provider.schema.blockers import holders
from infra.provider.schema.budget import Budget
from infra.provider.schema.errors import ApplyFailed, CannotPlan, ForeignDependents
from infra.provider.schema.identifiers import Name, quote, schema_of
from infra.provider.schema.introspect import local_search_path, search_path
from infra.provider.schema.lock_rules import LockRules
from infra.provider.schema.model import ObjectId
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, Step
from infra.provider.schema.styles import READING, current, set_all

if TYPE_CHECKING:
    import psycopg

    from infra.provider.schema.target import Target

T = TypeVar("T")

SINCE_TRANSACTION_TIMEOUT = 170_000
"""The first server version that has transaction_timeout."""


class BlockedError(Exception):
    """A step could not have its locks in time: it may be tried again."""

    def __init__(self, step: Step, error: "psycopg.Error") -> None:
        self.step = step
        super().__init__(error.diag.message_primary or str(error))


class Applying:
    """A connection on which the phases of one update run.

    Args:
        connection: with no transaction open.
        target: names the schema.
        rules: how long anyone may be kept waiting.
    """

    def __init__(self, connection: "psycopg.Connection[Any]", target: "Target", rules: LockRules) -> None:
        self._connection = connection
        self._target = target
        self._rules = rules

    def in_transaction(self, work: Callable[[], T]) -> T:
        """Do `work` in one transaction; all of it again when a lock can not be had.

        Raises:
            ApplyFailed: no lock within all attempts.
        """
        import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

        def attempt() -> T:
            with self._connection.transaction():
                set_all(self._connection, {"lock_timeout": str(self._rules.timeout), **self._unlimited()})
                return work()

        try:
            return self._retried(attempt)
        except psycopg.errors.InsufficientPrivilege as error:
            raise ApplyFailed("(making the schema or the ledger)", _words(error)) from error

    def run(self, steps: Sequence[Step], budget: Budget, locks: Mapping[str, str]) -> None:
        """Run `steps` in the open transaction, within the time it may hold locks.

        Args:
            steps: of one phase.
            budget: the phase's.
            locks: what `phase_locks` says.

        Raises:
            ForeignDependents: something that is not ours needs what a step drops or changes.
            CannotPlan: there is no cast between a column's types, which only the server knows.
            ApplyFailed: PostgreSQL refused a statement for any other reason but a lock.
        """
        connection = self._connection
        with self._path():
            connection.execute("SELECT set_config('check_function_bodies', 'off', true)")
            for blocking, group in groupby(steps, key=lambda step: bool(step.blocks)):
                if not blocking and not budget.runs:
                    run_together(connection, list(group))
                    continue
                for step in group:
                    if set(step.blocks) & locks.keys():
                        self.lock(locks, step, budget)
                        locks = {}
                    with explained(step):
                        budget.before(blocking=blocking)
                        connection.execute(step.sql.encode())
                        if blocking:
                            budget.holds()

    def run_at_once(self, steps: Sequence[Step], budget: Budget, locks: Mapping[str, str]) -> None:
        """Run `steps` in the open transaction as `run` does, without waiting for the answer of each.

        For a plan that drops everything: no statement of it works on rows, and on a server that is far away the answers
        alone would use up the time.

        Raises:
            ForeignDependents, CannotPlan, ApplyFailed: as for `run`.
        """
        with self._path():
            if first := next((step for step in steps if set(step.blocks) & locks.keys()), None):
                self.lock(locks, first, budget)
            run_together(self._connection, steps)

    def call(self, function: ObjectId, budget: Budget) -> None:
        """Call a function of the schema that takes no arguments; it may hold locks on what lies outside from then on.

        Raises:
            BlockedError: it could not have one in time.
            ForeignDependents, ApplyFailed: it failed.
        """
        step = Step(function, "update", f"SELECT FROM {function.name}", ACCESS_EXCLUSIVE)
        with self._path(), explained(step):
            budget.before(blocking=True)
            self._connection.execute(step.sql.encode())
            budget.holds()

    def _path(self) -> AbstractContextManager[None]:
        """Have names looked up as in the plan, and constants read; rows are worked on in the database's own styles."""
        return local_search_path(self._connection, self._target.schema, self._target.extensions_schema, READING)

    def lock(self, locks: Mapping[str, str], step: Step, budget: Budget) -> None:
        """Take at once the locks that a phase would take one by one, so that none is waited for in the middle of work.

        Args:
            locks: table -> lock, in the order to take them.
            step: whose turn it is.
            budget: the phase's.

        Raises:
            BlockedError: one can not be had in time.
        """
        with explained(step):
            for table, mode in locks.items():
                budget.before(blocking=True)
                name = quote(table if schema_of(table) else Name(self._target.schema, table))
                self._connection.execute(f"LOCK TABLE ONLY {name} IN {mode} MODE".encode())
                budget.holds()

    def run_outside(self, step: Step) -> None:
        """Run a step that no transaction may hold; an index that a failed attempt left is dropped, and built again.

        Raises:
            ForeignDependents, ApplyFailed: as for `run`.
        """
        with self._session_settings():
            try:
                self._retried(lambda: self._attempt_outside(step))
            except ApplyFailed:
                self._drop_what_is_left(step)
                raise

    def _attempt_outside(self, step: Step) -> None:
        self._drop_what_is_left(step, insist=True)
        with explained(step):
            self._connection.execute(step.sql.encode())

    def _drop_what_is_left(self, step: Step, *, insist: bool = False) -> None:
        if step.leaves is None or self._connection.closed:
            return
        row = self._connection.execute(
            "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid)", (step.leaves,)
        ).fetchone()
        if row and row[0]:
            drop = replace(step, sql=f"DROP INDEX CONCURRENTLY {step.leaves}")
            try:
                with explained(drop):
                    self._connection.execute(drop.sql.encode())
            except BlockedError:
                if insist:
                    raise  # otherwise the next update drops it, as it does after a kill

    @contextmanager
    def _session_settings(self) -> Iterator[None]:
        settings = {
            "search_path": search_path(self._target.schema, self._target.extensions_schema),
            "lock_timeout": str(self._rules.timeout),
            **self._unlimited(),
            **READING,
        }
        before = current(self._connection, settings)
        set_all(self._connection, settings, local=False)
        try:
            yield
        finally:
            if not self._connection.closed:
                set_all(self._connection, before, local=False)

    def _unlimited(self) -> dict[str, str]:
        """Return the settings that let a statement take its time, whatever the role or the database has."""
        names = ["statement_timeout", "idle_in_transaction_session_timeout"]
        if self._connection.info.server_version >= SINCE_TRANSACTION_TIMEOUT:
            names.append("transaction_timeout")
        return dict.fromkeys(names, "0")

    def _retried(self, attempt: Callable[[], T]) -> T:
        for pause in self._rules.pauses:
            try:
                return attempt()
            except BlockedError:
                time.sleep(pause)
        try:
            return attempt()
        except BlockedError as error:
            raise self._given_up(error) from error

    def _given_up(self, error: BlockedError) -> ApplyFailed:
        step, target = error.step, self._target
        found = holders(self._connection, step, target.schema, target.extensions_schema)
        listed = "".join(f"\n  - {holder}" for holder in found) or " no one any more"
        held = f"Held at the end by:{listed}\n" if step.on else ""  # whose locks a function wants is not known
        return ApplyFailed(
            step.sql,
            f"no lock after {self._rules.retries + 1} attempts of {self._rules.timeout} ms: {error}\n"
            f"{held}"
            "Try again when they are done, end them, or raise lockTimeout or lockRetries.",
        )


def run_together(connection: "psycopg.Connection[Any]", steps: Sequence[Step]) -> None:
    """Run steps of one open transaction without waiting for the answer of each before the next is sent.

    Args:
        connection: in a transaction.
        steps: none of which is to be limited to what is left of some time: that would have to be looked at in between.

    Raises:
        BlockedError, ForeignDependents, CannotPlan, ApplyFailed: as for `explained`, about the step that failed.
    """
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

    sent: list[psycopg.Cursor[Any]] = []
    failure: psycopg.Error | None = None
    try:
        with connection.pipeline():
            try:
                sent.extend(connection.execute(step.sql.encode()) for step in steps)
            except psycopg.Error as error:
                failure = error  # what the end of the pipeline says after it is only that it was aborted
    except psycopg.Error as error:
        failure = failure or error
    if failure is not None:
        # Answers come in order: the first that is missing is the one that failed.
        done = next((number for number, cursor in enumerate(sent) if cursor.pgresult is None), len(sent))
        with explained(steps[min(done, len(steps) - 1)]):
            raise failure


@contextmanager
def explained(step: Step) -> Iterator[None]:
    """Turn PostgreSQL's refusal of a step into an error that names it.

    Raises:
        BlockedError: a lock stopped it: it may be tried again.
        ForeignDependents, CannotPlan, ApplyFailed: anything else did.
    """
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

    try:
        yield
    except (
        psycopg.errors.LockNotAvailable,
        psycopg.errors.DeadlockDetected,
        psycopg.errors.QueryCanceled,
    ) as error:
        raise BlockedError(step, error) from error
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
