"""The time a transaction may hold locks that others wait for."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from infra.provider.schema.lock_rules import LockRules
from infra.provider.schema.online.locks import LONG
from infra.provider.schema.steps import Step

if TYPE_CHECKING:
    import psycopg

SHARE_OF_WORK = 0.8
"""Part of the time in which all statements must be done: the rest is for the commit."""

SHARE_OF_WAITING = 0.9
"""Part of the time left that one lock may be waited for, so that it is the lock that is reported and not the time."""


class Budget:
    """Counts from the first statement that can keep others waiting; then no statement runs longer than what is left.

    A phase whose hazards say beforehand that others will wait has no budget: there only waiting for locks is limited.

    Args:
        connection: with the phase's transaction open.
        rules: the time.
        steps: those of the phase, with measured hazards.
    """

    def __init__(self, connection: "psycopg.Connection[Any]", rules: LockRules, steps: Sequence[Step]) -> None:
        self._connection = connection
        self._seconds = rules.timeout / 1000 * SHARE_OF_WORK
        self._limited = not any(hazard.name in LONG for step in steps for hazard in step.hazards)
        self._deadline: float | None = None

    def begin(self) -> None:
        """Let the time begin: the next statement can keep others waiting."""
        if self._limited and self._deadline is None:
            self._deadline = time.monotonic() + self._seconds

    @property
    def left(self) -> int:
        """Milliseconds left, all of them as long as the time has not begun."""
        return int((self._seconds if self._deadline is None else self._deadline - time.monotonic()) * 1000)

    def before(self, step: Step | None = None) -> None:
        """Limit the next statement to the time that is left, once it counts.

        Args:
            step: the one that comes next; None for a statement of the engine's own.

        Raises:
            psycopg.errors.QueryCanceled: none is left.
        """
        import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

        if step is not None and step.blocks:
            self.begin()
        if self._deadline is None:
            return
        left = self.left
        if left < 1:
            raise psycopg.errors.QueryCanceled("the time to hold locks is used up")
        self._connection.execute(
            "SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)",
            (str(left), str(max(1, int(left * SHARE_OF_WAITING)))),
        )
