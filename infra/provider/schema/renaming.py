"""Renames that the files declare: the first steps of a plan, and the current state as it is after them."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from infra.provider.schema.errors import CannotPlan
from infra.provider.schema.hazards import Hazard, Probe
from infra.provider.schema.identifiers import IDENTIFIER, Name, Part, beside, home_in, literal, local, quote
from infra.provider.schema.model import TOP_LEVEL, Catalog, ObjectId, Rename
from infra.provider.schema.online.situation import Situation
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, NO_LOCK, SHARE_UPDATE_EXCLUSIVE, Step

_PARTS = {"column": "columns", "constraint": "constraints", "policy": "policies", "trigger": "triggers"}
_WORD = re.compile(IDENTIFIER)
_VERBATIM = frozenset({"body", "comment", "labels", "owner", "grants"})
"""Fields that hold no names that PostgreSQL changes by itself."""

_KEYED_BY_NAMES = frozenset({"functions", "aggregates", "operators", "casts", "rules"})
"""Fields whose keys hold the names of other objects: of types, of tables."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Renamed:
    """The current state after `done`, the renames that are still to be made, and their steps."""

    catalog: Catalog
    done: tuple[Rename, ...] = ()
    steps: tuple[Step, ...] = ()


def renamed(current: Catalog, desired: Catalog) -> Renamed:
    """Return `current` with the renames made that `desired` declares and that have not been made yet.

    A name that derives from a renamed one (a key's, an index's, a serial column's sequence) follows it.

    Raises:
        CannotPlan: both names exist, or the files still describe the old one.
    """
    if not desired.renames:
        return Renamed(current)
    wanted = [rename for rename in _in_order(desired.renames) if _is_due(current, desired, rename)]
    if not wanted:
        return Renamed(current)
    work = _Work(current.to_json(), desired)
    for rename in wanted:
        work.make(rename)
    for rename in list(work.implied(wanted)):
        work.make(rename)
    work.respell(work.data, desired.to_json())
    work.part_names()
    steps = tuple(_step(rename, work) for rename in work.done)
    return Renamed(Catalog.from_json(work.data), tuple(work.done), steps)


def _in_order(renames: Iterable[Rename]) -> list[Rename]:
    """Put tables before what they hold, which is named by its table's new name, and functions after their types."""
    return sorted(renames, key=lambda rename: (rename.home != "", rename.kind == "function"))


def _is_due(current: Catalog, desired: Catalog, rename: Rename) -> bool:
    home = _home_before(desired.renames, rename, current)
    before = _names(current, rename.kind, home)
    if rename.old not in before:
        return False
    item = _subject(rename)
    if rename.new in before:
        raise CannotPlan(
            item,
            f"both {rename.old} and {rename.new} exist, so it can not be renamed from {rename.old}",
            "Remove the directive, or drop one of the two.",
        )
    if rename.old in _names(desired, rename.kind, rename.home):
        raise CannotPlan(
            item,
            f"the files describe {rename.old} as well, from which it is said to be renamed",
            "Remove the directive, or what the files say about the old name.",
        )
    return True


def _home_before(renames: Iterable[Rename], rename: Rename, current: Catalog) -> str:
    """Return the name that the home of a part has now."""
    if rename.home in current.tables or rename.home in current.composites or rename.home in current.enums:
        return rename.home
    return next((other.old for other in renames if not other.home and other.new == rename.home), rename.home)


def _names(catalog: Catalog, kind: str, home: str) -> frozenset[str]:
    if kind in _PARTS:
        homes = [side[home] for side in (catalog.tables, catalog.views) if home in side]
        return frozenset(name for value in homes for name in getattr(value, _PARTS[kind], ()))
    if kind == "attribute":
        return frozenset(catalog.composites[home].columns if home in catalog.composites else ())
    if kind == "label":
        return frozenset(catalog.enums[home].labels if home in catalog.enums else ())
    if kind == "index":
        return frozenset(
            name for side in (catalog.tables, catalog.views) for value in side.values() for name in value.indexes
        )
    if kind == "function":
        return frozenset(function.name for function in catalog.functions.values())
    return frozenset(getattr(catalog, TOP_LEVEL[kind]))


def _subject(rename: Rename) -> ObjectId:
    kind = "enum" if rename.kind == "label" else rename.kind
    if rename.kind == "label":
        return ObjectId(kind, rename.home)
    return ObjectId(kind, f"{rename.home}.{rename.new}" if rename.home else rename.new)


