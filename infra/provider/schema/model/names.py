"""How the model names things: objects, roles and their rights, what is renamed, what is not modelled."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple, Self

from infra.provider.schema.identifiers import named, part_of

Named = Annotated[str, named]
"""The name of a relation, an index, a type or the like: bare in the main schema, a `Name` in another."""

Owned = Annotated[str, part_of]
"""The column that a sequence belongs to, a `Part`."""

Grants = Mapping[str, tuple[str, ...]]
"""Role, or PUBLIC -> privileges in alphabetical order; a trailing * is the grant option."""

DefaultGrants = Mapping[str, Mapping[str, Grants]]
"""Owner -> table, sequence, function, type -> what its new objects are born with."""


class ObjectId(NamedTuple):
    """An object of the managed schemas: its kind and its name; `table.part` for what lives on a table."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote."""
        kind, _, name = text.partition(" ")
        return cls(kind, name)


@dataclass(frozen=True)
class Unsupported:
    """An object the engine does not model, by PostgreSQL's identity for it, and the relation it sits on.

    `schema` is the one it is in where that is not the main one.
    """

    kind: str
    identity: str
    attached_to: str | None = None
    schema: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.identity}"


@dataclass(frozen=True)
class Rename:
    """What the files say was called `old` before; `home` is the table or type it is part of, by its new name."""

    kind: str
    old: Named
    new: Named
    home: Named = ""
