"""The schema engine in five verbs: read the files, read the server, plan, apply, take away.

desired = desired_catalog(folder, target, cache)
preview = preview_changes(connection, target, desired.catalog)
apply_changes(connection, target, desired.catalog, allow=["DATA_LOSS:agent_registry.region"])
drop_all(connection, target)
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from infra.provider.schema.applying import in_one_transaction, run_steps
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
from infra.provider.schema.ledger import Ledger, forget, read_ledger, write_ledger
from infra.provider.schema.measuring import lock_for_loss, measure
from infra.provider.schema.model import Catalog, ObjectId, fingerprint
from infra.provider.schema.ownership import managed, owned, require_no_collision
from infra.provider.schema.planning import plan
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
    "ObjectChange",
    "Plan",
    "Preview",
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
    """What applying would do: `current` is what is ours now, `plan` is measured, `refused` would stop it."""

    current: Catalog
    plan: Plan
    changes: list[ObjectChange]
    refused: list[Refusal]


def managed_live(connection: "psycopg.Connection[Any]", target: Target, desired: Catalog | None = None) -> Catalog:
    """Return what is ours in the live schema.

    Args:
        connection: to the live database; reading is enough.
        target: names the schema.
        desired: what the files describe; None takes the ledger's word alone, as for a refresh.

    Raises:
        UnsupportedObject: something the engine does not model sits on one of our tables.
    """
    live = read_catalog(connection, target.schema, target.extensions_schema)
    return managed(live, _ours(read_ledger(connection, target.schema)), desired or Catalog())


def preview_changes(
    connection: "psycopg.Connection[Any]",
    target: Target,
    desired: Catalog,
    allow: list[str] | None = None,
    *,
    adopt: bool = False,
) -> Preview:
    """Return what `apply_changes` would do now, with live numbers; changes nothing.

    Args:
        connection: to the live database, as the owner.
        target: names the schema.
        desired: what the files describe.
        allow: `HAZARD:object` entries that may pass, or `all`.
        adopt: take over objects of our names that someone else made.

    Raises:
        Collision: names of ours are taken and `adopt` is off.
        CannotPlan: a difference that no statement makes up in place.
        UnsupportedObject: something the engine does not model sits on one of our tables.
    """
    with connection.transaction():
        current = _current(connection, target, desired, adopt=adopt)
        planned = plan(current, desired, target.schema)
        measured = measure(connection, planned, target.schema, target.extensions_schema)
    return Preview(current, measured, object_changes(current, desired), refusals(measured, allow or []))


def apply_changes(
    connection: "psycopg.Connection[Any]",
    target: Target,
    desired: Catalog,
    allow: list[str] | None = None,
    *,
    adopt: bool = False,
) -> Plan:
    """Make the live schema what the files describe, in one transaction with the ledger, and return what was done.

    The plan is made anew under the engine's lock, its losses counted under a lock on their tables, and the result
    read back and compared before the transaction commits.

    Args:
        connection: to the live database, as the owner, with no transaction open.
        target: names the schema.
        desired: what the files describe.
        allow: `HAZARD:object` entries that may pass, or `all`.
        adopt: take over objects of our names that someone else made.

    Raises:
        SchemaError: the connection's role is not `target.owner`.
        Refused: dangerous hazards that `allow` does not list.
        Collision, CannotPlan, UnsupportedObject: as in `preview_changes`.
        ForeignDependents, ApplyFailed: PostgreSQL refused a statement; nothing was changed.
    """

    def work() -> Plan:
        _require_owner(connection, target)
        ledger = read_ledger(connection, target.schema)
        made_schema = _make_schema(connection, target)
        current = _current(connection, target, desired, adopt=adopt)
        planned = plan(current, desired, target.schema)
        if planned:
            planned = _checked(connection, target, planned, allow or [])
            run_steps(connection, planned, target.schema, target.extensions_schema)
            _require_equal(connection, target, desired, _ours(ledger))
        wanted, ours = fingerprint(desired), owned(desired)
        if planned or ledger is None or (ledger.fingerprint, ledger.objects) != (wanted, ours):
            write_ledger(connection, target.schema, ours, wanted, made_schema=made_schema)
        return planned

    return in_one_transaction(connection, target.schema, work)


def drop_all(connection: "psycopg.Connection[Any]", target: Target) -> Plan:
    """Drop everything that is ours in the schema, and what we remember of it, in one transaction; return what was done.

    Other people's objects stay. The schema itself goes if we made it and nothing is left in it.

    Raises:
        ForeignDependents: something that is not ours needs something of ours; nothing was dropped.
        ApplyFailed: PostgreSQL refused a statement; nothing was dropped.
    """

    def work() -> Plan:
        ledger = read_ledger(connection, target.schema)
        live = read_catalog(connection, target.schema, target.extensions_schema)
        current = managed(replace(live, unsupported=()), _ours(ledger), Catalog())
        planned = plan(current, Catalog(), target.schema)
        run_steps(connection, planned, target.schema, target.extensions_schema)
        forget(connection, target.schema)
        if ledger and ledger.made_schema and _is_empty(connection, target.schema):
            connection.execute(f"DROP SCHEMA {quote(target.schema)}".encode())
        return planned

    return in_one_transaction(connection, target.schema, work)


def _ours(ledger: Ledger | None) -> frozenset[ObjectId]:
    return ledger.objects if ledger else frozenset()


def _current(connection: "psycopg.Connection[Any]", target: Target, desired: Catalog, *, adopt: bool) -> Catalog:
    ours = _ours(read_ledger(connection, target.schema))
    live = read_catalog(connection, target.schema, target.extensions_schema)
    require_no_collision(live, ours, desired, target.schema, adopt=adopt)
    return managed(live, ours, desired)


def _require_owner(connection: "psycopg.Connection[Any]", target: Target) -> None:
    row = connection.execute("SELECT current_user").fetchone()
    if row and row[0] != target.owner:
        raise SchemaError(
            f"connected as {row[0]}, but what the plan makes must belong to {target.owner}: connect as {target.owner}."
        )


def _make_schema(connection: "psycopg.Connection[Any]", target: Target) -> bool:
    row = connection.execute("SELECT to_regnamespace(quote_ident(%s)) IS NULL", (target.schema,)).fetchone()
    if row and row[0]:
        connection.execute(f"CREATE SCHEMA {quote(target.schema)}".encode())
        return True
    return False


def _checked(connection: "psycopg.Connection[Any]", target: Target, planned: Plan, allow: list[str]) -> Plan:
    lock_for_loss(connection, planned, target.schema)
    measured = measure(connection, planned, target.schema, target.extensions_schema)
    if stopped := refusals(measured, allow):
        raise Refused(stopped)
    return measured


def _require_equal(
    connection: "psycopg.Connection[Any]", target: Target, desired: Catalog, ours: frozenset[ObjectId]
) -> None:
    """Look once more before the commit: what the planner did not see must not pass as done."""
    live = read_catalog(connection, target.schema, target.extensions_schema)
    left = object_changes(managed(live, ours, desired), desired)
    if left:
        listed = ", ".join(
            f"{change.kind} {change.name} ({', '.join(change.paths) or change.operation})" for change in left
        )
        raise ApplyFailed("(all of the plan)", f"after the plan these still differ from the files: {listed}")


def _is_empty(connection: "psycopg.Connection[Any]", schema: str) -> bool:
    row = connection.execute(
        "SELECT NOT EXISTS (SELECT FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass "
        "AND refobjid = to_regnamespace(quote_ident(%s)))",
        (schema,),
    ).fetchone()
    return bool(row and row[0])
