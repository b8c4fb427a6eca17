"""Functions and procedures: replaced in place unless their arguments or their result change."""

from collections.abc import Iterator

from infra.provider.schema.assembly import SCHEMA_PLACEHOLDER
from infra.provider.schema.comparison import Comparison, Upheaval, both, pairs
from infra.provider.schema.hazards import Hazard, HazardName
from infra.provider.schema.identifiers import dollar_quoted, literal, quote
from infra.provider.schema.kinds.stored_results import results_kept
from infra.provider.schema.model import Function, ObjectId
from infra.provider.schema.steps import Step

LISTS = frozenset({"search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries"})
"""Settings that hold a list of names, which SQL takes unquoted."""

ELSEWHERE = ("owner", "grants", "comment")
"""What other modules plan."""


def upheavals(comparison: Comparison) -> Iterator[Upheaval]:
    """Yield the functions that CREATE OR REPLACE would refuse."""
    for name, old, new in both(comparison.old.functions, comparison.new.functions):
        if (old.kind, old.arguments, old.returns) != (new.kind, new.arguments, new.returns):
            yield Upheaval(ObjectId("function", name))


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield CREATE, CREATE OR REPLACE and DROP FUNCTION or PROCEDURE."""
    for name, old, new in pairs(comparison.old.functions, comparison.new.functions):
        item = ObjectId("function", name)
        rebuilt = item in comparison.rebuilt
        if old and (new is None or rebuilt):
            yield Step(item, "delete", f"DROP {old.kind} {name}")
        if new and (old is None or rebuilt):
            yield Step(item, "create", definition(new, comparison.schema))
        elif old and new and _differs(old, new):
            hazards = (*_hazards(name, old, new), *results_kept(comparison, item, old, new))
            yield Step(item, "update", definition(new, comparison.schema, replace=True), hazards=hazards)


def _differs(old: Function, new: Function) -> bool:
    return any(
        getattr(old, name) != getattr(new, name) for name in Function.__dataclass_fields__ if name not in ELSEWHERE
    )


def _hazards(name: str, old: Function, new: Function) -> tuple[Hazard, ...]:
    if new.security_definer and not old.security_definer:
        return (Hazard(HazardName.PRIVILEGE_WIDENED, name, "it now runs with the rights of its owner"),)
    return ()


def definition(function: Function, schema: str, *, replace: bool = False) -> str:
    """Return the statement that makes `function` in `schema`."""
    head = "CREATE OR REPLACE" if replace else "CREATE"
    lines = [f"{head} {function.kind} {quote(function.name)}({function.arguments})"]
    if function.returns is not None:
        lines.append(f" RETURNS {function.returns}")
    words = [f"LANGUAGE {quote(function.language)}"]
    if function.volatility != "VOLATILE":
        words.append(function.volatility)
    words += [
        word
        for word, given in (
            ("LEAKPROOF", function.leakproof),
            ("STRICT", function.strict),
            ("SECURITY DEFINER", function.security_definer),
        )
        if given
    ]
    if function.parallel != "UNSAFE":
        words.append(f"PARALLEL {function.parallel}")
    if function.cost:
        words.append(f"COST {function.cost}")
    if function.rows:
        words.append(f"ROWS {function.rows}")
    lines.append(" " + " ".join(words))
    lines += [f" SET {_setting(name)} TO {_value(name, value, schema)}" for name, value in function.settings.items()]
    lines.append(function.sql_body or f"AS {dollar_quoted(function.body or '')}")
    return "\n".join(lines)


def _setting(name: str) -> str:
    return ".".join(map(quote, name.split(".")))


def _value(name: str, value: str, schema: str) -> str:
    if name not in LISTS:
        return literal(value)
    written = {SCHEMA_PLACEHOLDER: quote(schema), '""': "''", "": "''"}
    return ", ".join(written.get(item.strip(), item.strip()) for item in value.split(","))
