"""Who may do what with an object, down to its columns, and with the schema itself."""

from collections.abc import Iterable, Iterator

from infra.provider.schema.comparison import Comparison
from infra.provider.schema.hazards import Hazard, HazardName
from infra.provider.schema.identifiers import quote, role, schema_of, schema_of_signature
from infra.provider.schema.kinds.columns import sequence_of
from infra.provider.schema.model import Column, Grants, ObjectId, Whole
from infra.provider.schema.nodes import Node
from infra.provider.schema.steps import Step

_BORN_WITH: dict[str, Grants] = {
    "function": {"PUBLIC": ("EXECUTE",)},
    "enum": {"PUBLIC": ("USAGE",)},
    "domain": {"PUBLIC": ("USAGE",)},
    "composite": {"PUBLIC": ("USAGE",)},
    "range": {"PUBLIC": ("USAGE",)},
    "aggregate": {"PUBLIC": ("EXECUTE",)},
}
"""What PostgreSQL itself grants on a new object."""

_DEFAULTS_KIND = {
    "view": "table",
    "enum": "type",
    "domain": "type",
    "composite": "type",
    "range": "type",
    "aggregate": "function",
}
"""Kind of an object -> what default privileges call it."""


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield REVOKE and GRANT."""
    for item, node in comparison.new_nodes.items():
        if not _securable(node):
            continue
        created = item not in comparison.old_nodes or comparison.created(item)
        before = _born_with(comparison, node) if created else comparison.old_nodes[item].value.grants
        owner = getattr(node.value, "owner", "")
        if not _target(node)[1]:
            yield from _owner(item, _target(node)[0], owner, before, node.value.grants)
        yield from _change(item, _target(node), before, node.value.grants, owner, created=created)
        if isinstance(node.value, Column) and node.value.identity:
            yield from _of_sequence(comparison, node)
    for node in comparison.as_parent_again():
        yield from _change(node.id, _target(node), node.value.grants, {}, "", created=False)
    yield from _change(
        ObjectId("schema", comparison.schema),
        (f"SCHEMA {quote(comparison.schema)}", ""),
        comparison.old.grants,
        comparison.new.grants,
        "",
        created=not any(comparison.old.objects()),
    )
    yield from _revoked(comparison)


def _of_sequence(comparison: Comparison, node: Node) -> Iterator[Step]:
    """Yield the rights on the sequence of an identity column, which belongs to the table's owner."""
    home = (node.inside or node.id).name
    name = sequence_of(home, node.id.name.removeprefix(f"{home}."), node.value.identity)
    kept = None if node.id not in comparison.old_nodes or comparison.created(node.id) else comparison.old_nodes[node.id]
    stayed = kept is not None and kept.value.identity is not None
    owner = comparison.new.tables[home].owner
    before = (
        kept.value.sequence_grants
        if kept and stayed
        else _of_others(comparison, "sequence", owner, {}, schema_of(home))
    )
    target, after = (f"SEQUENCE {quote(name)}", ""), node.value.sequence_grants
    yield from _owner(node.id, target[0], owner, before, after)
    yield from _change(node.id, target, before, after, owner, created=not stayed)


def _revoked(comparison: Comparison) -> Iterator[Step]:
    """Yield what takes from others the rights on the schema that they were not given by the files."""
    old, new = comparison.old, comparison.new
    for grantee, rights in new.revoked.items():
        settled = {*old.revoked.get(grantee, ()), *(right.rstrip("*") for right in old.grants.get(grantee, ()))}
        for option, words in ((False, "REVOKE"), (True, "REVOKE GRANT OPTION FOR")):
            if taken := [
                right.rstrip("*") for right in rights if right.endswith("*") is option and right not in settled
            ]:
                phrase = f"{words} {', '.join(taken)} ON SCHEMA {quote(comparison.schema)} FROM {role(grantee)}"
                yield Step(ObjectId("schema", comparison.schema), "update", phrase)


def _securable(node: Node) -> bool:
    """Say whether there are rights on an object; an attribute of a type has none, and few of the wholes have."""
    if isinstance(node.value, Whole):
        return node.value.rights is not None
    return hasattr(node.value, "grants") and node.id.kind != "attribute"


def _born_with(comparison: Comparison, node: Node) -> Grants:
    """Return the rights on a new object: PostgreSQL's own or the owner's for all schemas, and those for this one."""
    kind = _DEFAULTS_KIND.get(node.id.kind, node.id.kind)
    # What is made belongs to its maker at first; a change of owner takes the rights along, and makes one's of both's.
    owner = getattr(node.value, "owner", "")
    maker = comparison.new.reader or owner
    place = schema_of(node.id.name) or schema_of_signature(node.id.name, comparison.new.others)
    born = _of_others(comparison, kind, maker, _BORN_WITH.get(node.id.kind, {}), place)
    if owner in ("", maker):
        return born
    return {grantee: rights for grantee, rights in born.items() if grantee not in (owner, maker)}


