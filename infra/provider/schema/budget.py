"""The time a transaction may hold locks that others wait for, and may wait itself while it holds one."""

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

SHORTEST_WAIT = 10
"""Milliseconds that a lock may always be waited for."""


class Budget:
    """Two clocks of one transaction.

    The first runs from the first statement that can keep others waiting: no statement runs longer than what is left of
    the lock timeout. A phase whose hazards say beforehand that others will wait has no such limit.

    The second runs from the first lock that is held. Whoever holds a lock and waits for another can be half of a
    deadlock, and after `deadlock_timeout` PostgreSQL ends the statement of either half. So that it is never a user's,
    nothing is waited for longer than that, counted from the first lock: the update gives way and tries again.

    Args:
        connection: with the phase's transaction open.
        rules: the time.
        steps: those of the phase, with measured hazards.
    """

    def __init__(self, connection: "psycopg.Connection[Any]", rules: LockRules, steps: Sequence[Step]) -> None:
        self._connection = connection
        self._timeout = rules.timeout
        self._limited = not any(hazard.name in LONG for step in steps for hazard in step.hazards)
        self._deadline: float | None = None
        self._waiting_ends: float | None = None

    @property
    def runs(self) -> bool:
        """Whether a clock has begun to run: from then on each statement is limited to what is left."""
        return self._deadline is not None

    @property
    def left(self) -> int:
        """Milliseconds until all must be done; all of them as long as the clock has not begun to run."""
        if self._deadline is None:
            return int(self._timeout * SHARE_OF_WORK)
        return int((self._deadline - time.monotonic()) * 1000)

    def before(self, *, blocking: bool) -> None:
        """Limit the next statement.

        Args:
            blocking: whether it can keep others waiting.

        Raises:
            psycopg.errors.QueryCanceled: no time is left.
        """
        import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

        if self._deadline is None:
            if not blocking:
                return
            self._deadline = time.monotonic() + self._timeout * SHARE_OF_WORK / 1000
        left = self.left
        if self._limited and left < 1:
            raise psycopg.errors.QueryCanceled("the time to hold locks is used up")
        wait = left * SHARE_OF_WAITING if self._limited else self._timeout
        if self._waiting_ends is not None:
            wait = min(wait, (self._waiting_ends - time.monotonic()) * 1000)
        self._connection.execute(
            "SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)",
            (str(left if self._limited else 0), str(max(SHORTEST_WAIT, int(wait)))),
        )

    def holds(self) -> None:
        """Note that a lock is held that others can wait for."""
        if self._waiting_ends is None:
            row = self._connection.execute(
                "SELECT setting::int FROM pg_settings WHERE name = 'deadlock_timeout'"
            ).fetchone()
            self._waiting_ends = time.monotonic() + (row[0] if row else 1000) * SHARE_OF_WORK / 1000
