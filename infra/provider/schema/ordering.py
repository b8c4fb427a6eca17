"""Puts the steps of a plan in an order in which every statement finds what it needs."""

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from infra.provider.schema.identifiers import beside, home_in, local
from infra.provider.schema.model import Catalog, ObjectId
from infra.provider.schema.moves import moves, passed_on
from infra.provider.schema.steps import Step

_DELETES = (
    "eventtrigger",
    "publication",
    "rule",
    "trigger",
    "policy",
    "view",
    "statistics",
    "index",
    "constraint",
    "column",
    "table",
    "tsconfiguration",
    "tsdictionary",
    "cast",
    "operator",
    "aggregate",
    "function",
    "sequence",
    "composite",
    "domain",
    "range",
    "enum",
    "collation",
    "extension",
    "schema",
)
_MAKES = (
    "schema",
    "extension",
    "collation",
    "enum",
    "range",
    "domain",
    "composite",
    "attribute",
    "sequence",
    "table",
    "column",
    "constraint",
    "index",
    "function",
    "aggregate",
    "operator",
    "cast",
    "tsdictionary",
    "tsconfiguration",
    "view",
    "viewcolumn",
    "statistics",
    "trigger",
    "policy",
    "rule",
    "publication",
    "eventtrigger",
)
"""What goes and comes first where no dependency says otherwise."""

_WITH_A_RELATION_NAME = frozenset({"table", "view", "sequence", "index", "composite", "enum", "domain", "range"})
"""Kinds that share their names: one must be gone before another of that name comes."""


def ordered(
    steps: Sequence[Step], edges: Iterable[tuple[int, int]], wishes: Iterable[tuple[int, int]] = ()
) -> tuple[int, ...]:
    """Return the numbers of `steps`, sorted by what must come before what, ties by kind and then as given.

    Args:
        steps: those about one object in their right order.
        edges: pairs of numbers, the first of which comes first.
        wishes: further pairs, given up where they close a ring.
    """
    hard, soft = set(edges), set(wishes)
    followers: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    blockers = [[0, 0] for _ in steps]
    for pairs, firm in ((hard, True), (soft - hard, False)):
        for before, after in pairs:
            followers[before].append((after, firm))
            blockers[after][not firm] += 1
    ready = [(_rank(steps[number]), number) for number, count in enumerate(blockers) if count == [0, 0]]
    heapq.heapify(ready)
    done: list[int] = []
    waiting = {number for number, count in enumerate(blockers) if count != [0, 0]}
    while ready or waiting:
        if not ready:
            # A ring. What is merely mentioned may be missing; else in the usual order of kinds: PostgreSQL decides.
            freed = min(waiting, key=lambda number: (blockers[number][0] > 0, _rank(steps[number]), number))
            waiting.discard(freed)
            heapq.heappush(ready, (_rank(steps[freed]), freed))
        _, number = heapq.heappop(ready)
        done.append(number)
        for follower, firm in followers[number]:
            blockers[follower][not firm] -= 1
            if blockers[follower] == [0, 0] and follower in waiting:
                waiting.discard(follower)
                heapq.heappush(ready, (_rank(steps[follower]), follower))
    return tuple(done)


def _rank(step: Step) -> tuple[int, int]:
    if step.operation == "delete" or step.side == "old":
        return 0, _DELETES.index(step.object.kind)
    if step.object.kind == "constraint" and "FOREIGN KEY" in step.sql:
        return 2, 0
    # Row level security comes with its table, rights and comments after everything is there.
    return (3 if step.sql.startswith("COMMENT") else 2) if _is_remark(step) else 1, _MAKES.index(step.object.kind)


def precedence(steps: Sequence[Step], current: Catalog, desired: Catalog) -> frozenset[tuple[int, int]]:
    """Return which of `steps` must come before which: pairs of numbers.

    Args:
        steps: those about one object in their right order.
        current: its dependencies order what goes.
        desired: its dependencies order what comes.
    """
    let_go = frozenset(_let_go(steps, current, desired))
    turned_round = {(second, first) for first, second in let_go}
    found = ((first, second) for first, second in _pairs(steps, current, desired) if first != second)
    return frozenset(pair for pair in found if pair not in turned_round) | let_go


