"""What a step of a plan can do to people who use the database: one sentence each, with live numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class HazardName(StrEnum):
    """The hazards, in the order in which they are shown."""

    DATA_LOSS = "DATA_LOSS"
    PRIVILEGE_WIDENED = "PRIVILEGE_WIDENED"
    RLS_WEAKENED = "RLS_WEAKENED"
    CONSTRAINT_MAY_FAIL = "CONSTRAINT_MAY_FAIL"
    TABLE_REWRITE = "TABLE_REWRITE"
    LONG_LOCK = "LONG_LOCK"
    FULL_SCAN = "FULL_SCAN"
    INDEX_REBUILD = "INDEX_REBUILD"
    DEPENDENTS_DROPPED = "DEPENDENTS_DROPPED"
    RESULTS_KEPT = "RESULTS_KEPT"


REFUSED_UNLESS_ALLOWED = frozenset({HazardName.DATA_LOSS, HazardName.PRIVILEGE_WIDENED, HazardName.RLS_WEAKENED})
"""Hazards that stop a plan unless the stack allows them by name."""

SENTENCES: Mapping[HazardName, str] = {
    HazardName.DATA_LOSS: "{subject}: {amount} would be lost for good ({what}).",
    HazardName.PRIVILEGE_WIDENED: "{subject}: {what}.",
    HazardName.RLS_WEAKENED: "{subject}: {what}; more rows may become visible or writable.",
    HazardName.CONSTRAINT_MAY_FAIL: "{subject}: fails unless the data fits ({what}): {amount}.",
    HazardName.TABLE_REWRITE: "{subject}: the table is written anew while nobody can use it: {amount} ({what}).",
    HazardName.LONG_LOCK: "{subject}: others wait while {amount} are worked on ({what}).",
    HazardName.FULL_SCAN: "{subject}: {amount} are read while others go on working ({what}).",
    HazardName.INDEX_REBUILD: "{subject}: the index is away while it is built over {amount}.",
    HazardName.DEPENDENTS_DROPPED: "{subject}: {what} dropped and made again in the same transaction.",
    HazardName.RESULTS_KEPT: "{subject}: {what} keep what it returned before, until they are made anew.",
}
"""What the user reads; `subject` is the object, `amount` the live number, `what` the act."""


SPEED: Mapping[HazardName, int] = {
    HazardName.TABLE_REWRITE: 40_000_000,
    HazardName.LONG_LOCK: 60_000_000,
    HazardName.FULL_SCAN: 60_000_000,
}
"""Bytes of a table worked through in a second, for an estimate that says so: rewrites with their indexes, and builds of
indexes, took 25 to 150 MB a second on two busy cores; checks alone are four times as fast."""


@dataclass(frozen=True)
class Work:
    """How long something over all rows of a table may take, by its size on disk."""

    bytes: int
    seconds: float

    def __str__(self) -> str:
        size, unit = (self.bytes / 1e9, "GB") if self.bytes >= 1e9 else (self.bytes / 1e6, "MB")
        if self.seconds < 1:
            duration = "less than a second"
        elif self.seconds < 120:
            duration = f"some {self.seconds:.0f} s"
        else:
            duration = f"some {self.seconds / 60:.0f} min"
        return f"{size:,.1f} {unit}, {duration}"


@dataclass(frozen=True)
class Amount:
    """How many rows a hazard concerns; `exact` is false for the planner's estimate; `rows` is None when unknown."""

    rows: int | None
    exact: bool = True
    unit: str = "rows"
    work: Work | None = None

    def __str__(self) -> str:
        work = f" ({self.work})" if self.work else ""
        if self.rows is None:
            return f"an unknown number of {self.unit}{work}"
        noun, _, rest = self.unit.partition(" ")
        unit = f"{noun.removesuffix('s')} {rest}".rstrip() if self.rows == 1 else self.unit
        return f"{self.rows:,} {unit}{work}" if self.exact else f"about {self.rows:,} {unit} (estimate){work}"


@dataclass(frozen=True)
class Probe:
    """How to count the rows a hazard concerns.

    Args:
        relation: the table they are in, quoted for SQL.
        condition: an SQL condition; None is every row.
        column: the bare name of the column whose values count, for an estimate; None is every row.
    """

    relation: str
    condition: str | None = None
    column: str | None = None
    unit: str = "rows"


@dataclass(frozen=True)
class Hazard:
    """A hazard of one step; `amount` is there once it was measured. `subject` is the object's name for `allow`."""

    name: HazardName
    subject: str
    what: str = ""
    probe: Probe | None = None
    amount: Amount | None = field(default=None)

    @property
    def sentence(self) -> str:
        """What the user reads."""
        unit = self.probe.unit if self.probe else "rows"
        return SENTENCES[self.name].format(
            subject=self.subject, what=self.what, amount=self.amount or Amount(None, unit=unit)
        )

    @property
    def key(self) -> str:
        """What `allow` must list, e.g. DATA_LOSS:agent_registry.region."""
        return f"{self.name}:{self.subject}"

    def __str__(self) -> str:
        return f"{self.name} {self.sentence}"