def _of_others(comparison: Comparison, kind: str, maker: str, usual: Grants, schema: str | None) -> Grants:
    """Return what default privileges make of PostgreSQL's `usual` rights on what `maker` makes in a schema."""
    everywhere = comparison.old.global_defaults.get(maker, {}).get(kind)
    born = dict(usual if everywhere is None else everywhere)
    foreign, ours = comparison.old.foreign_defaults, comparison.new.default_grants
    if schema is not None:
        foreign = comparison.old.foreign_defaults_beside.get(schema, {})
        ours = comparison.new.schemas[schema].default_grants if schema in comparison.new.schemas else {}
    for here in (foreign, ours):
        for grantee, privileges in here.get(maker, {}).get(kind, {}).items():
            born[grantee] = tuple(sorted({*born.get(grantee, ()), *privileges}))
    return born


def _target(node: Node) -> tuple[str, str]:
    """Return the object as GRANT … ON names it, and the column list that follows each privilege."""
    if node.id.kind in ("column", "viewcolumn"):
        home = node.inside or node.id
        return f"TABLE {quote(home.name)}", f" ({quote(node.id.name.removeprefix(home.name + '.'))})"
    if isinstance(node.value, Whole):
        return node.value.rights or "", ""
    words = node.phrase.removeprefix("MATERIALIZED ")
    return words.replace("VIEW ", "TABLE ", 1) if node.id.kind == "view" else words, ""


def _owner(item: ObjectId, phrase: str, owner: str, old: Grants, new: Grants) -> Iterator[Step]:
    """Yield the statements that change an owner's own rights; held in full, without an option, they are not listed."""
    before, after = old.get(owner), new.get(owner)
    if before == after:
        return
    if after is None:
        if given := [privilege[:-1] for privilege in before or () if privilege.endswith("*")]:
            yield Step(item, "update", f"REVOKE GRANT OPTION FOR {', '.join(given)} ON {phrase} FROM {role(owner)}")
        yield Step(item, "update", f"GRANT ALL ON {phrase} TO {role(owner)}")
        return
    yield Step(item, "update", f"REVOKE ALL ON {phrase} FROM {role(owner)}")
    for suffix, privileges in _by_option(after):
        yield Step(item, "update", f"GRANT {', '.join(privileges)} ON {phrase} TO {role(owner)}{suffix}")


def _by_option(rights: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield privileges with what GRANT ends in for them: those without the option to grant them, and those with it."""
    if plain := sorted(privilege for privilege in rights if not privilege.endswith("*")):
        yield "", plain
    if optional := sorted(privilege[:-1] for privilege in rights if privilege.endswith("*")):
        yield " WITH GRANT OPTION", optional


def _change(
    item: ObjectId, target: tuple[str, str], old: Grants, new: Grants, owner: str, *, created: bool
) -> Iterator[Step]:
    phrase, columns = target

    def statement(verb: str, privileges: list[str], direction: str, grantee: str, suffix: str = "") -> str:
        listed = ", ".join(f"{privilege}{columns}" for privilege in privileges)
        return f"{verb} {listed} ON {phrase} {direction} {role(grantee)}{suffix}"

    # An owner who holds what owners hold is not listed: its line on one side only means less, not more.
    for grantee in sorted({*old, *new} - {owner}):
        before, after = set(old.get(grantee, ())), set(new.get(grantee, ()))
        kept = {privilege.rstrip("*") for privilege in after}
        lost = sorted(privilege.rstrip("*") for privilege in before if privilege.rstrip("*") not in kept)
        if lost:
            yield Step(item, "update", statement("REVOKE", lost, "FROM", grantee))
        demoted = sorted(p[:-1] for p in before if p.endswith("*") and p not in after and p[:-1] in after)
        if demoted:
            yield Step(item, "update", statement("REVOKE GRANT OPTION FOR", demoted, "FROM", grantee))
        gained = after - before - set(demoted)
        for suffix, privileges in _by_option(gained):
            what = f"{grantee} may now {', '.join(privileges)}{suffix.lower()}"
            public = {p.rstrip("*") for p in old.get("PUBLIC", ())}
            hazards = (
                ()
                if created or (not suffix and public >= set(privileges))
                else (Hazard(HazardName.PRIVILEGE_WIDENED, item.name, what),)
            )
            yield Step(item, "update", statement("GRANT", privileges, "TO", grantee, suffix), hazards=hazards)
