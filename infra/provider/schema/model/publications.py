"""Publications."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Publication:
    """A publication; `tables` is table -> its column list and WHERE, `whole_schema` means FOR TABLES IN SCHEMA."""

    tables: Mapping[str, str] = field(default_factory=dict)
    all_tables: bool = False
    whole_schema: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    comment: str | None = None
