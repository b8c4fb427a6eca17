"""All of the managed schemas, its plain JSON and its fingerprint."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from infra.provider.schema.codec import from_json, to_json
from infra.provider.schema.model.extensions import MANAGED, Extension
from infra.provider.schema.model.functions import Function
from infra.provider.schema.model.names import DefaultGrants, Grants, Named, ObjectId, Rename, Unsupported
from infra.provider.schema.model.publications import Publication
from infra.provider.schema.model.relations import Share, Table, View
from infra.provider.schema.model.schemas import Schemas
from infra.provider.schema.model.sequences import Sequence
from infra.provider.schema.model.types import Composite, Domain, EnumType
from infra.provider.schema.model.wholes import Whole


@dataclass(frozen=True)
class Catalog:
    """The managed schemas. Equality and fingerprint look at the objects only, not at what planning needs besides.

    What is in the main schema goes by its bare name; `schemas` are the others, and what is in them has a `Name`.
    `others` names all schemas beside the main one that were read, those that do not exist or are not ours included.
    `grants` and `revoked` are about the main schema itself: what a role may do, and what the files take from one,
    whoever gave it; `default_grants` is owner -> kind -> what new objects of it are born with in this schema;
    `global_defaults` the same for every schema, in place of PostgreSQL's own; `foreign_defaults` what others set for
    this schema, `foreign_defaults_beside` for each of the others;
    `inherited_not_null` is `partition.column` -> the unusual name of its NOT NULL, which matters once it is detached;
    `named_apart` the partitions with a NOT NULL of another name than their parent's, `shares` each partition's parts of
    its parent's indexes, which only matter when the partition is made;
    `extension_tables` is extension -> its tables -> which rows are users', empty for all; `extension_comments` the
    comments that they come with, where they have another one, `extension_names` their functions and types;
    `settable_defaults` the owners whose default privileges the reader may change;
    `names_not_null` whether the server keeps NOT NULL under a name (PostgreSQL 18 on);
    `reader` the role that read it, and so owns what is made without a word about its owner.
    """

    extensions: Mapping[str, Extension] = field(default_factory=dict)
    schemas: Schemas = field(default_factory=dict)
    tables: Mapping[Named, Table] = field(default_factory=dict)
    views: Mapping[Named, View] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    enums: Mapping[Named, EnumType] = field(default_factory=dict)
    domains: Mapping[Named, Domain] = field(default_factory=dict)
    composites: Mapping[Named, Composite] = field(default_factory=dict)
    sequences: Mapping[Named, Sequence] = field(default_factory=dict)
    aggregates: Mapping[Named, Whole] = field(default_factory=dict)
    ranges: Mapping[Named, Whole] = field(default_factory=dict)
    collations: Mapping[Named, Whole] = field(default_factory=dict)
    operators: Mapping[str, Whole] = field(default_factory=dict)
    casts: Mapping[str, Whole] = field(default_factory=dict)
    ts_dictionaries: Mapping[Named, Whole] = field(default_factory=dict)
    ts_configurations: Mapping[Named, Whole] = field(default_factory=dict)
    statistics: Mapping[Named, Whole] = field(default_factory=dict)
    rules: Mapping[str, Whole] = field(default_factory=dict)
    event_triggers: Mapping[str, Whole] = field(default_factory=dict)
    publications: Mapping[str, Publication] = field(default_factory=dict)
    grants: Grants = field(default_factory=dict)
    revoked: Grants = field(default_factory=dict)
    comment: str | None = None
    default_grants: DefaultGrants = field(default_factory=dict)
    others: tuple[str, ...] = field(default=(), compare=False)
    dependencies: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    global_defaults: DefaultGrants = field(default_factory=dict, compare=False)
    foreign_defaults: DefaultGrants = field(default_factory=dict, compare=False)
    foreign_defaults_beside: Mapping[str, DefaultGrants] = field(default_factory=dict, compare=False)
    settable_defaults: tuple[str, ...] = field(default=(), compare=False)
    inherited_not_null: Mapping[str, str] = field(default_factory=dict, compare=False)
    named_apart: tuple[Named, ...] = field(default=(), compare=False)
    shares: Mapping[Named, tuple[Share, ...]] = field(default_factory=dict, compare=False)
    extension_tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict, compare=False)
    extension_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    extension_comments: Mapping[str, str] = field(default_factory=dict, compare=False)
    names_not_null: bool = field(default=False, compare=False)
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
        return from_json(cls, data, tuple(sorted({*data.get("schemas", ()), *data.get("others", ())})))

    def objects_only(self) -> "Catalog":
        """Return this catalog without what planning needs and comparing does not."""
        return replace(
            self,
            others=(),
            dependencies=(),
            global_defaults={},
            foreign_defaults={},
            foreign_defaults_beside={},
            settable_defaults=(),
            inherited_not_null={},
            named_apart=(),
            shares={},
            extension_tables={},
            extension_comments={},
            extension_names={},
            names_not_null=False,
            reader="",
            renames=(),
            unsupported=(),
        )

    def holds(self, extension: Extension) -> bool:
        """Say whether an extension lives in a managed schema."""
        return extension.schema == MANAGED or extension.schema in self.schemas

    def objects(self) -> Iterator[tuple[ObjectId, Any]]:
        """Yield every top-level object with its value: what the ledger calls ours."""
        for kind, attribute in TOP_LEVEL.items():
            for name, value in getattr(self, attribute).items():
                yield ObjectId(kind, name), value


TOP_LEVEL = {
    "schema": "schemas",
    "extension": "extensions",
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


def fingerprint(catalog: Catalog) -> str:
    """Return a stable hash of the catalog's objects: equal catalogs have equal fingerprints."""
    text = json.dumps(catalog.to_json(context=False), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
