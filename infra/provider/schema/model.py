"""What a schema consists of, as immutable values that compare, sort and turn into plain JSON and back.

Every text that PostgreSQL wrote (a type, an expression, a definition) was printed under the search path of
`introspect`, so two equal schemas hold equal strings. A field equal to its default is left out of the JSON.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

from infra.provider.schema.codec import from_json, to_json

Grants = Mapping[str, tuple[str, ...]]
"""Role, or PUBLIC -> privileges in alphabetical order; a trailing * is the grant option."""

DefaultGrants = Mapping[str, Mapping[str, Grants]]
"""Owner -> table, sequence, function, type -> what its new objects are born with."""


class ObjectId(NamedTuple):
    """An object of the managed schema: its kind and its name; `table.part` for what lives on a table."""

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
class Identity:
    """GENERATED `generation` AS IDENTITY, ALWAYS or BY DEFAULT; `name` is its sequence's, if not the usual one."""

    generation: str
    sequence: SequenceSettings = field(default_factory=SequenceSettings)
    name: str | None = None


@dataclass(frozen=True)
class Column:
    """A column of a table, view or composite type; None means what its type brings.

    `not_null` is the name of its NOT NULL constraint where that is not the usual one (PostgreSQL 18 keeps names).
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


def plain(column: Column | None) -> Column | None:
    """Return a parent's column as a partition is born with it: without what belongs to the parent alone."""
    return column and replace(column, comment=None, grants={}, not_null=None, identity=None)


@dataclass(frozen=True)
class Constraint:
    """A constraint; `kind` is primary, unique, check, foreign or exclusion; `references` the foreign key's table."""

    kind: str
    definition: str
    validated: bool = True
    references: str | None = None
    comment: str | None = None


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

    parent: str
    bound: str


@dataclass(frozen=True)
class Table:
    """A table with all that lives on it. A partition lists only the columns that differ from its parent's."""

    columns: Mapping[str, Column]
    constraints: Mapping[str, Constraint] = field(default_factory=dict)
    indexes: Mapping[str, Index] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    triggers: Mapping[str, Trigger] = field(default_factory=dict)
    rls: RowSecurity = field(default_factory=RowSecurity)
    owner: str = ""
    grants: Grants = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    unlogged: bool = False
    partition_key: str | None = None
    partition: Partition | None = None
    replica_identity: str | None = None
    comment: str | None = None


@dataclass(frozen=True)
class View:
    """A view or materialized view."""

    definition: str
    columns: Mapping[str, Column]
    materialized: bool = False
    indexes: Mapping[str, Index] = field(default_factory=dict)
    triggers: Mapping[str, Trigger] = field(default_factory=dict)
    owner: str = ""
    grants: Grants = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    comment: str | None = None


@dataclass(frozen=True)
class Function:
    """A function or procedure; `sql_body` is the printed body of a BEGIN ATOMIC or RETURN one, else `body` is set."""

    kind: str
    name: str
    arguments: str
    returns: str | None
    language: str
    body: str | None
    sql_body: str | None = None
    volatility: str = "VOLATILE"
    parallel: str = "UNSAFE"
    strict: bool = False
    security_definer: bool = False
    leakproof: bool = False
    cost: str | None = None
    rows: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    grants: Grants = field(default_factory=dict)
    comment: str | None = None


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


@dataclass(frozen=True)
class Sequence:
    """A sequence that is no identity column's; `owned_by` is `table.column` for a serial one."""

    settings: SequenceSettings = field(default_factory=SequenceSettings)
    owned_by: str | None = None
    unlogged: bool = False
    owner: str = ""
    grants: Grants = field(default_factory=dict)
    comment: str | None = None


@dataclass(frozen=True)
class Whole:
    """An object that one statement makes whole and that changes by being made anew: see `WHOLE`.

    Args:
        phrase: what DROP, COMMENT ON and OWNER TO call it.
        definition: the statement that makes it.
        more: statements that complete it.
        home: the table or view it lives on and goes with.
        rights: what GRANT calls it; None where there are no rights on it.
    """

    phrase: str
    definition: str
    more: tuple[str, ...] = ()
    home: str | None = None
    rights: str | None = None
    owner: str = ""
    grants: Grants = field(default_factory=dict)
    comment: str | None = None


@dataclass(frozen=True)
class Publication:
    """A publication; `tables` is table -> its column list and WHERE, `whole_schema` means FOR TABLES IN SCHEMA."""

    tables: Mapping[str, str] = field(default_factory=dict)
    all_tables: bool = False
    whole_schema: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    comment: str | None = None