def _pairs(steps: Sequence[Step], current: Catalog, desired: Catalog) -> Iterator[tuple[int, int]]:
    touching: dict[str, list[int]] = defaultdict(list)
    for number, step in enumerate(steps):
        for item in {step.object, *step.covers}:
            touching[str(item)].append(number)
    for numbers in touching.values():
        yield from pairwise(numbers)
    yield from _before_going(steps, touching, current.dependencies)
    yield from _before_coming(steps, touching, desired.dependencies)
    for number, step in enumerate(steps):
        for item in step.after:
            yield from ((other, number) for other in touching.get(str(item), ()) if steps[other].operation != "delete")
    yield from _names_made_free(steps, current, {*current.others, *desired.others})
    yield from _bounds_made_free(steps, current, desired)
    yield from _keys_gone(steps, current, desired)


Edges = Iterable[tuple[str, str]]
Touching = Mapping[str, list[int]]


def _before_going(steps: Sequence[Step], touching: Touching, edges: Edges) -> Iterator[tuple[int, int]]:
    """A dependent goes before what it leans on goes or changes; one that stays lets go of it first."""
    for dependent, referenced in edges:
        leaving = touching.get(dependent, [])
        # One that is made again lets go by going: what is done to it afterwards has no say.
        deletes = [number for number in leaving if steps[number].operation == "delete"]
        # A default dropped by a step of its own is what let go of a function or sequence.
        defaults = [number for number in leaving if steps[number].side == "old"]
        calls = referenced.startswith(("function ", "sequence "))
        for first in (calls and defaults) or deletes or leaving:
            for second in touching.get(referenced, ()):
                kinds = (steps[first].operation, steps[second].operation)
                goes = kinds in (("delete", "delete"), ("delete", "update"), ("update", "delete"))
                if goes and steps[first].side != "new" and steps[second].side != "old":
                    yield first, second


def _before_coming(steps: Sequence[Step], touching: Touching, edges: Edges) -> Iterator[tuple[int, int]]:
    """What an object leans on is made or changed before the object is."""
    for dependent, referenced in edges:
        coming = touching.get(dependent, [])
        # A default set by a step of its own is what calls a function or sequence: the column's type can do without.
        defaults = [number for number in coming if steps[number].side == "new"]
        if referenced.startswith(("function ", "sequence ")) and defaults:
            coming = defaults
        for second in coming:
            for first in touching.get(referenced, ()):
                turned_round = ObjectId.parse(dependent) in steps[first].after
                comes = "delete" not in (steps[first].operation, steps[second].operation)
                # No one waits for these: they add nothing that another object could lean on.
                idle = steps[first].side == "new" or _sets_default(steps[first]) or _is_remark(steps[first])
                if comes and steps[second].side != "old" and not idle and not turned_round:
                    yield first, second


def _keys_gone(steps: Sequence[Step], current: Catalog, desired: Catalog) -> Iterator[tuple[int, int]]:
    """A foreign key takes any key that fits: what goes of the table it points at goes before it comes."""
    keys = {
        ObjectId("constraint", f"{name}.{part}"): name
        for name, table in current.tables.items()
        for part, constraint in table.constraints.items()
        if constraint.kind in ("primary", "unique")
    }
    keys |= {ObjectId("index", part): name for name, table in current.tables.items() for part in table.indexes}
    foreign = {
        ObjectId("constraint", f"{name}.{part}"): constraint.references
        for name, table in desired.tables.items()
        for part, constraint in table.constraints.items()
        if constraint.references
    }
    gone: dict[str, list[int]] = defaultdict(list)
    for number, step in enumerate(steps):
        if step.operation == "delete" and step.object in keys:
            gone[keys[step.object]].append(number)
    for number, step in enumerate(steps):
        if step.operation == "create" and step.object in foreign:
            yield from ((other, number) for other in gone[foreign[step.object] or ""])


def _home_of(catalog: Catalog, item: ObjectId) -> str:
    """Return the table that a constraint or index is on, empty if none has it."""
    if item.kind == "constraint":
        return home_in(item.name, catalog.others)
    return next((name for name, table in catalog.tables.items() if item.name in table.indexes), "")


