"""Tables: made whole with their columns and the constraints that can be written inline; their own properties."""

import re
from collections.abc import Iterator, Mapping

from infra.provider.schema.comparison import Comparison, both, pairs
from infra.provider.schema.errors import CannotPlan
from infra.provider.schema.hazards import Hazard, HazardName, Probe
from infra.provider.schema.identifiers import beside, local, quote
from infra.provider.schema.index_names import made_apart
from infra.provider.schema.kinds import attaching
from infra.provider.schema.kinds.columns import definition as column_definition
from infra.provider.schema.kinds.columns import detached_columns, drop_default, finishing_touches, with_inherited
from infra.provider.schema.kinds.storage_parameters import option_changes, settings
from infra.provider.schema.model import ObjectId, Table
from infra.provider.schema.moves import by_itself, moves, passed_on, taken_over
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, SHARE_UPDATE_EXCLUSIVE, Step

_KEY = re.compile(r"^(PRIMARY KEY|UNIQUE) ")


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield CREATE TABLE, DROP TABLE, and ALTER TABLE for what is the table's own."""
    yield from _untie(comparison)
    for name, old, new in pairs(comparison.old.tables, comparison.new.tables):
        if old is None and new is not None:
            yield from _create(comparison, name, new)
        elif new is None and old is not None:
            yield _drop(comparison, name)
    for name, before, after in both(comparison.old.tables, comparison.new.tables):
        yield from _alter(comparison, name, before, after)


def _create(comparison: Comparison, name: str, table: Table) -> Iterator[Step]:
    item = ObjectId("table", name)
    late = {
        own
        for part, value in table.columns.items()
        if value.default and comparison.leans_on_its_table(own := ObjectId("column", f"{name}.{part}"))
    }
    inline = {part: constraint for part, constraint in table.constraints.items() if is_inline(comparison, name, part)}
    covers = {item, *(ObjectId("column", f"{name}.{part}") for part in table.columns)} - late
    covers |= {ObjectId("constraint", f"{name}.{part}") for part in inline}
    if table.partition and made_apart(comparison.new, name):
        yield from attaching.create(comparison, name, inline, frozenset(covers))
    else:
        after = attaching.enums_in_bound(comparison.new, table)
        yield Step(item, "create", _statement(name, table, inline, late), covers=frozenset(covers), after=after)
    for part, column in table.columns.items():
        if table.partition is None:
            yield from finishing_touches(name, part, column, late=ObjectId("column", f"{name}.{part}") in late)
    yield from _properties(name, Table(columns={}), table)


def is_inline(comparison: Comparison, table: str, name: str) -> bool:
    """Say whether CREATE TABLE may carry a constraint.

    It is validated, no foreign key and no second key over the same columns, and needs nothing that needs the table.
    """
    constraint = comparison.new.tables[table].constraints[name]
    if constraint.kind == "foreign" or not constraint.validated or _is_a_second_key(comparison.new.tables[table], name):
        return False
    return not comparison.leans_on_its_table(ObjectId("constraint", f"{table}.{name}"))


def _is_a_second_key(table: Table, name: str) -> bool:
    """Say whether there is a key over the same columns: of two in one CREATE TABLE PostgreSQL makes the first alone."""
    wanted = _KEY.sub("", table.constraints[name].definition)
    same = [
        part
        for part, other in sorted(table.constraints.items(), key=lambda entry: entry[1].kind != "primary")
        if other.kind in ("primary", "unique") and _KEY.sub("", other.definition) == wanted
    ]
    return name in same[1:]


def _statement(name: str, table: Table, inline: Mapping[str, object], late: set[ObjectId]) -> str:
    kind = "UNLOGGED TABLE" if table.unlogged else "TABLE"
    constraints = [
        f"CONSTRAINT {quote(part)} {constraint.definition}"
        for part, constraint in table.constraints.items()
        if part in inline
    ]
    if table.partition:
        parts = constraints
        head = f"CREATE {kind} {quote(name)} PARTITION OF {quote(table.partition.parent)}"
        tail = f" {table.partition.bound}"
    else:
        columns = [
            column_definition(part, column, late=ObjectId("column", f"{name}.{part}") in late)
            for part, column in table.columns.items()
        ]
        parts, head, tail = columns + constraints, f"CREATE {kind} {quote(name)}", ""
        if not parts:
            head += " ()"
    body = " (\n    " + ",\n    ".join(parts) + "\n)" if parts else ""
    if table.partition_key:
        tail += f" PARTITION BY {table.partition_key}"
    if table.options:
        tail += f" WITH ({settings(table.options)})"
    return head + body + tail


