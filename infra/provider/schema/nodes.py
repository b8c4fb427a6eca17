"""Every object of a catalog, however deep, with the phrase by which SQL statements name it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.provider.schema.identifiers import quote
from infra.provider.schema.model import TOP_LEVEL, WHOLE, Catalog, Index, ObjectId, Table, Trigger, View


@dataclass(frozen=True)
class Node:
    """An object: `phrase` is what COMMENT ON takes, `inside` the table, view or type it lives in."""

    id: ObjectId
    phrase: str
    value: Any
    inside: ObjectId | None = None


def nodes(catalog: Catalog) -> Mapping[ObjectId, Node]:
    """Return every object of `catalog` by its identity."""
    return {node.id: node for node in _walk(catalog)}


def _walk(catalog: Catalog) -> Iterator[Node]:
    for name, schema in catalog.schemas.items():
        yield Node(ObjectId("schema", name), f"SCHEMA {quote(name)}", schema)
    for name, extension in catalog.extensions.items():
        yield Node(ObjectId("extension", name), f"EXTENSION {quote(name)}", extension)
    yield from _types(catalog)
    for name, sequence in catalog.sequences.items():
        yield Node(ObjectId("sequence", name), f"SEQUENCE {quote(name)}", sequence)
    for name, table in catalog.tables.items():
        yield from _table(name, table)
    for name, view in catalog.views.items():
        yield from _view(name, view)
    for name, function in catalog.functions.items():
        yield Node(ObjectId("function", name), f"{function.kind} {name}", function)
    yield from _whole(catalog)


def _types(catalog: Catalog) -> Iterator[Node]:
    for name, enum in catalog.enums.items():
        yield Node(ObjectId("enum", name), f"TYPE {quote(name)}", enum)
    for name, domain in catalog.domains.items():
        yield Node(ObjectId("domain", name), f"DOMAIN {quote(name)}", domain)
    for name, composite in catalog.composites.items():
        home = ObjectId("composite", name)
        yield Node(home, f"TYPE {quote(name)}", composite)
        for part, column in composite.columns.items():
            yield Node(ObjectId("attribute", f"{name}.{part}"), f"COLUMN {quote(name)}.{quote(part)}", column, home)


def _whole(catalog: Catalog) -> Iterator[Node]:
    for kind in WHOLE:
        for name, whole in getattr(catalog, TOP_LEVEL[kind]).items():
            on = ObjectId("view" if whole.home in catalog.views else "table", whole.home) if whole.home else None
            yield Node(ObjectId(kind, name), whole.phrase, whole, on)
    for name, publication in catalog.publications.items():
        yield Node(ObjectId("publication", name), f"PUBLICATION {quote(name)}", publication)


def _table(name: str, table: Table) -> Iterator[Node]:
    home = ObjectId("table", name)
    yield Node(home, f"TABLE {quote(name)}", table)
    for part, column in table.columns.items():
        yield Node(ObjectId("column", f"{name}.{part}"), f"COLUMN {quote(name)}.{quote(part)}", column, home)
    for part, constraint in table.constraints.items():
        yield Node(
            ObjectId("constraint", f"{name}.{part}"), f"CONSTRAINT {quote(part)} ON {quote(name)}", constraint, home
        )
    yield from _indexes(home, table.indexes)
    for part, policy in table.policies.items():
        yield Node(ObjectId("policy", f"{name}.{part}"), f"POLICY {quote(part)} ON {quote(name)}", policy, home)
    yield from _triggers(home, table.triggers)


def _view(name: str, view: View) -> Iterator[Node]:
    home = ObjectId("view", name)
    yield Node(home, f"{'MATERIALIZED VIEW' if view.materialized else 'VIEW'} {quote(name)}", view)
    for part, column in view.columns.items():
        yield Node(ObjectId("viewcolumn", f"{name}.{part}"), f"COLUMN {quote(name)}.{quote(part)}", column, home)
    yield from _indexes(home, view.indexes)
    yield from _triggers(home, view.triggers)


def _indexes(home: ObjectId, indexes: Mapping[str, Index]) -> Iterator[Node]:
    for name, index in indexes.items():
        yield Node(ObjectId("index", name), f"INDEX {quote(name)}", index, home)


def _triggers(home: ObjectId, triggers: Mapping[str, Trigger]) -> Iterator[Node]:
    for name, trigger in triggers.items():
        yield Node(
            ObjectId("trigger", f"{home.name}.{name}"), f"TRIGGER {quote(name)} ON {quote(home.name)}", trigger, home
        )
