"""What of the schemas themselves is ours: each right and remark by itself, as others may have theirs there too."""

from collections.abc import Collection, Mapping
from typing import Any

from infra.provider.schema.ledger import SHARED
from infra.provider.schema.model import Catalog, DefaultGrants, Grants, ObjectId, Schema

_COMMENT = ObjectId("schema comment", "schema")
_REVOKED = "schema revoke"


def of_main(live: Catalog, claimed: Collection[ObjectId], desired: Catalog) -> dict[str, Any]:
    """Return what of the main schema itself is ours, and what others set for all of them, as fields of a catalog."""
    ours, theirs = _split_defaults(live.default_grants, claimed)
    return {
        "grants": _ours_among(live.grants, claimed, "schema grant"),
        "revoked": _in_effect(desired.revoked, live.grants),
        "comment": live.comment if _COMMENT in claimed else None,
        "default_grants": ours,
        "foreign_defaults": theirs,
        "foreign_defaults_beside": {
            name: _split_defaults(schema.default_grants, claimed, name)[1] for name, schema in live.schemas.items()
        },
    }


def of_schema(name: str, schema: Schema, claimed: Collection[ObjectId], desired: Catalog) -> Schema:
    """Return a schema beside the main one with what of it is ours, as it is for the main one.

    Its owner counts where the files name one.
    """
    wanted = desired.schemas.get(name)
    return Schema(
        owner=schema.owner if wanted and wanted.owner else "",
        grants=_ours_among(schema.grants, claimed, _in("schema grant", name)),
        default_grants=_split_defaults(schema.default_grants, claimed, name)[0],
        comment=schema.comment if ObjectId(_in("schema comment", name), "schema") in claimed else None,
    )


def prunable_ids(live: Catalog, also: Collection[str]) -> list[ObjectId]:
    """Return what of the schemas themselves `prune` counts as ours.

    Of the main one that are the default privileges which this role may change, of those in `also` everything.
    """

    def settable(default_grants: DefaultGrants) -> DefaultGrants:
        return {owner: kinds for owner, kinds in default_grants.items() if owner in live.settable_defaults}

    ids = _default_ids(settable(live.default_grants))
    for name, schema in live.schemas.items():
        if name in also:
            ids += [
                *_default_ids(settable(schema.default_grants), name),
                ObjectId(_in("schema comment", name), "schema"),
            ]
            ids += _grant_ids(schema.grants, _in("schema grant", name))
    return ids


def context_ids(desired: Catalog) -> list[ObjectId]:
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


def _split_defaults(
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