class _Work:
    """The current state as JSON, on its way through the renames."""

    def __init__(self, data: Json, desired: Catalog) -> None:
        self.data = data
        self.desired = desired
        self.done: list[Rename] = []
        self.signatures: dict[str, list[tuple[str, str]]] = {}
        self.words: dict[str, str] = {}

    def make(self, rename: Rename) -> None:
        """Give one object its new name, wherever it is a key."""
        self.done.append(rename)
        if rename.kind != "label":
            self.words[quote(local(rename.old))] = quote(local(rename.new))
        getattr(self, f"_{rename.kind}", self._top_level)(rename)

    def _top_level(self, rename: Rename) -> None:
        _rekey(self.data[TOP_LEVEL[rename.kind]], rename.old, rename.new)
        self._depend(rename.kind, rename.old, rename.new)

    def _table(self, rename: Rename) -> None:
        self._top_level(rename)
        _rekey(self.data.get("shares", {}), rename.old, rename.new)
        table = self.data["tables"][rename.new]
        if "partition" not in table:
            for name, column in table.get("columns", {}).items():
                self._keep_names(column, f"{local(rename.old)}_{name}")
        for kind in _PARTS:
            self._depend(kind, f"{rename.old}.", f"{rename.new}.", prefix=True)

    def _part(self, rename: Rename) -> None:
        for side in ("tables", "views"):
            home = self.data.get(side, {}).get(rename.home, {})
            if rename.old in home.get(_PARTS[rename.kind], {}):
                _rekey(home[_PARTS[rename.kind]], rename.old, rename.new)
        self._depend(rename.kind, f"{rename.home}.{rename.old}", f"{rename.home}.{rename.new}")

    def _column(self, rename: Rename) -> None:
        column = self.data["tables"].get(rename.home, {}).get("columns", {}).get(rename.old, {})
        self._keep_names(column, f"{local(rename.home)}_{rename.old}")
        self._part(rename)

    _policy = _trigger = _part

    def _constraint(self, rename: Rename) -> None:
        self._part(rename)
        self._index_of_parts(rename)

    def _keep_names(self, column: Json, stem: str) -> None:
        """Write down the usual names that were made from a table's and a column's: they do not follow a rename."""
        if column.get("nullable") is False and self.data.get("names_not_null"):
            column.setdefault("not_null", f"{stem}_not_null")
        if "identity" in column:
            column["identity"].setdefault("name", f"{stem}_seq")

    def _attribute(self, rename: Rename) -> None:
        _rekey(self.data["composites"][rename.home]["columns"], rename.old, rename.new)

    def _label(self, rename: Rename) -> None:
        enum = self.data["enums"][rename.home]
        enum["labels"] = [rename.new if label == rename.old else label for label in enum["labels"]]

    def _index(self, rename: Rename) -> None:
        for side in ("tables", "views"):
            for home in self.data.get(side, {}).values():
                if rename.old in home.get("indexes", {}):
                    _rekey(home["indexes"], rename.old, rename.new)
        self._depend("index", rename.old, rename.new)
        self._index_of_parts(rename)

    def _index_of_parts(self, rename: Rename) -> None:
        old, new = (name if rename.kind == "index" else beside(rename.home, name) for name in (rename.old, rename.new))
        for share in (share for shares in self.data.get("shares", {}).values() for share in shares):
            if share["parent"] == old:
                share["parent"] = new

    def part_names(self) -> None:
        """Note the names of partitions' parts of their parents' indexes that PostgreSQL would not give them now."""
        for partition, shares in self.data.get("shares", {}).items():
            wanted = {share.parent: share.name for share in self.desired.shares.get(partition, ())}
            other = {
                share["parent"]: share["name"]
                for share in shares
                if wanted.get(share["parent"], share["name"]) != share["name"]
            }
            if other and partition in self.data["tables"]:
                self.data["tables"][partition]["part_names"] = other

    def _function(self, rename: Rename) -> None:
        functions = self.data["functions"]
        for signature in [key for key, value in functions.items() if value["name"] == rename.old]:
            arguments = self._respelled(signature[signature.index("(") :])
            new = quote(rename.new) + arguments
            if new in self.desired.functions:
                now = quote(rename.old) + arguments
                self.signatures.setdefault(rename.old, []).append((functions[signature]["kind"], now))
                _rekey(functions, signature, new)
                functions[new]["name"] = rename.new
                self._depend("function", signature, new)

    def _depend(self, kind: str, old: str, new: str, *, prefix: bool = False) -> None:
        schemas = {*self.data.get("schemas", ()), *self.data.get("others", ())}

        def follow(name: str) -> str:
            start = f"{kind} {old}"
            if prefix and name.startswith(start) and not _is_beside(name.removeprefix(f"{kind} "), old[:-1], schemas):
                return f"{kind} {new}{name[len(start) :]}"
            return f"{kind} {new}" if name == start else name

        self.data["dependencies"] = [[follow(one), follow(two)] for one, two in self.data.get("dependencies", ())]

    def implied(self, wanted: Sequence[Rename]) -> Iterator[Rename]:
        """Yield the renames of what was named after something renamed, where the files expect the new name."""
        roots = [rename for rename in wanted if rename.kind in ("table", "column")]
        for rename in roots:
            home = rename.new if rename.kind == "table" else rename.home
            table, target = self.data["tables"].get(home, {}), self.desired.tables.get(home)
            if target is None:
                continue
            for kind, field in (("constraint", "constraints"), ("index", "indexes")):
                for name in list(table.get(field, {})):
                    if new := self._follower(name, rename, table[field], getattr(target, field)):
                        yield Rename(kind, name, new, home if kind == "constraint" else "")
            for name, sequence in list(self.data.get("sequences", {}).items()):
                owner = sequence.get("owned_by")
                if (
                    isinstance(owner, Part)
                    and owner.home in (home, rename.old)
                    and (new := self._follower(name, rename, self.data["sequences"], self.desired.sequences))
                ):
                    yield Rename("sequence", name, new)

    def _follower(self, name: str, rename: Rename, before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
        new = beside(name, local(name).replace(local(rename.old), local(rename.new), 1))
        return new if name not in after and new in after and new not in before else None

    def respell(self, before: Json, after: Json) -> None:
        """Take over the new names inside texts, wherever that gives exactly what the files describe."""
        # A view keeps the names of its columns: `mail` goes on as `email AS mail`.
        view = "definition" in before and before.get("columns", {}).keys() != after.get("columns", {}).keys()
        for key, value in before.items():
            target = after.get(key)
            if key in _VERBATIM or target is None or (view and key == "definition"):
                continue
            if isinstance(value, dict) and isinstance(target, dict):
                if key in _KEYED_BY_NAMES:
                    for name in [name for name in value if name not in target and self._respelled(name) in target]:
                        _rekey(value, name, self._respelled(name))
                self.respell(value, target)
            elif isinstance(value, str) and value != target and self._respelled(value) == target:
                before[key] = target

    def _respelled(self, text: str) -> str:
        return _WORD.sub(lambda match: self.words.get(match[0], match[0]), text)


def _is_beside(part: str, table: str, schemas: Collection[str]) -> bool:
    """Say whether a part that reads as one of `table` is one of another table, in a schema of that name."""
    home = home_in(part, schemas)
    return isinstance(home, Name) and home != table


def _rekey(mapping: Json, old: str, new: str) -> None:
    """Give a key another name at its place."""
    items = [(new if key == old else key, value) for key, value in mapping.items()]
    mapping.clear()
    mapping.update(items)


def _step(rename: Rename, work: _Work) -> Step:
    old, new, home = quote(rename.old), quote(local(rename.new)), quote(rename.home)
    lock = ACCESS_EXCLUSIVE
    if rename.kind in ("column", "constraint"):
        sql = f"ALTER TABLE {home} RENAME {rename.kind.upper()} {old} TO {new}"
    elif rename.kind in ("policy", "trigger"):
        sql = f"ALTER {rename.kind.upper()} {old} ON {home} RENAME TO {new}"
    elif rename.kind == "attribute":
        sql = f"ALTER TYPE {home} RENAME ATTRIBUTE {old} TO {new}"
    elif rename.kind == "label":
        lock, sql = NO_LOCK, f"ALTER TYPE {home} RENAME VALUE {literal(rename.old)} TO {literal(rename.new)}"
    elif rename.kind == "index":
        lock, sql = SHARE_UPDATE_EXCLUSIVE, f"ALTER INDEX {old} RENAME TO {new}"
    elif rename.kind == "function":
        renamings = (
            f"ALTER {kind} {signature} RENAME TO {new}" for kind, signature in work.signatures.get(rename.old, ())
        )
        lock, sql = NO_LOCK, ";\n".join(renamings)
    else:
        word = "TYPE" if rename.kind in ("enum", "composite", "range") else rename.kind.upper()
        if rename.kind == "view" and work.desired.views[rename.new].materialized:
            word = "MATERIALIZED VIEW"
        sql = f"ALTER {word} {old} RENAME TO {new}"
    return Step(_subject(rename), "update", sql, lock)


def after_renames(situation: Situation, renames: Sequence[Rename]) -> Situation:
    """Return the live facts under the names that come."""
    names = {rename.old: rename.new for rename in renames if rename.kind in ("table", "view")}
    return replace(
        situation,
        small=frozenset(names.get(name, name) for name in situation.small),
        partitions={names.get(name, name): leaves for name, leaves in situation.partitions.items()},
    )


def before_renames(steps: Iterable[Step], renames: Sequence[Rename]) -> Iterator[Step]:
    """Yield `steps` with their hazards counted where the rows are now: under the old names."""
    if not renames:
        yield from steps
        return
    tables = {quote(rename.new): quote(rename.old) for rename in renames if rename.kind in ("table", "view")}
    columns = {quote(rename.new): quote(rename.old) for rename in renames if rename.kind == "column"}
    for step in steps:
        yield replace(step, hazards=tuple(_before(hazard, tables, columns) for hazard in step.hazards))


def _before(hazard: Hazard, tables: Mapping[str, str], columns: Mapping[str, str]) -> Hazard:
    if hazard.probe is None:
        return hazard
    probe = hazard.probe
    condition = probe.condition and _WORD.sub(lambda match: columns.get(match[0], match[0]), probe.condition)
    return replace(hazard, probe=Probe(tables.get(probe.relation, probe.relation), condition, probe.column, probe.unit))
