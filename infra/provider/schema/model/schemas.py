"""Schemas beside the main one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.provider.schema.model.names import DefaultGrants, Grants


@dataclass(frozen=True)
class Schema:
    """A managed schema that is not the main one; `default_grants` is what new objects are born with in it.

    `owner` is empty where it is who reads, and so makes it.
    """

    owner: str = ""
    grants: Grants = field(default_factory=dict)
    default_grants: DefaultGrants = field(default_factory=dict)
    comment: str | None = None


Schemas = Mapping[str, Schema]
"""Bare name -> schema."""
