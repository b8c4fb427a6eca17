"""Objects that are made whole by one statement."""

from dataclasses import dataclass, field

from infra.provider.schema.model.names import Grants, Named


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
    home: Named | None = None
    rights: str | None = None
    owner: str = ""
    grants: Grants = field(default_factory=dict)
    comment: str | None = None


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
