"""Tables and views, and what lives on them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from infra.provider.schema.model.names import Grants, Named
from infra.provider.schema.model.sequences import SequenceSettings


@dataclass(frozen=True)
class Identity:
    """GENERATED `generation` AS IDENTITY, ALWAYS or BY DEFAULT; `name` is its sequence's, if not the usual one."""

    generation: str
    sequence: SequenceSettings = field(default_factory=SequenceSettings)
    name: str | None = None


@dataclass(frozen=True)
class Column:
    """A column of a table, view or composite type; None means what its type brings.

    `not_null` is the name of its NOT NULL constraint where that is not the usual one (PostgreSQL 18 keeps names);
    `sequence_grants` and `sequence_comment` are those of an identity's sequence.
    """

    type: str
    nullable: bool = True
    default: str | None = None
    generated: str | None = None
    virtual: bool = False
    identity: Identity | None = None
    collation: str | None = None
    storage: str | None = None
    compression: str | None = None
    statistics: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    not_null: str | None = None
    grants: Grants = field(default_factory=dict)
    comment: str | None = None
    not_null_comment: str | None = None
    sequence_grants: Grants = field(default_factory=dict)
    sequence_comment: str | None = None


def plain(column: Column | None) -> Column | None:
    """Return a parent's column as a partition is born with it: without what belongs to the parent alone."""
    return column and replace(
        column,
        comment=None,
        grants={},
        not_null=None,
        not_null_comment=None,
        identity=None,
        sequence_grants={},
        sequence_comment=None,
    )


@dataclass(frozen=True)
class Constraint:
    """A constraint; `kind` is primary, unique, check, foreign or exclusion; `references` the foreign key's table.

    `index_comment` is the comment on the index that a key or exclusion stands on, beside the one on itself.
    """

    kind: str
    definition: str
    validated: bool = True
    references: Named | None = None
    comment: str | None = None
    index_comment: str | None = None


@dataclass(frozen=True)
class Index:
    """An index that no constraint owns."""

    definition: str
    valid: bool = True
    comment: str | None = None


@dataclass(frozen=True)
class Policy:
    """A row level security policy."""

    command: str = "ALL"
    permissive: bool = True
    roles: tuple[str, ...] = ("PUBLIC",)
    using: str | None = None
    check: str | None = None
    comment: str | None = None


@dataclass(frozen=True)
class Trigger:
    """A trigger; `enabled` is ORIGIN, DISABLED, REPLICA or ALWAYS."""

    definition: str
    enabled: str = "ORIGIN"
    comment: str | None = None


@dataclass(frozen=True)
class RowSecurity:
    """The two row level security switches of a table."""

    enabled: bool = False
    forced: bool = False


@dataclass(frozen=True)
class Partition:
    """What makes a table a partition: its parent and its bound."""

    parent: Named
    bound: str


@dataclass(frozen=True)
class Share:
    """A partition's part of an index of its parent.

    `kind` is that of the constraint it is for, if any, and `definition` then the constraint's; `own` says that this
    constraint is the partition's alone.
    """

    name: Named
    parent: Named
    definition: str
    kind: str | None = None
    own: bool = False


@dataclass(frozen=True)
class Table:
    """A table with all that lives on it. A partition lists only the columns that differ from its parent's.

    `part_names` is an index of its parent -> the name of its own part of it, where that was somebody's choice.
    """

    columns: Mapping[str, Column]
    constraints: Mapping[str, Constraint] = field(default_factory=dict)
    indexes: Mapping[Named, Index] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    triggers: Mapping[str, Trigger] = field(default_factory=dict)
    rls: RowSecurity = field(default_factory=RowSecurity)
    owner: str = ""
    grants: Grants = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    unlogged: bool = False
    partition_key: str | None = None
    partition: Partition | None = None
    part_names: Mapping[Named, Named] = field(default_factory=dict)
    replica_identity: str | None = None
    comment: str | None = None


@dataclass(frozen=True)
class View:
    """A view or materialized view."""

    definition: str
    columns: Mapping[str, Column]
    materialized: bool = False
    indexes: Mapping[Named, Index] = field(default_factory=dict)
    triggers: Mapping[str, Trigger] = field(default_factory=dict)
    owner: str = ""
    grants: Grants = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    comment: str | None = None
