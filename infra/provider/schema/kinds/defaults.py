"""Default privileges of the schemas: what objects that come later are born with. They come first in a plan."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison
from infra.provider.schema.hazards import Hazard, HazardName
from infra.provider.schema.identifiers import quote, role
from infra.provider.schema.model import DefaultGrants, Grants, ObjectId, Schema
from infra.provider.schema.steps import Step


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield ALTER DEFAULT PRIVILEGES."""
    old, new, first = comparison.old, comparison.new, not any(comparison.old.objects())
    main = ObjectId("schema", "default privileges")
    yield from _of_schema(main, comparison.schema, old.default_grants, new.default_grants, first=first)
    for name, schema in new.schemas.items():
        before = old.schemas.get(name, Schema()).default_grants
        made = name not in old.schemas
        yield from _of_schema(ObjectId("schema", name), name, before, schema.default_grants, first=made)


def _of_schema(item: ObjectId, schema: str, old: DefaultGrants, new: DefaultGrants, *, first: bool) -> Iterator[Step]:
    for owner in sorted({*old, *new}):
        for kind in sorted({*old.get(owner, {}), *new.get(owner, {})}):
            head = f"ALTER DEFAULT PRIVILEGES FOR ROLE {quote(owner)} IN SCHEMA {quote(schema)}"
            before, after = old.get(owner, {}).get(kind, {}), new.get(owner, {}).get(kind, {})
            yield from _change(item, head, f"{kind.upper()}S", before, after, first=first)


def _change(item: ObjectId, head: str, objects: str, old: Grants, new: Grants, *, first: bool) -> Iterator[Step]:
    for grantee in sorted({*old, *new}):
        before, after = set(old.get(grantee, ())), set(new.get(grantee, ()))
        # A privilege that loses its grant option is taken and given again.
        lost = sorted({privilege.rstrip("*") for privilege in before - after} - _widened(before, after))
        if lost:
            yield Step(item, "update", f"{head} REVOKE {', '.join(lost)} ON {objects} FROM {role(grantee)}")
        for suffix, gained in (
            ("", sorted(privilege for privilege in after - before if not privilege.endswith("*"))),
            (" WITH GRANT OPTION", sorted(privilege[:-1] for privilege in after - before if privilege.endswith("*"))),
        ):
            if gained:
                what = f"{grantee} may {', '.join(gained)}{suffix.lower()} on new {objects.lower()}"
                hazard = Hazard(HazardName.PRIVILEGE_WIDENED, item.name, what)
                sql = f"{head} GRANT {', '.join(gained)} ON {objects} TO {role(grantee)}{suffix}"
                yield Step(item, "update", sql, hazards=() if first else (hazard,))


def _widened(before: set[str], after: set[str]) -> set[str]:
    return {privilege for privilege in before if f"{privilege}*" in after}
