"""What a plan is made of."""

from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal

from infra.provider.schema.hazards import REFUSED_UNLESS_ALLOWED, Hazard
from infra.provider.schema.model import Catalog, ObjectId

Operation = Literal["create", "update", "delete"]

ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"
SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
SHARE = "SHARE"
NO_LOCK = "none"
"""No lock that a user of a table could wait for."""

BLOCKING = frozenset({ACCESS_EXCLUSIVE, SHARE_ROW_EXCLUSIVE, SHARE})
"""Locks that keep writers of a table waiting; the first keeps readers waiting too."""


@dataclass(frozen=True)
class Step:
    """One statement.

    Args:
        object: what it makes, changes or removes.
        operation: which of the three.
        sql: the statement, without a semicolon at its end, to be run under the search path of `introspect`.
        lock: the table lock it takes; `NO_LOCK` where none matters.
        hazards: what it can do to users.
        phase: steps of one phase share a transaction; phases run in order.
        transactional: whether it may run inside a transaction.
        on: the relations it locks that existed before.
        leaves: the index, as SQL writes it, that a failed attempt outside a transaction may leave invalid.
        alone: whether it has a phase of its own although it may run inside a transaction.
        covers: what else comes or goes with it, e.g. a new table's columns.
        frees: names it gives up: another object's step that takes one (`takes`) comes after it.
        after: what must be there before it although PostgreSQL records no dependency.
        cast: the old and the new type of a column whose values the server must turn into one another.
        side: old for an update that only lets go of what the object leaned on, new for one that only leans on more.
    """

    object: ObjectId
    operation: Operation
    sql: str
    lock: str = NO_LOCK
    hazards: tuple[Hazard, ...] = ()
    phase: int = 1
    transactional: bool = True
    on: tuple[str, ...] = ()
    leaves: str | None = field(default=None, repr=False, compare=False)
    alone: bool = field(default=False, repr=False, compare=False)
    covers: frozenset[ObjectId] = field(default=frozenset(), repr=False, compare=False)
    frees: frozenset[str] = field(default=frozenset(), repr=False, compare=False)
    takes: frozenset[str] = field(default=frozenset(), repr=False, compare=False)
    after: frozenset[ObjectId] = field(default=frozenset(), repr=False, compare=False)
    cast: tuple[str, str] | None = field(default=None, repr=False, compare=False)
    side: Literal["both", "old", "new"] = field(default="both", repr=False, compare=False)

    @property
    def blocks(self) -> tuple[str, ...]:
        """The relations whose writers, and perhaps readers, wait while the step holds its lock."""
        return self.on if self.lock in BLOCKING else ()

    def to_json(self) -> dict[str, Any]:
        """Return the step as documented, stable JSON."""
        return {
            "object": {"kind": self.object.kind, "name": self.object.name},
            "operation": self.operation,
            "sql": self.sql,
            "lock": self.lock,
            "on": list(self.on),
            "phase": self.phase,
            "transactional": self.transactional,
            "hazards": [
                {"name": str(hazard.name), "object": hazard.subject, "sentence": hazard.sentence}
                for hazard in self.hazards
            ],
        }


@dataclass(frozen=True)
class Plan:
    """Ordered steps that turn `current` into `desired`."""

    current: Catalog = field(repr=False)
    desired: Catalog = field(repr=False)
    steps: tuple[Step, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.steps)

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """Every hazard of every step, each once, in the steps' order."""
        return tuple(dict.fromkeys(hazard for step in self.steps for hazard in step.hazards))

    @property
    def phases(self) -> tuple[tuple[Step, ...], ...]:
        """The steps, phase by phase: each phase is one transaction, or one statement outside of any."""
        return tuple(tuple(steps) for _, steps in groupby(self.steps, key=lambda step: step.phase))

    @property
    def sql(self) -> str:
        """The whole plan as a script."""
        return "".join(f"{step.sql};\n" for step in self.steps)


@dataclass(frozen=True)
class Refusal:
    """A hazard that stops the plan, and what to write to let it pass."""

    hazard: Hazard

    def __str__(self) -> str:
        return f"{self.hazard.sentence} To go ahead, add {self.hazard.key} to allow."


def refusals(plan: Plan, allow: list[str]) -> list[Refusal]:
    """Return the hazards of `plan` that refuse it.

    Args:
        plan: preferably measured: a loss of nothing is no loss.
        allow: `HAZARD:object` entries, or `all`.
    """
    if "all" in allow:
        return []
    return [
        Refusal(hazard) for hazard in plan.hazards if hazard.name in REFUSED_UNLESS_ALLOWED and hazard.key not in allow
    ]
