"""Sequences, those of identity columns among them."""

from dataclasses import dataclass, field

from infra.provider.schema.model.names import Grants, Owned


@dataclass(frozen=True)
class SequenceSettings:
    """A sequence's parameters; None is PostgreSQL's default for the type and direction."""

    type: str = "bigint"
    start: int | None = None
    increment: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    cache: int | None = None
    cycle: bool = False


@dataclass(frozen=True)
class Sequence:
    """A sequence that is no identity column's; `owned_by` is the `Part` `table.column` of a serial one."""

    settings: SequenceSettings = field(default_factory=SequenceSettings)
    owned_by: Owned | None = None
    unlogged: bool = False
    owner: str = ""
    grants: Grants = field(default_factory=dict)
    comment: str | None = None
