"""Publications: tables, columns, filters and options change in place."""

from collections.abc import Iterator, Mapping

from infra.provider.schema.comparison import Comparison, Upheaval, both, pairs
from infra.provider.schema.identifiers import literal, quote
from infra.provider.schema.model import ObjectId, Publication
from infra.provider.schema.steps import SHARE_UPDATE_EXCLUSIVE, Step

_DEFAULTS = {
    "publish": "insert, update, delete, truncate",
    "publish_via_partition_root": "false",
    "publish_generated_columns": "none",
}


def upheavals(comparison: Comparison) -> Iterator[Upheaval]:
    """Yield the publications that begin or cease to publish all tables, or whole schemas."""
    for name, old, new in both(comparison.old.publications, comparison.new.publications):
        if _wholesale(old) != _wholesale(new):
            yield Upheaval(ObjectId("publication", name))


def _wholesale(publication: Publication) -> tuple[object, ...]:
    return publication.all_tables, publication.whole_schema, publication.whole_schemas


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield CREATE, ALTER and DROP PUBLICATION."""
    for name, old, new in pairs(comparison.old.publications, comparison.new.publications):
        item = ObjectId("publication", name)
        rebuilt = item in comparison.rebuilt
        if old and (new is None or rebuilt):
            yield Step(item, "delete", f"DROP PUBLICATION {quote(name)}")
        if new and (old is None or rebuilt):
            yield _create(item, new, comparison.schema)
        elif old and new:
            yield from _alter(item, old, new)


def _create(item: ObjectId, publication: Publication, schema: str) -> Step:
    what = ["ALL TABLES"] if publication.all_tables else _listed(publication.tables)
    wholes = [*([schema] if publication.whole_schema else []), *publication.whole_schemas]
    if wholes:
        what.append(f"TABLES IN SCHEMA {', '.join(map(quote, wholes))}")
    sql = f"CREATE PUBLICATION {quote(item.name)}" + (f" FOR {', '.join(what)}" if what else "")
    if publication.options:
        sql += f" WITH ({_settings(publication.options)})"
    return Step(item, "create", sql, SHARE_UPDATE_EXCLUSIVE, after=_tables(publication))


def _listed(tables: Mapping[str, str]) -> list[str]:
    return [f"TABLE {quote(table)} {detail}".rstrip() for table, detail in tables.items()]


def _tables(publication: Publication) -> frozenset[ObjectId]:
    return frozenset(ObjectId("table", table) for table in publication.tables)


def _settings(options: Mapping[str, str]) -> str:
    return ", ".join(f"{name} = {literal(value)}" for name, value in options.items())


def _alter(item: ObjectId, old: Publication, new: Publication) -> Iterator[Step]:
    alter = f"ALTER PUBLICATION {quote(item.name)}"
    if removed := [quote(table) for table in old.tables if table not in new.tables]:
        yield Step(item, "update", f"{alter} DROP TABLE {', '.join(removed)}", SHARE_UPDATE_EXCLUSIVE, side="old")
    changed = {table: detail for table, detail in new.tables.items() if old.tables.get(table, detail) != detail}
    added = {table: detail for table, detail in new.tables.items() if table not in old.tables or table in changed}
    if changed:
        yield Step(item, "update", f"{alter} DROP TABLE {', '.join(map(quote, changed))}", SHARE_UPDATE_EXCLUSIVE)
    if added:
        sql = f"{alter} ADD {', '.join(_listed(added))}"
        yield Step(item, "update", sql, SHARE_UPDATE_EXCLUSIVE, after=_tables(new))
    if old.options != new.options:
        back = {name: _DEFAULTS[name] for name in old.options if name not in new.options}
        changed = {name: value for name, value in new.options.items() if old.options.get(name) != value}
        yield Step(item, "update", f"{alter} SET ({_settings({**back, **changed})})")
