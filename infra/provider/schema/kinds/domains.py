"""Domains: default, NOT NULL and checks change in place; another base type takes a new domain."""

from collections.abc import Iterator

from infra.provider.schema.comparison import Comparison, Upheaval, both, pairs
from infra.provider.schema.hazards import Hazard, HazardName
from infra.provider.schema.identifiers import quote
from infra.provider.schema.kinds.replacing import replaced
from infra.provider.schema.model import Constraint, Domain, ObjectId
from infra.provider.schema.steps import Step


def upheavals(comparison: Comparison) -> Iterator[Upheaval]:
    """Yield the domains whose base type changes, and those under arrays or composites that get stricter.

    PostgreSQL looks for values that violate a check in columns of the domain itself; where it is part of the type of a
    column it refuses to look.
    """
    for name, old, new in both(comparison.old.domains, comparison.new.domains):
        other_base = (old.base, old.collation) != (new.base, new.collation)
        if other_base or (_stricter(old, new) and _is_part_of_a_column(comparison, ObjectId("domain", name))):
            yield Upheaval(ObjectId("domain", name))


def _stricter(old: Domain, new: Domain) -> bool:
    if old.nullable and not new.nullable:
        return True
    before = {name: value.definition for name, value in old.constraints.items() if value.validated}
    return any(before.get(name) != value.definition for name, value in new.constraints.items() if value.validated)


def _is_part_of_a_column(comparison: Comparison, item: ObjectId) -> bool:
    """Say whether a column has an array of a type, or a composite or another type over it."""
    for name in comparison.dependents.get(str(item), ()):
        user = ObjectId.parse(name)
        if user.kind == "column" and user in comparison.old_nodes:
            if comparison.old_nodes[user].value.type != quote(item.name):
                return True
        elif user.kind in ("attribute", "composite", "domain", "range") and user in comparison.old_nodes:
            home = comparison.old_nodes[user].inside or comparison.old_nodes[user].id
            if _is_part_of_a_column(comparison, home) or _has_columns(comparison, home):
                return True
    return False


def _has_columns(comparison: Comparison, item: ObjectId) -> bool:
    users = map(ObjectId.parse, comparison.dependents.get(str(item), ()))
    return item.kind != "domain" and any(user.kind == "column" for user in users)


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield CREATE, ALTER and DROP DOMAIN."""
    for name, old, new in pairs(comparison.old.domains, comparison.new.domains):
        item = ObjectId("domain", name)
        if new is None:
            yield Step(item, "delete", f"DROP DOMAIN {quote(name)}")
        elif old is None:
            yield from _create(item, new)
        elif item in comparison.rebuilt:
            yield from replaced(comparison, item, _create(item, new))
        else:
            yield from _alter(name, old, new)


def _create(item: ObjectId, domain: Domain) -> Iterator[Step]:
    yield Step(item, "create", _definition(item.name, domain))
    for constraint, value in domain.constraints.items():
        if not value.validated:
            yield Step(item, "update", _add(item.name, constraint, f"{value.definition} NOT VALID"))


def _definition(name: str, domain: Domain) -> str:
    parts = [f"CREATE DOMAIN {quote(name)} AS {domain.base}"]
    if domain.collation:
        parts.append(f"COLLATE {domain.collation}")
    if domain.default is not None:
        parts.append(f"DEFAULT {domain.default}")
    if not domain.nullable:
        parts.append("NOT NULL")
    for constraint, value in domain.constraints.items():
        if value.validated:
            parts.append(f"CONSTRAINT {quote(constraint)} {value.definition}")
    return " ".join(parts)


def _add(domain: str, constraint: str, definition: str) -> str:
    return f"ALTER DOMAIN {quote(domain)} ADD CONSTRAINT {quote(constraint)} {definition}"


def made_again(old: Constraint, new: Constraint) -> bool:
    """Say whether a domain's constraint is dropped and added where both states have it."""
    return old.definition != new.definition or old.validated > new.validated


def _alter(name: str, old: Domain, new: Domain) -> Iterator[Step]:
    item, alter = ObjectId("domain", name), f"ALTER DOMAIN {quote(name)}"
    if old.default != new.default:
        change = "DROP DEFAULT" if new.default is None else f"SET DEFAULT {new.default}"
        yield Step(item, "update", f"{alter} {change}")
    for constraint, before, after in pairs(old.constraints, new.constraints):
        if before and (after is None or made_again(before, after)):
            yield Step(item, "update", f"{alter} DROP CONSTRAINT {quote(constraint)}")
            before = None  # noqa: PLW2901 - from here on it is gone
        if after and before is None:
            suffix = "" if after.validated else " NOT VALID"
            hazards = () if suffix else (_may_fail(name, f"values that violate {constraint}"),)
            yield Step(item, "update", _add(name, constraint, after.definition + suffix), hazards=hazards)
        elif after and before and after.validated > before.validated:
            hazard = _may_fail(name, f"values that violate {constraint}")
            yield Step(item, "update", f"{alter} VALIDATE CONSTRAINT {quote(constraint)}", hazards=(hazard,))
    if old.nullable != new.nullable:
        hazards = () if new.nullable else (_may_fail(name, "null values"),)
        yield Step(item, "update", f"{alter} {'DROP' if new.nullable else 'SET'} NOT NULL", hazards=hazards)


def _may_fail(name: str, what: str) -> Hazard:
    return Hazard(HazardName.CONSTRAINT_MAY_FAIL, name, what)
