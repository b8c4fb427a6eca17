"""The schema engine in five verbs: read the files, read the server, plan, apply, take away.

desired = desired_catalog(folder, target, cache)
preview = preview_changes(connection, target, desired.catalog)
apply_changes(connection, target, desired.catalog, allow=["DATA_LOSS:agent_registry.region"])
drop_all(connection, target)
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from infra.provider.schema.application import Application, Intent, found, ours_of, planned
from infra.provider.schema.applying import Applying
from infra.provider.schema.budget import Budget
from infra.provider.schema.changes import (
    DisplayedObject,
    ObjectChange,
    displayed_objects,
    object_changes,
)
from infra.provider.schema.desired import Desired, desired_catalog
from infra.provider.schema.errors import (
    ApplyFailed,
    CannotPlan,
    Collision,
    ForeignDependents,
    PartlyApplied,
    Refused,
    SchemaError,
    ScratchUnavailable,
    SourceError,
    SourceErrors,
    UnsupportedObject,
)
from infra.provider.schema.hazards import Hazard, HazardName
from infra.provider.schema.identifiers import quote
from infra.provider.schema.introspect import read_catalog
from infra.provider.schema.ledger import Ledger, Progress, forget, read_ledger
from infra.provider.schema.lock_rules import LockRules
from infra.provider.schema.measuring import measure
from infra.provider.schema.model import Catalog, ObjectId, fingerprint
from infra.provider.schema.online.locks import phase_locks
from infra.provider.schema.only_run import only_run
from infra.provider.schema.ownership import managed, schemas_beside, shared_now
from infra.provider.schema.planning import plan
from infra.provider.schema.schema_rights import remembered_revocations, remembered_schemas
from infra.provider.schema.steps import Plan, Refusal, Step, refusals
from infra.provider.schema.target import ServerFacts, Target, server_facts

if TYPE_CHECKING:
    import psycopg

__all__ = [
    "ApplyFailed",
    "CannotPlan",
    "Catalog",
    "Collision",
    "Desired",
    "DisplayedObject",
    "ForeignDependents",
    "Hazard",
    "HazardName",
    "Ledger",
    "LockRules",
    "ObjectChange",
    "PartlyApplied",
    "Plan",
    "Preview",
    "Progress",
    "Refusal",
    "Refused",
    "SchemaError",
    "ScratchUnavailable",
    "ServerFacts",
    "SourceError",
    "SourceErrors",
    "Step",
    "Target",
    "UnsupportedObject",
    "apply_changes",
    "desired_catalog",
    "displayed_objects",
    "drop_all",
    "fingerprint",
    "managed_live",
    "object_changes",
    "plan",
    "preview_changes",
    "read_catalog",
    "read_ledger",
    "refusals",
    "server_facts",
]


@dataclass(frozen=True)
class Preview:
    """What applying would do.

    Args:
        current: what is ours in the live schema now.
        plan: the steps, measured.
        changes: the same object by object.
        refused: the hazards that would stop it.
        ours: the objects that count as ours beside those the files name.
        foreign: the objects of the schema that are not ours and stay as they are.
    """

    current: Catalog
    plan: Plan
    changes: list[ObjectChange]
    refused: list[Refusal]
    ours: frozenset[ObjectId]
    foreign: list[ObjectId]


def managed_live(connection: "psycopg.Connection[Any]", target: Target, desired: Catalog | None = None) -> Catalog:
    """Return what is ours in the live schema.

    Args:
        connection: to the live database; reading is enough.
        target: names the schema.
        desired: what the files describe; None takes the ledger's word alone, as for a refresh.

    Raises:
        UnsupportedObject: something the engine does not model sits on one of our tables.
    """
    ours = ours_of(read_ledger(connection, target.schema))
    described = desired or Catalog(revoked=remembered_revocations(ours), schemas=remembered_schemas(ours))
    others = schemas_beside(target, described, ours)
    return managed(read_catalog(connection, target.schema, target.extensions_schema, others), ours, described)


def preview_changes(
    connection: "psycopg.Connection[Any]",
    target: Target,
    desired: Catalog,
    allow: list[str] | None = None,
    *,
    adopt: bool = False,
    rules: LockRules | None = None,
    prune: bool = False,
) -> Preview:
    """Return what `apply_changes` would do now, with live numbers; changes nothing.

    Args:
        connection: to the live database, as the owner.
        target: names the schema.
        desired: what the files describe.
        allow: `HAZARD:object` entries that may pass, or `all`.
        adopt: take over objects of our names that someone else made.
        rules: how long anyone may be kept waiting; None for the defaults.
        prune: take everything in the schema for ours, so that what the files do not name goes.

    Raises:
        Collision: names of ours are taken and `adopt` is off.
        CannotPlan: a difference that no statement makes up in place.
        UnsupportedObject: something the engine does not model sits on one of our tables; with `prune`, anywhere.
    """
    intent = Intent(target, desired, allow or [], adopt, rules or LockRules(), prune)
    with connection.transaction():
        start = found(connection, intent)
        made = planned(connection, intent, start.current)
        measured = measure(connection, made, target.schema, target.extensions_schema)
    changes = object_changes(start.current, desired)
    return Preview(start.current, measured, changes, refusals(measured, allow or []), start.ours, start.foreign)


def apply_changes(  # noqa: PLR0913 - what a user may say about a plan
    connection: "psycopg.Connection[Any]",
    target: Target,
    desired: Catalog,
    allow: list[str] | None = None,
    *,
    adopt: bool = False,
    rules: LockRules | None = None,
    prune: bool = False,
    proven: Plan | None = None,
) -> Plan:
    """Make the live schema what the files describe, phase by phase, and return what was done.

    The plan is made anew in the transaction of the first phase, the values that a phase loses are counted under a lock
    on their tables, and the result is read back and compared before the last phase commits. A plan of one phase is done
    whole or not at all; of a plan of several each phase is, and an update after that goes on where it stopped.

    Args:
        connection: to the live database, as the owner, with no transaction open.
        target: names the schema.
        desired: what the files describe.
        allow: `HAZARD:object` entries that may pass, or `all`.
        adopt: take over objects of our names that someone else made.
        rules: how long anyone may be kept waiting; None for the defaults.
        prune: take everything in the schema for ours, so that what the files do not name goes.
        proven: the plan that was shown and proven: another one is not applied.

    Raises:
        SchemaError: the connection's role is not `target.owner`; the plan is no longer the proven one.
        Refused: dangerous hazards that `allow` does not list.
        Collision, CannotPlan, UnsupportedObject: as in `preview_changes`.
        ForeignDependents, ApplyFailed: PostgreSQL refused a statement; nothing was changed.
        PartlyApplied: any of these after the first of several phases.
    """
    rules = rules or LockRules()
    with only_run(connection, target.schema, rules):
        return Application(connection, Intent(target, desired, allow or [], adopt, rules, prune, proven)).run()


def drop_all(
    connection: "psycopg.Connection[Any]", target: Target, rules: LockRules | None = None, *, first: str = ""
) -> Plan:
    """Drop everything that is ours in the schema, and what we remember of it, in one transaction; return what was done.

    Other people's objects stay. A schema goes if we made it and nothing is left in it.

    Args:
        connection: to the live database, as the owner, with no transaction open.
        target: names the schema.
        rules: how long anyone may be kept waiting; None for the defaults.
        first: a function of the schema without arguments, `f()`, that takes back what others of it did elsewhere:
            called in the same transaction where it is there and ours.

    Raises:
        ForeignDependents: something that is not ours needs something of ours; nothing was dropped.
        ApplyFailed: PostgreSQL refused a statement; nothing was dropped.
    """

    rules = rules or LockRules()
    applying = Applying(connection, target, rules)

    def work() -> Plan:
        ledger = read_ledger(connection, target.schema)
        ours = ours_of(ledger)
        others = schemas_beside(target, Catalog(), ours)
        live = read_catalog(connection, target.schema, target.extensions_schema, others)
        current = managed(replace(live, unsupported=()), ours - shared_now(live, ours), Catalog())
        planned = plan(current, Catalog(), target.schema)
        budget = Budget(connection, rules, planned.steps)
        if first in current.functions:
            applying.call(ObjectId("function", first), budget)
        applying.run_at_once(planned.steps, budget, phase_locks(planned, planned.steps))
        forget(connection, target.schema)
        if ledger and ledger.made_schema and _is_empty(connection, target.schema):
            connection.execute(f"DROP SCHEMA {quote(target.schema)}".encode())
        return planned

    with only_run(connection, target.schema, rules):
        return applying.in_transaction(work)


def _is_empty(connection: "psycopg.Connection[Any]", schema: str) -> bool:
    row = connection.execute(
        "SELECT NOT EXISTS (SELECT FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass "
        "AND refobjid = to_regnamespace(quote_ident(%s)))",
        (schema,),
    ).fetchone()
    return bool(row and row[0])
