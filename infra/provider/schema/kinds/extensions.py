"""Extensions: made and dropped, brought to the version that the files pin, moved while nothing uses them."""

from collections.abc import Iterable, Iterator

from infra.provider.schema.comparison import Comparison, pairs
from infra.provider.schema.errors import CannotPlan
from infra.provider.schema.hazards import Hazard, HazardName, Probe
from infra.provider.schema.identifiers import literal, quote
from infra.provider.schema.model import MANAGED, Extension, ObjectId
from infra.provider.schema.steps import Step


def plan(comparison: Comparison) -> Iterator[Step]:
    """Yield CREATE, ALTER, COMMENT ON and DROP EXTENSION.

    Raises:
        CannotPlan: one would go or move although something that stays uses it.
    """
    for name, old, new in pairs(comparison.old.extensions, comparison.new.extensions):
        item = ObjectId("extension", name)
        if old and new:
            yield from _alter(comparison, item, old, new)
        elif new:
            yield _create(item, new)
        else:
            yield _drop(comparison, item)
        if new and new.comment != (old and old.comment):
            packaged = comparison.old.extension_comments.get(name, "")
            text = packaged if new.comment is None else new.comment
            yield Step(item, "update", f"COMMENT ON EXTENSION {quote(name)} IS {literal(text)}")


def _create(item: ObjectId, extension: Extension) -> Step:
    # The managed schema comes first in the search path, and so is where PostgreSQL puts it.
    home = "" if extension.schema in (None, MANAGED) else f" SCHEMA {quote(extension.schema or '')}"
    version = f" VERSION {literal(extension.version)}" if extension.version else ""
    return Step(item, "create", f"CREATE EXTENSION {quote(item.name)}{home}{version}")


def _drop(comparison: Comparison, item: ObjectId) -> Step:
    _require_unused(
        item,
        (
            dependent
            for dependent, referenced in comparison.new.dependencies
            if referenced == str(item) and ObjectId.parse(dependent) in comparison.new_nodes
        ),
        "it would go, for the files do not make it any more",
        f"Keep CREATE EXTENSION {quote(item.name)} in the files",
    )
    tables = comparison.old.extension_tables.get(item.name, {})
    hazards = tuple(
        Hazard(HazardName.DATA_LOSS, item.name, f"{table} goes with it", Probe(table, condition or None))
        for table, condition in tables.items()
    )
    return Step(item, "delete", f"DROP EXTENSION {quote(item.name)}", hazards=hazards)


def _alter(comparison: Comparison, item: ObjectId, old: Extension, new: Extension) -> Iterator[Step]:
    alter = f"ALTER EXTENSION {quote(item.name)}"
    if new.schema != old.schema:
        home = quote(comparison.schema if new.schema == MANAGED else new.schema or "")
        users = comparison.dependents.get(str(item), [])
        # They would print another way afterwards, and so be planned as something else.
        _require_unused(
            item,
            (user for user in users if ObjectId.parse(user) in comparison.new_nodes),
            f"it is to move to schema {home}",
            f"Move it by hand, {alter} SET SCHEMA {home}: nothing differs then",
        )
        yield Step(item, "update", f"{alter} SET SCHEMA {home}")
    if new.version and new.version != old.version:
        yield Step(item, "update", f"{alter} UPDATE TO {literal(new.version)}")


def _require_unused(item: ObjectId, users: Iterable[str], what: str, advice: str) -> None:
    if user := min(users, default=None):
        raise CannotPlan(item, f"{what}, and {user} uses it", f"{advice}.")
