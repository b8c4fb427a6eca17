"""Which part of the live schemas is ours to compare and change."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from infra.provider.schema.errors import Collision, UnsupportedObject
from infra.provider.schema.extension_ownership import pinned, pins, spared_by_prune
from infra.provider.schema.identifiers import beside, quote, schema_of
from infra.provider.schema.ledger import SHARED
from infra.provider.schema.model import MANAGED, TOP_LEVEL, WHOLE, Catalog, ObjectId, Publication, Whole
from infra.provider.schema.moves import with_partitions
from infra.provider.schema.schema_rights import context_ids, of_main, of_schema, prunable_ids
from infra.provider.schema.target import Target

_SHARED_NAMES = frozenset({"table", "view", "sequence", "composite", "enum", "domain", "range"})
"""Kinds of which only one may have a name, in the tool's own, slightly stricter, reading."""


def managed(live: Catalog, ours: Collection[ObjectId], desired: Catalog) -> Catalog:
    """Return of `live` what is ours: what the ledger lists or the files name.

    Partitions made at run time belong to their parent and are left out, as are other people's objects. What was added
    to one of our tables (a column, an index, a policy) is in, and so shows as a difference.

    Args:
        live: everything the schema holds.
        ours: the ledger's objects.
        desired: what the files describe.

    Raises:
        UnsupportedObject: something the engine does not model sits on one of our tables.
    """
    named = {item for item, _ in desired.objects()} | set(ours) | set(_renamed_from(live, desired))
    claimed = {*context_ids(desired), *ours}
    kept: dict[str, Any] = {
        attribute: {name: value for name, value in getattr(live, attribute).items() if ObjectId(kind, name) in named}
        for kind, attribute in TOP_LEVEL.items()
    }
    kept["extensions"] = pinned(kept["extensions"], ours, desired)
    homes = {*kept["tables"], *kept["views"]}
    for kind in WHOLE:
        here = getattr(live, TOP_LEVEL[kind])
        kept[TOP_LEVEL[kind]].update({name: value for name, value in here.items() if value.home in homes})
    kept["schemas"] = {name: of_schema(name, schema, claimed, desired) for name, schema in kept["schemas"].items()}
    kept |= of_main(live, claimed, desired)
    relations = {*kept["tables"], *kept["views"], *kept["sequences"]}
    on_ours = [item for item in live.unsupported if item.attached_to in relations]
    if on_ours:
        raise UnsupportedObject(on_ours, "the live schema")
    return replace(live, **kept, unsupported=())


def schemas_beside(target: Target, desired: Catalog, ours: Collection[ObjectId]) -> frozenset[str]:
    """Return the schemas beside the main one to look into: given, made by the files, or known to the ledger."""
    return frozenset({*target.also, *desired.schemas, *(item.name for item in ours if item.kind in ("schema", SHARED))})


def foreign(live: Catalog, ours: Collection[ObjectId], desired: Catalog) -> list[ObjectId]:
    """Return the objects of `live` that are not ours: they are left alone."""
    named = {item for item, _ in desired.objects()} | set(ours)
    elsewhere = {ObjectId("extension", name) for name, value in live.extensions.items() if not live.holds(value)}
    return sorted(item for item, _ in live.objects() if item not in named | elsewhere)


def foreign_names(live: Catalog, ours: Collection[ObjectId], desired: Catalog, schema: str) -> set[str]:
    """Return the names, as pg_dump's entries say them, of all that is not ours, its indexes and the like included.

    Those in another schema than the main one are qualified.
    """
    names: set[str] = set()
    for item in foreign(live, ours, desired):
        if item.kind == "extension":  # a dump of a schema has none
            continue
        names |= {item.name, item.name.partition("(")[0]}
        if item.kind in ("table", "view"):
            value = live.tables.get(item.name) or live.views[item.name]
            names |= {*value.indexes, *(beside(item.name, part) for part in getattr(value, "constraints", {}))}
    for unknown in live.unsupported:
        bare = unknown.identity.removeprefix(f"{quote(schema)}.")
        names |= {bare, bare.partition("(")[0]}
    return names


def cleared(target: Target, live: Catalog, desired: Catalog) -> frozenset[str]:
    """Return the schemas beside the main one that `prune` clears: those given, and this role's that the files make."""
    own = {name for name, schema in live.schemas.items() if not schema.owner}
    return frozenset({*target.also, *(own & desired.schemas.keys())})


