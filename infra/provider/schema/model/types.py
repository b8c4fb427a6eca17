"""Enums, domains and composite types."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.provider.schema.model.names import Grants
from infra.provider.schema.model.relations import Column, Constraint


@dataclass(frozen=True)
class EnumType:
    """An enum; its labels in sort order."""

    labels: tuple[str, ...]
    owner: str = ""
    grants: Grants = field(default_factory=dict)
    comment: str | None = None


@dataclass(frozen=True)
class Domain:
    """A domain over `base`."""

    base: str
    nullable: bool = True
    default: str | None = None
    collation: str | None = None
    constraints: Mapping[str, Constraint] = field(default_factory=dict)
    owner: str = ""
    grants: Grants = field(default_factory=dict)
    comment: str | None = None


@dataclass(frozen=True)
class Composite:
    """A stand-alone composite type."""

    columns: Mapping[str, Column]
    owner: str = ""
    grants: Grants = field(default_factory=dict)
    comment: str | None = None
