"""Which part of the live schemas is ours to compare and change."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from infra.provider.schema.errors import Collision, UnsupportedObject
from infra.provider.schema.identifiers import beside, home_in, quote, schema_of
from infra.provider.schema.model import TOP_LEVEL, WHOLE, Catalog, DefaultGrants, Grants, ObjectId, Schema
from infra.provider.schema.moves import with_partitions
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
    claimed = {*_context_ids(desired), *ours}
    kept: dict[str, Any] = {
        attribute: {name: value for name, value in getattr(live, attribute).items() if ObjectId(kind, name) in named}
        for kind, attribute in TOP_LEVEL.items()
    }
    homes = {*kept["tables"], *kept["views"]}
    for kind in WHOLE:
        here = getattr(live, TOP_LEVEL[kind])
        kept[TOP_LEVEL[kind]].update({name: value for name, value in here.items() if value.home in homes})
    kept["schemas"] = {
        name: _of_schema(name, schema, claimed, desired) for name, schema in kept["schemas"].items()
    }
    kept["grants"] = _ours_among(live.grants, claimed, "schema grant")
    kept["revoked"] = _in_effect(desired.revoked, live.grants)
    kept["comment"] = live.comment if _COMMENT in claimed else None
    kept["default_grants"], kept["foreign_defaults"] = _default_grants(live.default_grants, claimed)
    kept["foreign_defaults_beside"] = {
        name: _default_grants(schema.default_grants, claimed, name)[1] for name, schema in live.schemas.items()
    }
    relations = {*kept["tables"], *kept["views"], *kept["sequences"]}
    on_ours = [item for item in live.unsupported if item.attached_to in relations]
    if on_ours:
        raise UnsupportedObject(on_ours, "the live schema")
    return replace(live, **kept, unsupported=())


def _of_schema(name: str, schema: Schema, claimed: Collection[ObjectId], desired: Catalog) -> Schema:
    """Return a schema beside the main one with what of it is ours, as it is for the main one.

    Its owner counts where the files name one.
    """
    wanted = desired.schemas.get(name)
    return Schema(
        owner=schema.owner if wanted and wanted.owner else "",
        grants=_ours_among(schema.grants, claimed, _in("schema grant", name)),
        default_grants=_default_grants(schema.default_grants, claimed, name)[0],
        comment=schema.comment if ObjectId(_in("schema comment", name), "schema") in claimed else None,
    )


def schemas_beside(target: Target, desired: Catalog, ours: Collection[ObjectId]) -> frozenset[str]:
    """Return the schemas beside the main one to look into: given, made by the files, or known to the ledger."""
    return frozenset({*target.also, *desired.schemas, *(item.name for item in ours if item.kind in ("schema", SHARED))})


def foreign(live: Catalog, ours: Collection[ObjectId], desired: Catalog) -> list[ObjectId]:
    """Return the objects of `live` that are not ours: they are left alone."""
    named = {item for item, _ in desired.objects()} | set(ours)
    return sorted(item for item, _ in live.objects() if item not in named)


def foreign_names(live: Catalog, ours: Collection[ObjectId], desired: Catalog, schema: str) -> set[str]:
    """Return the names, as pg_dump's entries say them, of all that is not ours, its indexes and the like included.

    Those in another schema than the main one are qualified.
    """
    names: set[str] = set()
    for item in foreign(live, ours, desired):
        names |= {item.name, item.name.partition("(")[0]}
        if item.kind in ("table", "view"):
            value = live.tables.get(item.name) or live.views[item.name]
            names |= {*value.indexes, *(beside(item.name, part) for part in getattr(value, "constraints", {}))}
    for unknown in live.unsupported:
        bare = unknown.identity.removeprefix(f"{quote(schema)}.")
        names |= {bare, bare.partition("(")[0]}
    return names


def prunable(live: Catalog, desired: Catalog, also: Collection[str] = ()) -> frozenset[ObjectId]:
    """Return what `prune` counts as ours: everything in the main schema and in those that are ours whole, and those.

    Partitions made at run time are not.

    A partition counts as made at run time unless the files name it, or another one, a default apart, of the same
    parent, or part that otherwise. Of the default privileges of a schema those count that this role may change.

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
    spared |= {name for name, value in live.publications.items() if not value.tables and not value.whole_schema}
    spared -= {*desired.tables, *desired.publications}
    objects = (
        item
        for item, _ in live.objects()
        if (item.kind not in ("table", "publication") or item.name not in spared) and _is_in(item, live, also)
    )
    context = _default_ids(_settable(live, live.default_grants))
    for name, schema in live.schemas.items():
        if name in also:
            context += _grant_ids(schema.grants, _in("schema grant", name))
            context += _default_ids(_settable(live, schema.default_grants), name)
            context.append(ObjectId(_in("schema comment", name), "schema"))
    return frozenset([*objects, *context])


def _is_in(item: ObjectId, live: Catalog, also: Collection[str]) -> bool:
    """Say whether an object is in the main schema or one of `also`, or is one of these."""
    place = item.name if item.kind == "schema" else schema_of(home_in(item.name, live.others))
    return place is None or place in also


def _settable(live: Catalog, default_grants: DefaultGrants) -> DefaultGrants:
    return {owner: kinds for owner, kinds in default_grants.items() if owner in live.settable_defaults}


def owned(desired: Catalog, shared: Collection[str] = ()) -> frozenset[ObjectId]:
    """Return what the ledger must list once `desired` is applied: its objects, and its grants on the schemas themselves.

    Args:
        desired: what the files describe.
        shared: the schemas that they make and that were there before: never ours to drop.
    """
    objects = (
        ObjectId(SHARED, item.name) if item.kind == "schema" and item.name in shared else item
        for item, _ in desired.objects()
    )
    return frozenset([*objects, *_context_ids(desired)])