def prunable(live: Catalog, desired: Catalog, also: Collection[str] = ()) -> frozenset[ObjectId]:
    """Return what `prune` counts as ours: everything in the main schema and in those that are ours whole, and those.

    Partitions made at run time are not. A partition counts as made at run time unless the files name it, or another
    one, a default apart, of the same parent, or part that otherwise. What is in no schema, as a cast is, must be about
    none but these.

    Args:
        live: everything the schemas hold.
        desired: what the files describe.
        also: the schemas beside the main one that are ours whole.
    """
    listed = {
        table.partition.parent
        for table in desired.tables.values()
        if table.partition and table.partition.bound != "DEFAULT"
    }
    stay = {
        name
        for name, table in live.tables.items()
        if name not in listed
        and name in desired.tables
        and desired.tables[name].partition_key == table.partition_key is not None
    }
    spared = with_partitions(live, stay) - stay
    # A publication of all tables, or of none yet, is about the database.
    spared |= {
        name
        for name, value in live.publications.items()
        if not (value.tables or value.whole_schema or value.whole_schemas)
    }
    spared -= {*desired.tables, *desired.publications}
    objects = (
        item
        for item, value in live.objects()
        if (item.kind not in ("table", "publication") or item.name not in spared)
        and _places(item, value, live) <= {None, *also}
    )
    return frozenset([*objects, *prunable_ids(live, also)]) - spared_by_prune(live, desired)


def _places(item: ObjectId, value: Any, live: Catalog) -> set[str | None]:
    """Return the schemas that an object is in, or that it is about if it is in none; None is the main one."""
    if item.kind == "schema":
        return {item.name}
    if item.kind == "extension":
        return {None if value.schema == MANAGED else value.schema}
    if isinstance(value, Publication):
        return {None, *value.whole_schemas, *map(schema_of, value.tables)}
    if item.kind in ("cast", "eventtrigger"):
        return {None, *(name for name in live.others if f"{quote(name)}." in value.definition)}
    if isinstance(value, Whole) and value.home:
        return {schema_of(value.home)}
    return {next((name for name in live.others if item.name.startswith(f"{quote(name)}.")), None)}


def owned(desired: Catalog, shared: Collection[str] = ()) -> frozenset[ObjectId]:
    """Return what the ledger must list once `desired` is applied: its objects, and its rights on schemas themselves.

    Args:
        desired: what the files describe.
        shared: the schemas that they make and that were there before: never ours to drop.
    """
    objects = (
        ObjectId(SHARED, item.name) if item.kind == "schema" and item.name in shared else item
        for item, _ in desired.objects()
    )
    return frozenset([*objects, *context_ids(desired), *pins(desired)])


def _renamed_from(live: Catalog, desired: Catalog) -> Iterator[ObjectId]:
    """Yield the objects that are there under a name from which the files say that one of theirs was renamed."""
    sources = {(rename.kind, rename.old) for rename in desired.renames if not rename.home}
    for item, value in live.objects():
        if (item.kind, getattr(value, "name", item.name)) in sources:
            yield item


def shared_now(live: Catalog, ours: Collection[ObjectId]) -> frozenset[ObjectId]:
    """Return the schemas beside the main one in which others have something: they stay when ours goes."""
    not_ours = {*foreign(live, ours, Catalog())}
    theirs = {place for item, value in live.objects() if item in not_ours for place in _places(item, value, live)}
    theirs |= {item.schema for item in live.unsupported}
    return frozenset(ObjectId("schema", name) for name in live.schemas if name in theirs)


def collisions(live: Catalog, ours: Collection[ObjectId], desired: Catalog) -> list[ObjectId]:
    """Return the objects of `live` that the files name as well although we never made or adopted them.

    A schema is none of them: it is shared, as the main one is.
    """
    present = {item for item, _ in live.objects() if item.kind != "schema"}
    claimed = {*(item for item, _ in desired.objects() if item in present), *_renamed_from(live, desired)}
    return sorted(claimed - set(ours))


def shadows(live: Catalog, ours: Collection[ObjectId], desired: Catalog) -> list[ObjectId]:
    """Return the objects of others that hold a name of ours as another kind: adopting can not help there."""
    wanted = {item.name: item.kind for item, _ in desired.objects() if item.kind in _SHARED_NAMES}
    return sorted(
        item
        for item, _ in live.objects()
        if item.kind in _SHARED_NAMES and item not in ours and wanted.get(item.name, item.kind) != item.kind
    )


def of_another_role(
    live: Catalog, ours: Collection[ObjectId], desired: Catalog, also: Collection[str]
) -> list[ObjectId]:
    """Return of `collisions` what is in a schema that is not ours whole and belongs to another role than who reads.

    Files that make a stub of `auth.users`, where there is none, must not be the end of the real one.
    """
    taken = {*collisions(live, ours, desired)}
    return sorted(
        item
        for item, value in live.objects()
        if item in taken
        and getattr(value, "owner", "") not in ("", live.reader)
        and not _places(item, value, live) <= {None, *also}
    )


_NOT_OURS = (
    "They belong to another role, in a schema that is not yours whole: take them out of the files, or, on the command "
    "line, name it with --schema."
)


def require_no_collision(
    live: Catalog, ours: Collection[ObjectId], desired: Catalog, target: Target, *, adopt: bool
) -> None:
    """Refuse to take over other people's objects.

    Raises:
        Collision: names of ours are taken, and `adopt` is off or the kind differs, or they are another role's.
    """
    taken = shadows(live, ours, desired) or ([] if adopt else collisions(live, ours, desired))
    if taken:
        raise Collision(target.schema, taken)
    if theirs := of_another_role(live, ours, desired, target.also):
        raise Collision(target.schema, theirs, _NOT_OURS)
