"""Row level security policies: ALTER POLICY where it can, so that no moment goes without one."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison, Upheaval, both, pairs
from infra.provider.schema.hazards import Hazard, HazardName
from infra.provider.schema.identifiers import bare, quote, role
from infra.provider.schema.model import ObjectId, Policy, Table
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, Step


def upheavals(comparison: Comparison) -> Iterator[Upheaval]:
    """Yield the policies that ALTER POLICY can not change: another command or sense, or an expression that goes."""
    for name, old, new in both(comparison.old.tables, comparison.new.tables):
        for part, before, after in both(old.policies, new.policies):
            if (
                (before.command, before.permissive) != (after.command, after.permissive)
                or (before.using is not None and after.using is None)
                or (before.check is not None and after.check is None)
            ):
                yield Upheaval(ObjectId("policy", f"{name}.{part}"))


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield CREATE, ALTER and DROP POLICY."""
    for name, table in comparison.new.tables.items():
        if name not in comparison.old.tables:
            for part, policy in table.policies.items():
                yield _create(name, part, policy, ())
    for name, old, new in both(comparison.old.tables, comparison.new.tables):
        for part, before, after in pairs(old.policies, new.policies):
            item = ObjectId("policy", f"{name}.{part}")
            rebuilt = item in comparison.rebuilt
            unchanged = rebuilt and before == after
            if before and (after is None or rebuilt):
                hazards = _weaker(old, item, "a restrictive policy goes") if not before.permissive else ()
                sql = f"DROP POLICY {quote(part)} ON {quote(name)}"
                yield Step(item, "delete", sql, ACCESS_EXCLUSIVE, () if rebuilt else hazards)
            if after and (before is None or rebuilt):
                hazards = _weaker(old, item, "a policy lets rows through") if after.permissive or rebuilt else ()
                yield _create(name, part, after, () if unchanged else hazards)
            elif before and after and _settings(before) != _settings(after):
                yield _alter(name, part, before, after, _weaker(old, item, "the policy changes"))


def _weaker(table: Table, item: ObjectId, what: str) -> tuple[Hazard, ...]:
    return (Hazard(HazardName.RLS_WEAKENED, item.name, what),) if table.rls.enabled else ()


def _settings(policy: Policy) -> tuple[object, ...]:
    return policy.roles, policy.using, policy.check


def _create(table: str, name: str, policy: Policy, hazards: tuple[Hazard, ...]) -> Step:
    words = [f"CREATE POLICY {quote(name)} ON {quote(table)}"]
    if not policy.permissive:
        words.append("AS RESTRICTIVE")
    if policy.command != "ALL":
        words.append(f"FOR {policy.command}")
    if policy.roles != ("PUBLIC",):
        words.append(f"TO {', '.join(map(role, policy.roles))}")
    if policy.using is not None:
        words.append(f"USING ({bare(policy.using)})")
    if policy.check is not None:
        words.append(f"WITH CHECK ({bare(policy.check)})")
    return Step(ObjectId("policy", f"{table}.{name}"), "create", " ".join(words), ACCESS_EXCLUSIVE, hazards)


def _alter(table: str, name: str, old: Policy, new: Policy, hazards: tuple[Hazard, ...]) -> Step:
    words = [f"ALTER POLICY {quote(name)} ON {quote(table)}"]
    if old.roles != new.roles:
        words.append(f"TO {', '.join(map(role, new.roles))}")
    if old.using != new.using and new.using is not None:
        words.append(f"USING ({bare(new.using)})")
    if old.check != new.check and new.check is not None:
        words.append(f"WITH CHECK ({bare(new.check)})")
    return Step(ObjectId("policy", f"{table}.{name}"), "update", " ".join(words), ACCESS_EXCLUSIVE, hazards)