def _untie(comparison: Comparison) -> Iterator[Step]:
    """Yield what cuts the rings among things that all go: foreign keys, and calls of functions that need the table."""
    gone = {name for name in comparison.old.tables if name not in comparison.new.tables}
    for name in sorted(gone):
        table = comparison.old.tables[name]
        for part, column in table.columns.items():
            if column.default and comparison.leans_on_its_table(ObjectId("column", f"{name}.{part}"), before=True):
                yield drop_default(name, part)
        for item in _cut(comparison, name):
            part = quote(item.name.removeprefix(f"{name}."))
            drop = f"ALTER TABLE {quote(name)} DROP CONSTRAINT {part}"
            sql = f"DROP POLICY {part} ON {quote(name)}" if item.kind == "policy" else drop
            yield Step(item, "delete", sql, ACCESS_EXCLUSIVE)


def _cut(comparison: Comparison, name: str) -> list[ObjectId]:
    """Return the constraints and policies of a table that goes which must go before it."""
    policies = (ObjectId("policy", f"{name}.{part}") for part in comparison.old.tables[name].policies)
    found = [item for item in policies if comparison.leans_on_its_table(item, before=True)]
    for part, constraint in comparison.old.tables[name].constraints.items():
        item, other = ObjectId("constraint", f"{name}.{part}"), constraint.references
        between_two_that_go = other is not None and other != name and other not in comparison.new.tables
        if between_two_that_go or comparison.leans_on_its_table(item, before=True):
            found.append(item)
    return found


def _drop(comparison: Comparison, name: str) -> Step:
    item = ObjectId("table", name)
    covers = {node.id for node in comparison.old_nodes.values() if node.inside == item} - {*_cut(comparison, name)}
    partition = comparison.old.tables[name].partition
    if partition and partition.parent in comparison.old.tables:  # its columns are listed with its parent
        covers |= {ObjectId("column", f"{name}.{part}") for part in comparison.old.tables[partition.parent].columns}
    what, columns = "drops the table", comparison.old.tables[name].columns
    heirs = [
        other
        for other, table in comparison.new.tables.items()
        if other not in comparison.old.tables and columns and table.columns.keys() == columns.keys()
    ]
    if heirs:
        what += f"; if it is {' or '.join(heirs)} now, write -- renamed-from: {name} on the line above that"
    hazard = Hazard(HazardName.DATA_LOSS, name, what, Probe(quote(name)))
    # A partitioned table's rows are counted once, through it; a partition's own drop counts its rows.
    return Step(item, "delete", f"DROP TABLE {quote(name)}", ACCESS_EXCLUSIVE, (hazard,), covers=frozenset(covers))


def _alter(comparison: Comparison, name: str, old: Table, new: Table) -> Iterator[Step]:
    item = ObjectId("table", name)
    if old.partition != new.partition:
        _require_columns_of_new_parent(comparison, name, old, new)
        if old.partition:
            yield Step(
                item,
                "update",
                f"ALTER TABLE {quote(old.partition.parent)} DETACH PARTITION {quote(name)}",
                ACCESS_EXCLUSIVE,
            )
        if new.partition:
            yield from _named_as_inherited(comparison, name, old)
            yield from _checked_as_inherited(comparison, name)
            yield from _shared_under_its_name(comparison, name)
            scan = Hazard(HazardName.LONG_LOCK, name, "checks the bound", Probe(quote(name)))
            attach = f"ALTER TABLE {quote(new.partition.parent)} ATTACH PARTITION {quote(name)} {new.partition.bound}"
            after = attaching.enums_in_bound(comparison.new, new)
            yield Step(item, "update", attach, ACCESS_EXCLUSIVE, (scan,), after=after)
    elif new.partition:
        yield from attaching.rename_parts(comparison, name)
    if old.unlogged != new.unlogged:
        word = "UNLOGGED" if new.unlogged else "LOGGED"
        rewrite = Hazard(HazardName.TABLE_REWRITE, name, f"SET {word}", Probe(quote(name)))
        yield Step(item, "update", f"ALTER TABLE {quote(name)} SET {word}", ACCESS_EXCLUSIVE, (rewrite,))
    for action in option_changes(*(_options(side, toast=False) for side in (old, new))):
        yield Step(item, "update", f"ALTER TABLE {quote(name)} {action}", SHARE_UPDATE_EXCLUSIVE)
    yield from _properties(name, old, new)
    # Without a column that needs it there is no TOAST table, and PostgreSQL drops what is said of it without a word.
    columns = frozenset(ObjectId("column", f"{name}.{part}") for part in new.columns)
    for action in option_changes(*(_options(side, toast=True) for side in (old, new))):
        yield Step(item, "update", f"ALTER TABLE {quote(name)} {action}", SHARE_UPDATE_EXCLUSIVE, after=columns)


def _options(table: Table, *, toast: bool) -> Mapping[str, str]:
    return {key: value for key, value in table.options.items() if key.startswith("toast.") is toast}


