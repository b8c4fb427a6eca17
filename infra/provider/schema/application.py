"""One update from its plan to its last phase: checked under lock, written down phase by phase, read back at the end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from infra.provider.schema.applying import Applying
from infra.provider.schema.budget import Budget
from infra.provider.schema.castable import require_casts
from infra.provider.schema.changes import object_changes
from infra.provider.schema.current import Found, find
from infra.provider.schema.errors import ApplyFailed, CannotPlan, PartlyApplied, Refused, SchemaError
from infra.provider.schema.hazards import Hazard, HazardName
from infra.provider.schema.identifiers import quote
from infra.provider.schema.installable import require_installable
from infra.provider.schema.introspect import read_catalog
from infra.provider.schema.ledger import Ledger, Progress, write_ledger, write_progress
from infra.provider.schema.lock_rules import LockRules
from infra.provider.schema.measuring import STATEMENT_TIMEOUT, measure, situation
from infra.provider.schema.model import Catalog, ObjectId, fingerprint
from infra.provider.schema.online.locks import phase_locks
from infra.provider.schema.ownership import managed, owned
from infra.provider.schema.planning import plan
from infra.provider.schema.steps import Plan, Step, refusals
from infra.provider.schema.target import Target

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class Intent:
    """What an update is to reach, and what it may do on the way.

    Args:
        target: names the schema.
        desired: what the files describe.
        allow: `HAZARD:object` entries that may pass, or `all`.
        adopt: take over objects of our names that someone else made.
        rules: how long anyone may be kept waiting.
        prune: take everything in the schema for ours, so that what the files do not name goes.
        proven: the plan that was shown and proven: another one is not applied.
    """

    target: Target
    desired: Catalog
    allow: Sequence[str] = ()
    adopt: bool = False
    rules: LockRules = field(default_factory=LockRules)
    prune: bool = False
    proven: Plan | None = None


def found(connection: "psycopg.Connection[Any]", intent: Intent) -> Found:
    """Return the live schema as the plan starts from it.

    Raises:
        Collision: names of ours are taken and `adopt` is off.
        UnsupportedObject: something the engine does not model sits on one of our tables; with `prune`, anywhere.
    """
    return find(connection, intent.target, intent.desired, adopt=intent.adopt, prune=intent.prune)


def planned(connection: "psycopg.Connection[Any]", intent: Intent, current: Catalog) -> Plan:
    """Return the plan as things are now, without numbers.

    Raises:
        CannotPlan: a difference that no statement makes up in place.
    """
    target, desired = intent.target, intent.desired
    if current == desired:
        return Plan(current, desired)
    facts = situation(connection, target.schema, target.extensions_schema, intent.rules.small, current.others)
    made = plan(current, desired, target.schema, facts)
    if not made:
        _require_no_difference(current, desired)
    require_installable(connection, made)
    require_casts(connection, made, target.schema, target.extensions_schema)
    return made


def _require_no_difference(current: Catalog, desired: Catalog) -> None:
    """Refuse what is seen and would be passed over: an update that says there is nothing to do must be right."""
    for change in object_changes(current, desired):
        listed = ", ".join(change.paths) or change.operation
        raise CannotPlan(
            f"{change.kind} {change.name}",
            f"it differs from the files ({listed}), and this engine has no statement that makes it up",
            "Make it up by hand, and tell us: it is a mistake of ours",
        )


def ours_of(ledger: Ledger | None) -> frozenset[ObjectId]:
    """Return the objects that a ledger lists."""
    return ledger.objects if ledger else frozenset()


class Application:
    """Makes the live schema what the files describe.

    Args:
        connection: to the live database, as the owner, with no transaction open, and no other run beside it.
        intent: what to reach.
    """

    def __init__(self, connection: "psycopg.Connection[Any]", intent: Intent) -> None:
        self._connection = connection
        self._intent = intent
        self._applying = Applying(connection, intent.target, intent.rules)
        self._plan = self._uncounted = Plan(Catalog(), intent.desired)
        self._before: Ledger | None = None
        self._ours: frozenset[ObjectId] = frozenset()
        self._made_schema = False
        self._shared: frozenset[str] = frozenset()
        self._others: tuple[str, ...] = ()
        self._done = 0

    def run(self) -> Plan:
        """Apply everything, and return what was done.

        Raises:
            SchemaError: the connection's role is not the owner.
            Refused: dangerous hazards that are not allowed.
            Collision, CannotPlan, UnsupportedObject: as in `planned`.
            ForeignDependents, ApplyFailed: PostgreSQL refused a statement; nothing was changed.
            PartlyApplied: any of these after at least one of several phases: the next update finishes.
        """
        import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

        self._done = self._applying.in_transaction(self._first_phase)
        try:
            for phase in self._plan.phases[self._done :]:
                self._next_phase(phase)
                self._done += 1
        except (SchemaError, psycopg.Error) as error:
            if self._done == 0:
                raise
            raise PartlyApplied(error, self._done, len(self._plan.phases)) from error
        return self._plan

    def _first_phase(self) -> int:
        """Plan, and run the first phase in the same transaction: nothing comes between. Return how many are done."""
        self._require_owner()
        self._made_schema = self._make_schema()
        start = found(self._connection, self._intent)
        self._before, self._ours, self._others = start.ledger, start.ours, start.live.others
        self._shared = frozenset(name for name in start.live.schemas if ObjectId("schema", name) not in start.ours)
        self._uncounted = planned(self._connection, self._intent, start.current)
        self._require_proven(self._uncounted)
        self._plan = self._measured(self._uncounted)
        self._require_allowed(self._plan)
        phases = self._plan.phases
        if not phases:
            self._finish(None)
            return 0
        if phases[0][0].transactional:
            self._run_phase(phases[0], done=1)
            return 1
        self._note(0)
        return 0

    def _next_phase(self, phase: tuple[Step, ...]) -> None:
        done = self._done + 1
        if phase[0].transactional:
            self._applying.in_transaction(lambda: self._run_phase(phase, done=done))
            return
        self._applying.run_outside(phase[0])
        self._applying.in_transaction(lambda: self._close_phase(None, done))

    def _run_phase(self, phase: tuple[Step, ...], *, done: int) -> None:
        budget, locks = Budget(self._connection, self._intent.rules, phase), phase_locks(self._plan, phase)
        if self._loses_unless_empty(phase[0].phase):
            self._applying.lock(locks, phase[0], budget)
            self._require_no_loss(phase[0].phase, budget)
            locks = {}
        self._applying.run(phase, budget, locks)
        self._close_phase(budget, done)

    def _close_phase(self, budget: Budget | None, done: int) -> None:
        if done == len(self._plan.phases):
            self._finish(budget)
        else:
            self._note(done)

    def _require_owner(self) -> None:
        owner = self._intent.target.owner
        row = self._connection.execute("SELECT current_user").fetchone()
        if row and row[0] != owner:
            raise SchemaError(
                f"connected as {row[0]}, but what the plan makes must belong to {owner}: connect as {owner}."
            )

    def _make_schema(self) -> bool:
        schema = self._intent.target.schema
        row = self._connection.execute("SELECT to_regnamespace(quote_ident(%s)) IS NULL", (schema,)).fetchone()
        if row and row[0]:
            self._connection.execute(f"CREATE SCHEMA {quote(schema)}".encode())
            return True
        return False

    def _require_proven(self, made: Plan) -> None:
        proven = self._intent.proven
        if proven is not None and made.sql != proven.sql:
            raise SchemaError(
                "the live schema changed since the plan was made and proven; nothing was changed. Run it again."
            )

    def _measured(self, counted: Plan, timeout: int = STATEMENT_TIMEOUT) -> Plan:
        target = self._intent.target
        return measure(self._connection, counted, target.schema, target.extensions_schema, timeout)

    def _require_allowed(self, measured: Plan) -> None:
        if stopped := refusals(measured, [*self._intent.allow]):
            raise Refused(stopped)

    def _loses_unless_empty(self, phase: int) -> Plan:
        """Return the steps of a phase with those hazards that passed because there is nothing to lose."""
        allow = self._intent.allow
        steps = (step for step in self._uncounted.steps if step.phase == phase and "all" not in allow)
        losing = (replace(step, hazards=tuple(_losses(step, allow))) for step in steps)
        return replace(self._uncounted, steps=tuple(step for step in losing if step.hazards))

    def _require_no_loss(self, phase: int, budget: Budget) -> None:
        """Count once more, when no row can come in any more."""
        counted = self._measured(self._loses_unless_empty(phase), min(STATEMENT_TIMEOUT, budget.left // 2))
        self._require_allowed(counted)

    def _note(self, done: int) -> None:
        desired = self._intent.desired
        progress = Progress(fingerprint(desired), done, len(self._plan.phases))
        schema = self._intent.target.schema
        write_progress(self._connection, schema, owned(desired, self._shared), progress, made_schema=self._made_schema)

    def _finish(self, budget: Budget | None) -> None:
        """Look once more before the commit: what the planner did not see must not pass as done."""
        target, desired, before = self._intent.target, self._intent.desired, self._before
        if self._plan:
            if budget:
                budget.before(blocking=False)
            live = read_catalog(self._connection, target.schema, target.extensions_schema, self._others)
            left = object_changes(managed(live, self._ours, desired), desired)
            if left:
                listed = ", ".join(
                    f"{change.kind} {change.name} ({', '.join(change.paths) or change.operation})" for change in left
                )
                raise ApplyFailed("(all of the plan)", f"after the plan these still differ from the files: {listed}")
        wanted, ours = fingerprint(desired), owned(desired, self._shared)
        known = before is not None and (before.fingerprint, before.objects, before.progress) == (wanted, ours, None)
        if self._plan or not known:
            write_ledger(self._connection, target.schema, ours, wanted, made_schema=self._made_schema)


def _losses(step: Step, allow: Sequence[str]) -> Iterator[Hazard]:
    return (hazard for hazard in step.hazards if hazard.name is HazardName.DATA_LOSS and hazard.key not in allow)
