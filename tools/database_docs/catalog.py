"""What the catalog of a live database says about the ecosystem's schema; nothing here renders."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psycopg
from psycopg.rows import TupleRow, class_row

QUERIES = Path(__file__).parent / "queries"

Row = TypeVar("Row")


@dataclass(frozen=True)
class Relation:
    """A table or a view; `partition_key` is None unless the table is partitioned."""

    name: str
    is_view: bool
    comment: str
    partition_key: str | None


@dataclass(frozen=True)
class Column:
    """A column of the relation `owner`; `expression` is its default, or what it is generated from."""

    owner: str
    name: str
    type: str
    not_null: bool
    is_generated: bool
    expression: str | None
    comment: str


@dataclass(frozen=True)
class Constraint:
    """A constraint of a table; `kind` is the catalog's letter: p, u, x, f or c. Only a foreign key has an `other`."""

    owner: str
    name: str
    kind: str
    definition: str
    other: str | None
    columns: list[str]
    other_columns: list[str]


@dataclass(frozen=True)
class Attached:
    """An index or a trigger of a table, as SQL, and its comment."""

    owner: str
    name: str
    definition: str
    comment: str


@dataclass(frozen=True)
class Policy:
    """A policy of row level security, and the roles it is for."""

    owner: str
    name: str
    command: str
    roles: list[str]
    comment: str


@dataclass(frozen=True)
class Type:
    """An enumeration, or a domain over `base`."""

    name: str
    comment: str
    base: str | None
    labels: list[str]


@dataclass(frozen=True)
class Function:
    """A function, with its source, and the roles that may execute it besides its owner."""

    name: str
    arguments: str
    result: str | None
    comment: str
    source: str
    roles: list[str]


@dataclass(frozen=True)
class Catalog:
    """Everything that is documented, each list in the order it is shown."""

    relations: list[Relation]
    columns: list[Column]
    constraints: list[Constraint]
    indexes: list[Attached]
    triggers: list[Attached]
    policies: list[Policy]
    types: list[Type]
    functions: list[Function]

    @property
    def tables(self) -> list[Relation]:
        """The relations that hold rows."""
        return [relation for relation in self.relations if not relation.is_view]

    @property
    def views(self) -> list[Relation]:
        """The relations that show the rows of others."""
        return [relation for relation in self.relations if relation.is_view]

    def columns_of(self, owner: str) -> list[Column]:
        """Return the columns of a relation, in its order."""
        return [column for column in self.columns if column.owner == owner]

    def primary_key(self, table: str) -> list[str]:
        """Return the names of the columns of a table's primary key; none where it has none."""
        keys = [each.columns for each in self.constraints if each.owner == table and each.kind == "p"]
        return keys[0] if keys else []


def read(connection: psycopg.Connection[TupleRow]) -> Catalog:
    """Read the catalog of the schema that comes first in the session's search_path, where the ecosystem is applied.

    Raises:
        psycopg.Error: the server could not be asked.
    """

    def rows(name: str, kind: type[Row]) -> list[Row]:
        with connection.cursor(row_factory=class_row(kind)) as cursor:
            return cursor.execute((QUERIES / f"{name}.sql").read_bytes()).fetchall()

    return Catalog(
        relations=rows("tables", Relation),
        columns=rows("columns", Column),
        constraints=rows("constraints", Constraint),
        indexes=rows("indexes", Attached),
        triggers=rows("triggers", Attached),
        policies=rows("policies", Policy),
        types=rows("types", Type),
        functions=rows("functions", Function),
    )


def of(owner: str, parts: Sequence[Row]) -> list[Row]:
    """Return those of `parts` that belong to the table `owner`."""
    return [part for part in parts if getattr(part, "owner", None) == owner]