def _require_columns_of_new_parent(comparison: Comparison, name: str, old: Table, new: Table) -> None:
    """Refuse a partition that would need other columns between one parent and the next.

    Raises:
        CannotPlan: the parents' columns differ in name or type.
    """
    if not (old.partition and new.partition) or old.partition.parent == new.partition.parent:
        return
    before, after = (
        {part: (column.type, column.collation) for part, column in with_inherited(side, name).items()}
        for side in (comparison.old, comparison.new)
    )
    differing = ", ".join(sorted({part for part, _ in before.items() ^ after.items()}))
    if differing:
        raise CannotPlan(
            ObjectId("table", name),
            f"its parents {old.partition.parent} and {new.partition.parent} differ in {differing}",
            "Make it a table of its own with the new columns in one update, and a partition again in the next.",
        )


def _named_as_inherited(comparison: Comparison, name: str, old: Table) -> Iterator[Step]:
    """Yield the renames of NOT NULLs that become a parent's: a partition's own have its parent's names."""
    columns = detached_columns(comparison.old, name) if old.partition else old.columns
    for part, column in columns.items():
        usual = f"{local(name)}_{part}_not_null"
        before, after = column.not_null or usual, comparison.new.inherited_not_null.get(f"{name}.{part}", usual)
        if not column.nullable and before != after:
            sql = f"ALTER TABLE {quote(name)} RENAME CONSTRAINT {quote(before)} TO {quote(after)}"
            yield Step(ObjectId("table", name), "update", sql, ACCESS_EXCLUSIVE)


def _checked_as_inherited(comparison: Comparison, name: str) -> Iterator[Step]:
    """Yield the checks of the parent that a table lacks: without them it is not let in."""
    before, after = comparison.live.tables[name], comparison.new.tables[name]
    has = {**before.constraints, **passed_on(comparison.live, before)}
    parent = after.partition.parent if after.partition else ""
    at_hand = comparison.old.tables.get(parent)
    for part, check in passed_on(comparison.new, after).items():
        # One that the parent gets by this plan comes after its partitions, and is handed down to them.
        comes_later = at_hand is not None and part not in at_hand.constraints
        same = part in has and has[part].definition == check.definition
        if check.kind == "check" and not same and not comes_later:
            sql = f"ALTER TABLE {quote(name)} ADD CONSTRAINT {quote(part)} {check.definition}"
            scan = Hazard(HazardName.LONG_LOCK, name, "checks every row", Probe(quote(name)))
            yield Step(ObjectId("table", name), "update", sql, ACCESS_EXCLUSIVE, (scan,))


def _shared_under_its_name(comparison: Comparison, name: str) -> Iterator[Step]:
    """Yield the renames of indexes and keys that ATTACH is to take for parts of the parent's."""
    if not moves(comparison.live, comparison.new, name):
        return
    for part, share in taken_over(by_itself(comparison.live, name), comparison.new, name).items():
        if local(part) != local(share.name):
            alter = f"ALTER TABLE {quote(name)} RENAME CONSTRAINT" if share.kind else "ALTER INDEX"
            verb = "" if share.kind else "RENAME "
            sql = f"{alter} {quote(part)} {verb}TO {quote(local(share.name))}"
            yield Step(ObjectId("table", name), "update", sql, ACCESS_EXCLUSIVE)


def _properties(name: str, old: Table, new: Table) -> Iterator[Step]:
    """Yield what CREATE TABLE has no clause for: row level security and the replica identity."""
    item, alter = ObjectId("table", name), f"ALTER TABLE {quote(name)}"
    if old.rls.enabled != new.rls.enabled:
        action = "ENABLE" if new.rls.enabled else "DISABLE"
        hazards = () if new.rls.enabled else (Hazard(HazardName.RLS_WEAKENED, name, "row level security is disabled"),)
        yield Step(item, "update", f"{alter} {action} ROW LEVEL SECURITY", ACCESS_EXCLUSIVE, hazards)
    if old.rls.forced != new.rls.forced:
        action = "FORCE" if new.rls.forced else "NO FORCE"
        weaker = Hazard(HazardName.RLS_WEAKENED, name, "row level security no longer binds the table's owner")
        hazards = () if new.rls.forced else (weaker,)
        yield Step(item, "update", f"{alter} {action} ROW LEVEL SECURITY", ACCESS_EXCLUSIVE, hazards)
    if old.replica_identity != new.replica_identity:
        identity = new.replica_identity or "DEFAULT"
        after = _identity_index(name, identity)
        yield Step(item, "update", f"{alter} REPLICA IDENTITY {identity}", ACCESS_EXCLUSIVE, after=after)


def _identity_index(table: str, identity: str) -> frozenset[ObjectId]:
    index = identity.removeprefix("USING INDEX ").strip('"')
    if index == identity:
        return frozenset()
    return frozenset({ObjectId("index", beside(table, index)), ObjectId("constraint", f"{table}.{index}")})
