"""Fills a plan's hazards with live numbers: exact counts where they are quick, otherwise estimates that say so."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from infra.provider.schema.hazards import SPEED, Amount, Hazard, Probe, Work
from infra.provider.schema.identifiers import named
from infra.provider.schema.introspect import local_search_path, parameters, query
from infra.provider.schema.online.situation import Leaf, Situation
from infra.provider.schema.steps import Plan

if TYPE_CHECKING:
    import psycopg

STATEMENT_TIMEOUT = 2000
"""Milliseconds a count may take before an estimate takes its place."""


def measure(
    connection: "psycopg.Connection[Any]",
    plan: Plan,
    schema: str,
    extensions: str = "extensions",
    timeout: int = STATEMENT_TIMEOUT,
) -> Plan:
    """Return `plan` with numbers in its hazards; a hazard that concerns no row at all is gone.

    Changes nothing. Row level security can hide rows from the role that counts: where it does, only an empty file on
    disk counts as no rows, and anything else is an estimate, so that a loss is never overlooked.

    Args:
        connection: to the live database, before the plan is applied.
        plan: what `planning.plan` returned.
        schema: the managed schema.
        extensions: the schema the extensions live in.
        timeout: milliseconds for one count.
    """
    probes = {hazard.probe for hazard in plan.hazards if hazard.probe}
    with local_search_path(connection, schema, extensions):
        amounts = {probe: _amount(connection, probe, timeout) for probe in probes}
        worked_on = {hazard.probe.relation for hazard in plan.hazards if hazard.name in SPEED and hazard.probe}
        sizes = {relation: _size(connection, relation) for relation in worked_on}
    steps = (replace(step, hazards=tuple(_measured(step.hazards, amounts, sizes))) for step in plan.steps)
    return replace(plan, steps=tuple(steps))


def situation(
    connection: "psycopg.Connection[Any]", schema: str, extensions: str, small: int, others: Collection[str] = ()
) -> Situation:
    """Return what online planning must know of the schemas; relations that take at most `small` bytes are small."""
    known = parameters(schema, others)
    partitions: dict[str, list[Leaf]] = defaultdict(list)
    with local_search_path(connection, schema, extensions):
        row = connection.execute(query("situation", several=bool(others)), {**known, "small": small}).fetchone()
        for root, sql_name, name, partitioned, indexes in connection.execute(
            query("partitions", several=bool(others)), known
        ):
            partitions[root].append(Leaf(sql_name, named(name, others), partitioned, tuple(indexes)))
    names, watched = row or ((), False)
    found = {root: tuple(leaves) for root, leaves in partitions.items()}
    return Situation(frozenset(names), drops_concurrently=not watched, partitions=found)


def _measured(hazards: Iterable[Hazard], amounts: Mapping[Probe, Amount], sizes: Mapping[str, int]) -> Iterable[Hazard]:
    for hazard in hazards:
        amount = amounts[hazard.probe] if hazard.probe else None
        if amount is not None and amount.rows == 0 and amount.exact:
            continue
        if amount and hazard.probe and hazard.name in SPEED:
            size = sizes[hazard.probe.relation]
            amount = replace(amount, work=Work(size, size / SPEED[hazard.name]))
        yield replace(hazard, amount=amount)


def _size(connection: "psycopg.Connection[Any]", relation: str) -> int:
    row = connection.execute(query("size"), {"relation": relation}).fetchone()
    return int(row[0]) if row else 0


def _amount(connection: "psycopg.Connection[Any]", probe: Probe, timeout: int) -> Amount:
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

    try:
        with connection.transaction():
            visibility = _row(connection, query("visibility"), {"relation": probe.relation})
            if visibility["empty_on_disk"]:
                return Amount(0, unit=probe.unit)
            if visibility["sees_all_rows"]:
                connection.execute("SELECT set_config('statement_timeout', %s, true)", (str(timeout),))
                condition = f" WHERE {probe.condition}" if probe.condition else ""
                counted = _row(connection, f"SELECT count(*) AS rows FROM {probe.relation}{condition}", {})  # noqa: S608
                connection.execute("SELECT set_config('statement_timeout', '0', true)")
                return Amount(counted["rows"], unit=probe.unit)
    except psycopg.errors.QueryCanceled:
        pass
    except psycopg.Error:
        # The condition speaks of what the plan makes first, or fails on the data: there is no number to give.
        return Amount(None, exact=False, unit=probe.unit)
    return _estimate(connection, probe)


def _estimate(connection: "psycopg.Connection[Any]", probe: Probe) -> Amount:
    facts = {"relation": probe.relation, "column": probe.column}
    rows = _row(connection, query("estimate"), facts)["rows"]
    if rows is None or (probe.condition and probe.column is None):
        return Amount(None, exact=False, unit=probe.unit)
    return Amount(max(1, round(rows)), exact=False, unit=probe.unit)


def _row(connection: "psycopg.Connection[Any]", text: str, parameters: dict[str, Any]) -> dict[str, Any]:
    from psycopg.rows import dict_row  # noqa: PLC0415 - the driver is loaded only where it is used

    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(text, parameters or None).fetchone()
    return row or {}
