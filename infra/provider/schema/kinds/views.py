"""Views and materialized views: replaced in place while the old columns stay at the front, otherwise made again."""

from collections.abc import Iterator
from dataclasses import replace

from infra.provider.schema.comparison import Comparison, Upheaval, both, pairs
from infra.provider.schema.hazards import Hazard, HazardName
from infra.provider.schema.identifiers import quote
from infra.provider.schema.kinds.columns import storage_changes
from infra.provider.schema.kinds.storage_parameters import option_changes, option_name
from infra.provider.schema.model import Column, ObjectId, View
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, Step


def upheavals(comparison: Comparison) -> Iterator[Upheaval]:
    """Yield the views that CREATE OR REPLACE would refuse."""
    for name, old, new in both(comparison.old.views, comparison.new.views):
        if old.materialized != new.materialized or (old.definition != new.definition and not _replaceable(old, new)):
            yield Upheaval(ObjectId("view", name))


def _replaceable(old: View, new: View) -> bool:
    def shape(view: View) -> list[tuple[str, str, str | None]]:
        return [(name, column.type, column.collation) for name, column in view.columns.items()]

    return not new.materialized and shape(new)[: len(old.columns)] == shape(old)


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield CREATE, CREATE OR REPLACE, ALTER and DROP of views."""
    for name, old, new in pairs(comparison.old.views, comparison.new.views):
        item = ObjectId("view", name)
        rebuilt = item in comparison.rebuilt
        if old and (new is None or rebuilt):
            yield Step(
                item,
                "delete",
                f"DROP {_kind(old)} {quote(name)}",
                ACCESS_EXCLUSIVE,
                _dropped(name, rebuilt=rebuilt),
                covers=frozenset(node.id for node in comparison.old_nodes.values() if node.inside == item),
            )
        if new and (old is None or rebuilt):
            yield Step(
                item,
                "create",
                f"CREATE {_kind(new)} {quote(name)}{_options(new)} AS\n{new.definition}",
                covers=frozenset(ObjectId("viewcolumn", f"{name}.{column}") for column in new.columns),
            )
            for part, column in new.columns.items():
                if column.default is not None:
                    yield _default(name, part, column.default)
                yield from _stored(name, part, Column(column.type), column)
        elif old and new:
            yield from _alter(name, old, new)


def _dropped(name: str, *, rebuilt: bool) -> tuple[Hazard, ...]:
    return (Hazard(HazardName.DEPENDENTS_DROPPED, name, f"the view {name} is"),) if rebuilt else ()


def _kind(view: View) -> str:
    return "MATERIALIZED VIEW" if view.materialized else "VIEW"


def _options(view: View) -> str:
    settings = ", ".join(f"{option_name(key)} = {value}" for key, value in view.options.items())
    return f" WITH ({settings})" if settings else ""


def _checks_caller(view: View) -> bool:
    return view.options.get("security_invoker", "false").lower() in ("true", "on", "yes", "1")


def _alter(name: str, old: View, new: View) -> Iterator[Step]:
    item = ObjectId("view", name)
    weaker: tuple[Hazard, ...] = ()
    if _checks_caller(old) and not _checks_caller(new):
        weaker = (Hazard(HazardName.RLS_WEAKENED, name, "the view no longer checks its caller's policies"),)
    if old.definition != new.definition:
        sql = f"CREATE OR REPLACE VIEW {quote(name)}{_options(new)} AS\n{new.definition}"
        yield Step(item, "update", sql, ACCESS_EXCLUSIVE, weaker)
        return
    for action in option_changes(old.options, new.options):
        yield Step(item, "update", f"ALTER {_kind(new)} {quote(name)} {action}", ACCESS_EXCLUSIVE, weaker)
    for part, before, after in both(old.columns, new.columns):
        if before.default != after.default:
            yield _default(name, part, after.default)
        yield from _stored(name, part, before, after)


def _stored(view: str, name: str, old: Column, new: Column) -> Iterator[Step]:
    """Yield how the values of a materialized view's column are stored and sampled; a view's have nothing of it."""
    for step in storage_changes(view, name, old, new):
        sql = step.sql.replace("ALTER TABLE", "ALTER MATERIALIZED VIEW", 1)
        yield replace(step, object=ObjectId("viewcolumn", f"{view}.{name}"), sql=sql)


def _default(view: str, column: str, default: str | None) -> Step:
    change = "DROP DEFAULT" if default is None else f"SET DEFAULT {default}"
    sql = f"ALTER VIEW {quote(view)} ALTER COLUMN {quote(column)} {change}"
    return Step(ObjectId("view", view), "update", sql, ACCESS_EXCLUSIVE)
