"""Functions and procedures."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.provider.schema.model.names import Grants, Named


@dataclass(frozen=True)
class Function:
    """A function or procedure; `sql_body` is the printed body of a BEGIN ATOMIC or RETURN one, else `body` is set."""

    kind: str
    name: Named
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