@dataclass(frozen=True)
class Unsupported:
    """An object the engine does not model, by PostgreSQL's identity for it, and the relation it sits on."""

    kind: str
    identity: str
    attached_to: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.identity}"


@dataclass(frozen=True)
class Rename:
    """What the files say was called `old` before; `home` is the table or type it is part of, by its new name."""

    kind: str
    old: str
    new: str
    home: str = ""


@dataclass(frozen=True)
class Catalog:
    """One schema. Equality and fingerprint look at the objects only, not at what planning needs besides.

    `default_grants` is owner -> kind -> what new objects of it are born with in this schema; `global_defaults` the
    same for every schema, in place of PostgreSQL's own; `foreign_defaults` what others set for this schema;
    `inherited_not_null` is `partition.column` -> the unusual name of its NOT NULL, which matters once it is detached;
    `reader` the role that read it, and so owns what is made without a word about its owner.
    """

    tables: Mapping[str, Table] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    enums: Mapping[str, EnumType] = field(default_factory=dict)
    domains: Mapping[str, Domain] = field(default_factory=dict)
    composites: Mapping[str, Composite] = field(default_factory=dict)
    sequences: Mapping[str, Sequence] = field(default_factory=dict)
    aggregates: Mapping[str, Whole] = field(default_factory=dict)
    ranges: Mapping[str, Whole] = field(default_factory=dict)
    collations: Mapping[str, Whole] = field(default_factory=dict)
    operators: Mapping[str, Whole] = field(default_factory=dict)
    casts: Mapping[str, Whole] = field(default_factory=dict)
    ts_dictionaries: Mapping[str, Whole] = field(default_factory=dict)
    ts_configurations: Mapping[str, Whole] = field(default_factory=dict)
    statistics: Mapping[str, Whole] = field(default_factory=dict)
    rules: Mapping[str, Whole] = field(default_factory=dict)
    event_triggers: Mapping[str, Whole] = field(default_factory=dict)
    publications: Mapping[str, Publication] = field(default_factory=dict)
    grants: Grants = field(default_factory=dict)
    comment: str | None = None
    default_grants: DefaultGrants = field(default_factory=dict)
    dependencies: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    global_defaults: DefaultGrants = field(default_factory=dict, compare=False)
    foreign_defaults: DefaultGrants = field(default_factory=dict, compare=False)
    inherited_not_null: Mapping[str, str] = field(default_factory=dict, compare=False)
    reader: str = field(default="", compare=False)
    renames: tuple[Rename, ...] = field(default=(), compare=False)
    unsupported: tuple[Unsupported, ...] = field(default=(), compare=False)

    def to_json(self, *, context: bool = True) -> dict[str, Any]:
        """Return plain nested dicts, lists, strings, numbers and booleans.

        Args:
            context: also what planning needs and comparing does not (dependencies, default privileges of others).
        """
        data: dict[str, Any] = to_json(self if context else self.objects_only())
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` returned; whole numbers may have become floats on the way."""
        return from_json(cls, data)

    def objects_only(self) -> "Catalog":
        """Return this catalog without what planning needs and comparing does not."""
        return replace(
            self,
            dependencies=(),
            global_defaults={},
            foreign_defaults={},
            inherited_not_null={},
            reader="",
            renames=(),
            unsupported=(),
        )

    def objects(self) -> Iterator[tuple[ObjectId, Any]]:
        """Yield every top-level object with its value: what the ledger calls ours."""
        for kind, attribute in TOP_LEVEL.items():
            for name, value in getattr(self, attribute).items():
                yield ObjectId(kind, name), value


TOP_LEVEL = {
    "enum": "enums",
    "domain": "domains",
    "composite": "composites",
    "sequence": "sequences",
    "table": "tables",
    "view": "views",
    "function": "functions",
    "aggregate": "aggregates",
    "range": "ranges",
    "collation": "collations",
    "operator": "operators",
    "cast": "casts",
    "tsdictionary": "ts_dictionaries",
    "tsconfiguration": "ts_configurations",
    "statistics": "statistics",
    "rule": "rules",
    "eventtrigger": "event_triggers",
    "publication": "publications",
}
"""Kind of a top-level object -> the catalog's field that holds it."""

WHOLE = (
    "collation",
    "range",
    "aggregate",
    "operator",
    "cast",
    "tsdictionary",
    "tsconfiguration",
    "statistics",
    "rule",
    "eventtrigger",
)
"""Kinds whose objects are a `Whole`."""


def fingerprint(catalog: Catalog) -> str:
    """Return a stable hash of the catalog's objects: equal catalogs have equal fingerprints."""
    text = json.dumps(catalog.to_json(context=False), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