SHARED = "shared schema"
"""What the ledger calls a schema beside the main one that the files make and that others made before."""

_COMMENT = ObjectId("schema comment", "schema")
_REVOKED = "schema revoke"


def _context_ids(desired: Catalog) -> list[ObjectId]:
    """Return what the files say about the schema itself, which we may share: each right on its own, the comment."""
    ids = [] if desired.comment is None else [_COMMENT]
    ids += [*_grant_ids(desired.grants, "schema grant"), *_grant_ids(desired.revoked, _REVOKED)]
    ids += _default_ids(desired.default_grants)
    for name, schema in desired.schemas.items():
        ids += [] if schema.comment is None else [ObjectId(_in("schema comment", name), "schema")]
        ids += [ObjectId(_in("schema owner", name), schema.owner)] if schema.owner else []
        ids += [*_grant_ids(schema.grants, _in("schema grant", name)), *_default_ids(schema.default_grants, name)]
    return ids


def _in(kind: str, schema: str | None) -> str:
    """Return what the ledger calls a right or remark in a schema; the main one goes without saying."""
    return kind if schema is None else f"{kind} in {schema}"


def _default_ids(default_grants: DefaultGrants, schema: str | None = None) -> list[ObjectId]:
    return [
        item
        for owner, kinds in default_grants.items()
        for kind, grants in kinds.items()
        for item in _grant_ids(grants, _default_kind(owner, kind, schema))
    ]


def _default_kind(owner: str, kind: str, schema: str | None) -> str:
    return _in(f"default grant on {kind} of {owner}", schema)


def _renamed_from(live: Catalog, desired: Catalog) -> Iterator[ObjectId]:
    """Yield the objects that are there under a name from which the files say that one of theirs was renamed."""
    sources = {(rename.kind, rename.old) for rename in desired.renames if not rename.home}
    for item, value in live.objects():
        if (item.kind, getattr(value, "name", item.name)) in sources:
            yield item


def _grant_ids(grants: Grants, kind: str) -> list[ObjectId]:
    return [
        ObjectId(kind, f"{grantee} {privilege}") for grantee, privileges in grants.items() for privilege in privileges
    ]


def remembered_revocations(ours: Collection[ObjectId]) -> Grants:
    """Return the rights on the schema that the files took away when `ours` was written down."""
    found: dict[str, list[str]] = {}
    for item in sorted(ours):
        if item.kind == _REVOKED:
            grantee, _, privilege = item.name.rpartition(" ")
            found.setdefault(grantee, []).append(privilege)
    return {grantee: tuple(privileges) for grantee, privileges in found.items()}


def remembered_schemas(ours: Collection[ObjectId]) -> Mapping[str, Schema]:
    """Return the schemas beside the main one that the files made when `ours` was written down, with their owners."""
    owners = {item.kind: item.name for item in ours}
    return {
        item.name: Schema(owner=owners.get(_in("schema owner", item.name), ""))
        for item in sorted(ours)
        if item.kind in ("schema", SHARED)
    }


def shared_now(live: Catalog, ours: Collection[ObjectId]) -> frozenset[ObjectId]:
    """Return the schemas beside the main one in which others have something: they stay when ours goes."""
    theirs = {schema_of(home_in(item.name, live.others)) for item in foreign(live, ours, Catalog())}
    theirs |= {item.schema for item in live.unsupported}
    return frozenset(ObjectId("schema", name) for name in live.schemas if name in theirs)


def _in_effect(revoked: Grants, granted: Grants) -> Grants:
    """Return of the rights that the files take away those that nobody has."""

    def held(grantee: str, right: str) -> bool:
        return bool({right, f"{right.rstrip('*')}*"} & set(granted.get(grantee, ())))

    kept = {
        grantee: tuple(right for right in rights if not held(grantee, right)) for grantee, rights in revoked.items()
    }
    return {grantee: rights for grantee, rights in kept.items() if rights}


def _ours_among(grants: Grants, ours: Collection[ObjectId], kind: str, *, others: bool = False) -> Grants:
    """Return of `grants` what is ours, or what others granted on a schema that we share.

    A right is ours with its grant option and without: it can be had only once.
    """

    def is_ours(grantee: str, right: str) -> bool:
        plain = right.rstrip("*")
        return any(ObjectId(kind, f"{grantee} {form}") in ours for form in (plain, f"{plain}*"))

    kept = {
        grantee: tuple(right for right in rights if is_ours(grantee, right) is not others)
        for grantee, rights in grants.items()
    }
    return {grantee: rights for grantee, rights in kept.items() if rights}


def _default_grants(
    default_grants: DefaultGrants, ours: Collection[ObjectId], schema: str | None = None
) -> tuple[DefaultGrants, DefaultGrants]:
    """Return the default privileges that are ours, and those that others set for the same schema."""
    sides: list[DefaultGrants] = []
    for others in (False, True):
        split = {
            owner: {
                kind: _ours_among(grants, ours, _default_kind(owner, kind, schema), others=others)
                for kind, grants in kinds.items()
            }
            for owner, kinds in default_grants.items()
        }
        full = {owner: {kind: grants for kind, grants in kinds.items() if grants} for owner, kinds in split.items()}
        sides.append({owner: kinds for owner, kinds in full.items() if kinds})
    return sides[0], sides[1]


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


def require_no_collision(
    live: Catalog, ours: Collection[ObjectId], desired: Catalog, schema: str, *, adopt: bool
) -> None:
    """Refuse to take over other people's objects.

    Raises:
        Collision: names of ours are taken, and `adopt` is off or the kind differs.
    """
    taken = shadows(live, ours, desired) or ([] if adopt else collisions(live, ours, desired))
    if taken:
        raise Collision(schema, taken)
