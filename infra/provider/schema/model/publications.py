"""Publications."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.provider.schema.model.names import Named


@dataclass(frozen=True)
class Publication:
    """A publication; `tables` is table -> its column list and WHERE.

    `whole_schema` means FOR TABLES IN SCHEMA of the main one, `whole_schemas` names others of which it publishes all.
    """

    tables: Mapping[Named, str] = field(default_factory=dict)
    all_tables: bool = False
    whole_schema: bool = False
    whole_schemas: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    comment: str | None = None
