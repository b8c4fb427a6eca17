"""How long an update may keep anyone waiting, itself included."""

from dataclasses import dataclass

LOCK_TIMEOUT = 4000
"""Milliseconds, unless the stack says otherwise."""

LOCK_RETRIES = 5
"""How often a phase is tried again, unless the stack says otherwise."""

SMALL_RELATION = 1024 * 1024
"""Bytes up to which a plain statement over all rows of a relation is over in some ten milliseconds."""

FIRST_PAUSE = 0.2
"""Seconds before the first retry; doubled each time, so that a busy moment of any length is outlasted."""

LONGEST_PAUSE = 10.0
"""Seconds no pause exceeds."""


@dataclass(frozen=True)
class LockRules:
    """The rules.

    Args:
        timeout: milliseconds that a statement may wait for a lock, and a transaction may hold blocking ones.
        retries: how often a phase that could not have its locks is tried again.
        small: bytes up to which a relation is small: plain statements do for it.
    """

    timeout: int = LOCK_TIMEOUT
    retries: int = LOCK_RETRIES
    small: int = SMALL_RELATION

    @property
    def pauses(self) -> tuple[float, ...]:
        """Seconds to wait before each retry."""
        return tuple(min(FIRST_PAUSE * 2**number, LONGEST_PAUSE) for number in range(self.retries))
