"""Default privileges of the schema: what objects that come later are born with. They come first in a plan."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison
from infra.provider.schema.hazards import Hazard, HazardName
from infra.provider.schema.identifiers import quote, role
from infra.provider.schema.model import Grants, ObjectId
from infra.provider.schema.steps import Step


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield ALTER DEFAULT PRIVILEGES."""
    old, new = comparison.old.default_grants, comparison.new.default_grants
    for owner in sorted({*old, *new}):
        for kind in sorted({*old.get(owner, {}), *new.get(owner, {})}):
            head = f"ALTER DEFAULT PRIVILEGES FOR ROLE {quote(owner)} IN SCHEMA {quote(comparison.schema)}"
            before, after = old.get(owner, {}).get(kind, {}), new.get(owner, {}).get(kind, {})
            yield from _change(head, f"{kind.upper()}S", before, after, first=not any(comparison.old.objects()))


def _change(head: str, objects: str, old: Grants, new: Grants, *, first: bool) -> Iterator[Step]:
    item = ObjectId("schema", "default privileges")
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
