"""The names of a table's NOT NULLs (PostgreSQL 18 keeps them): who gives one up, and who takes it after that.

A column that was renamed keeps the name made for its old one, so that the next column of the old name finds it taken.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from infra.provider.schema.identifiers import local, quote
from infra.provider.schema.model import Column, ObjectId
from infra.provider.schema.online.situation import passing_name
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, Step


@dataclass(frozen=True)
class NotNullNames:
    """The columns of a table on both sides, by name."""

    table: str
    old: Mapping[str, Column]
    new: Mapping[str, Column]

    def added(self, part: str, step: Step) -> Step:
        """Return the step that adds a column, or makes it NOT NULL: PostgreSQL gives it a name, if it has none."""
        column = self.new[part]
        if column.nullable:
            return step
        named = column.not_null if step.operation == "create" else None
        return replace(step, takes=frozenset({self._key(named or self._usual(part))}))

    def dropped(self, part: str, step: Step) -> Step:
        """Return the step that drops a column, or its NOT NULL."""
        column = self.old[part]
        return step if column.nullable else replace(step, frees=frozenset({self._key(self._name(part, column))}))

    def renamed(self, part: str) -> Iterator[Step]:
        """Yield how a column that stays names its NOT NULL; by way of a passing name where two change places."""
        before, after = self.old[part], self.new[part]
        if after.nullable:
            return
        has = self._usual(part) if before.nullable else self._name(part, before)
        wanted = self._name(part, after)
        if has == wanted:
            return
        if self._others(self._had, part, wanted) and self._others(self._wanted, part, has):
            aside = passing_name("name", self._item(part))
            yield self._rename(part, has, aside)
            has = aside
        yield self._rename(part, has, wanted)

    @cached_property
    def _had(self) -> Mapping[str, str]:
        return {part: self._name(part, column) for part, column in self.old.items() if not column.nullable}

    @cached_property
    def _wanted(self) -> Mapping[str, str]:
        return {part: self._name(part, column) for part, column in self.new.items() if not column.nullable}

    @staticmethod
    def _others(names: Mapping[str, str], part: str, name: str) -> bool:
        return any(other == name for column, other in names.items() if column != part)

    def _rename(self, part: str, before: str, after: str) -> Step:
        return Step(
            self._item(part),
            "update",
            f"ALTER TABLE {quote(self.table)} RENAME CONSTRAINT {quote(before)} TO {quote(after)}",
            ACCESS_EXCLUSIVE,
            frees=frozenset({self._key(before)}),
            takes=frozenset({self._key(after)}),
        )

    def _item(self, part: str) -> ObjectId:
        return ObjectId("column", f"{self.table}.{part}")

    def _key(self, name: str) -> str:
        return str(ObjectId("constraint", f"{self.table}.{name}"))

    def _name(self, part: str, column: Column) -> str:
        return column.not_null or self._usual(part)

    def _usual(self, part: str) -> str:
        return f"{local(self.table)}_{part}_not_null"