def _let_go(steps: Sequence[Step], current: Catalog, desired: Catalog) -> Iterator[tuple[int, int]]:
    """A partition is detached before its part of an index of its parent, or a column of it, can be dropped."""
    parts = {
        ObjectId("constraint", f"{name}.{local(share.name)}") if share.kind else ObjectId("index", share.name): name
        for name, shares in current.shares.items()
        for share in shares
    }
    detached = {
        step.object.name: number
        for number, step in enumerate(steps)
        if " DETACH PARTITION " in step.sql and moves(current, desired, step.object.name)
    }
    leaving: dict[str, list[int]] = defaultdict(list)
    for name, number in detached.items():
        moving = current.tables[name]
        parts |= {ObjectId("constraint", f"{name}.{part}"): name for part in passed_on(current, moving)}
        if moving.partition:
            leaving[moving.partition.parent].append(number)
    for number, step in enumerate(steps):
        if step.operation == "delete" and parts.get(step.object) in detached:
            yield detached[parts[step.object]], number
        elif step.operation == "delete" and step.object.kind == "column":
            if (table := home_in(step.object.name, current.others)) in detached:
                yield detached[table], number
        elif step.operation == "delete" and step.object.kind in ("constraint", "index"):
            # What the parent loses, the partition still has: it is listed as its own.
            home = _home_of(current, step.object)
            yield from ((detach, number) for detach in leaving.get(home, ()))


def _bounds_made_free(steps: Sequence[Step], current: Catalog, desired: Catalog) -> Iterator[tuple[int, int]]:
    """A partition leaves before another comes that may take its bound."""
    left: dict[str, list[int]] = defaultdict(list)
    came: dict[str, list[int]] = defaultdict(list)
    for number, step in enumerate(steps):
        if step.object.kind != "table":
            continue
        before, after = (side.tables.get(step.object.name) for side in (current, desired))
        if before and before.partition and (step.operation == "delete" or " DETACH PARTITION " in step.sql):
            left[before.partition.parent].append(number)
        if after and after.partition and (step.operation == "create" or " ATTACH PARTITION " in step.sql):
            came[after.partition.parent].append(number)
    for parent, leaving in left.items():
        yield from ((first, second) for first in leaving for second in came[parent])


def _sets_default(step: Step) -> bool:
    """Say whether a step only gives a column another default: a view that waited for it would come after its table."""
    return step.object.kind == "column" and " SET DEFAULT " in step.sql


def _is_remark(step: Step) -> bool:
    """Say whether a step changes nothing that another object could lean on."""
    return step.sql.startswith(("GRANT", "REVOKE", "COMMENT"))


def _names_made_free(steps: Sequence[Step], current: Catalog, schemas: Collection[str]) -> Iterator[tuple[int, int]]:
    freed: dict[str, list[int]] = defaultdict(list)
    for number, step in enumerate(steps):
        for name in step.frees:
            freed[name].append(number)
        if step.operation == "delete":
            for item in {step.object, *step.covers}:
                freed[_relation_name(item, schemas)].append(number)
        elif step.sql.endswith(" DROP IDENTITY"):
            freed[_sequence_of(step.object, current)].append(number)
    for number, step in enumerate(steps):
        for name in step.takes:
            yield from ((other, number) for other in freed.get(name, ()) if steps[other].object != step.object)
        if step.operation == "create":
            for item in {step.object, *step.covers}:
                # A type made anew is renamed aside first: its name is free before the old one is dropped.
                others = freed.get(_relation_name(item, schemas), ())
                yield from ((other, number) for other in others if steps[other].object != step.object)


def _sequence_of(item: ObjectId, current: Catalog) -> str:
    """Return the sequence of an identity column."""
    table = home_in(item.name, current.others)
    column = item.name[len(table) + 1 :]
    identity = current.tables[table].columns[column].identity
    return beside(table, (identity and identity.name) or f"{local(table)}_{column}_seq")


def _relation_name(item: ObjectId, schemas: Collection[str]) -> str:
    if item.kind in _WITH_A_RELATION_NAME:
        return item.name
    if item.kind != "constraint":
        return str(item)
    # A primary key's, unique or exclusion constraint's index is a relation too.
    return beside(home_in(item.name, schemas), item.name.rpartition(".")[2])
