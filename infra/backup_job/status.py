"""How the newest proven backup of a database stands: for people, for monitors, for Prometheus."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from cronsim import CronSim

from infra.backup_job import latest, prune_report, report, second_status
from infra.backup_job.errors import DamagedError
from infra.backup_job.manifest import Identity, LatestPointer
from infra.backup_job.names import Names
from infra.backup_job.prune_report import PruneReport
from infra.backup_job.second_status import Second
from infra.backup_job.settings import Settings
from infra.backup_job.store import ObjectStore

GRACE = timedelta(minutes=30)
"""How long after its moment a scheduled backup may still be under way."""


class Level(IntEnum):
    """A monitor's verdict: its number is the exit code."""

    FINE = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True)
class Status:
    """The newest proven backup of a database, and the verdict on it.

    `other` is the latest backup instead where that is one of another database, from before this one was made.
    `pruning` is what the last pruning left, `second` the second destination.
    """

    stack: str
    level: Level
    reason: str
    pointer: LatestPointer | None
    other: LatestPointer | None
    age: timedelta | None
    limit: timedelta
    pruning: PruneReport | None = None
    second: Second | None = None

    def facts(self) -> dict[str, Any]:
        """Return what `status --json` prints."""
        pointer = self.pointer
        return {
            "level": self.level.name.lower(),
            "reason": self.reason,
            "good": self.level <= Level.WARNING,
            "stack": self.stack,
            "stamp": pointer.stamp if pointer else None,
            "age_seconds": round(self.age.total_seconds()) if self.age is not None else None,
            "limit_seconds": self.limit.total_seconds(),
            "bytes": pointer.data.size if pointer else None,
            "duration_seconds": pointer.seconds if pointer else None,
            "proof": pointer.proof.method if pointer else None,
            "proof_seconds": pointer.proof.seconds if pointer else None,
            "proof_checks": pointer.proof.checks if pointer else None,
            "latest_of_another_database": self.other.stamp if self.other else None,
            "pruning": self.pruning.model_dump(mode="json", exclude={"format"}) if self.pruning else None,
            "second": self.second.facts(pointer) if self.second else None,
        }

    def text(self) -> str:
        """Return one line for a person."""
        if self.pointer is None or self.age is None:
            return self.reason
        parts = [
            f"last backup {self.pointer.stamp}",
            f"{short(self.age.total_seconds())} old",
            f"limit {short(self.limit.total_seconds())}",
            report.size(self.pointer.data.size),
            f"taken in {short(self.pointer.seconds)}",
            "proven by a restore" if self.pointer.proof.method == "restore" else "read back only",
        ]
        if self.pruning and self.pruning.error is None:
            since = short((self.pointer.started + self.age - self.pruning.moment).total_seconds())
            parts.append(f"pruned {since} ago ({self.pruning.stay} stay, {self.pruning.went} went)")
        if self.second and self.second.has(self.pointer):
            parts.append(f"also in bucket {self.second.bucket}")
        return f"{self.reason}: {', '.join(parts)}"


def judge(
    settings: Settings,
    found: LatestPointer | None,
    identity: Identity,
    now: datetime,
    pruning: PruneReport | DamagedError | None = None,
    second: Second | None = None,
) -> Status:
    """Return the verdict on the backups of a database; what comes after them is never worse than a warning.

    Args:
        settings: the schedule and the limit of age.
        found: the latest backup in the bucket, whosever it is.
        identity: the database.
        now: the present moment; what a backup holds is as old as its start.
        pruning: what the last pruning left, or that it can not be read.
        second: the second destination, None without one.
    """
    pointer = latest.of_database(found, identity)
    limit = timedelta(seconds=settings.max_age_seconds)
    age = now - pointer.started if pointer else None
    level, reason = _verdict(settings, pointer, found, now)
    trouble = str(pruning) if isinstance(pruning, DamagedError) else None
    made = None if isinstance(pruning, DamagedError) else pruning
    if pointer is not None and trouble is None and settings.pruning:
        trouble = prune_report.trouble(made, pointer, now)
    for words in (trouble, second.trouble(pointer, now) if second else None):
        if words is not None:
            reason = words if level is Level.FINE else f"{reason}; {words}"
            level = max(level, Level.WARNING)
    return Status(settings.stack, level, reason, pointer, None if pointer else found, age, limit, made, second)


def read(settings: Settings, identity: Identity, now: datetime) -> Status:
    """Return the verdict on the latest backup in the bucket of `settings`.

    Raises:
        BackupError: the store does not tell.
    """
    store, names = ObjectStore(settings), Names(settings.prefix)
    found, _ = latest.read(store, names)
    pruning: PruneReport | DamagedError | None
    try:
        pruning, _ = prune_report.read(store, names)
    except DamagedError as error:
        pruning = error
    return judge(settings, found, identity, now, pruning, second_status.read(settings))


def _verdict(
    settings: Settings, pointer: LatestPointer | None, found: LatestPointer | None, now: datetime
) -> tuple[Level, str]:
    if pointer is None and found is not None:
        return Level.CRITICAL, f"no backup of this database yet: the latest one, {found.stamp}, is of another"
    if pointer is None:
        return Level.CRITICAL, f"no backup of stack {settings.stack} yet"
    if latest.in_future(pointer, now):
        return Level.CRITICAL, "its moment lies in the future: look at the clocks, then take another with `run`"
    if now - pointer.started > timedelta(seconds=settings.max_age_seconds):
        return Level.CRITICAL, "too old"
    if pointer.proof.method != "restore":
        return Level.WARNING, "not proven by a restore"
    if now > next(CronSim(settings.schedule, pointer.started)) + GRACE:
        return Level.WARNING, "a scheduled backup is overdue"
    return Level.FINE, "good"


def prometheus(status: Status) -> str:
    """Return the status as Prometheus reads it, one sample a line."""
    pointer, age = status.pointer, status.age
    samples: list[tuple[str, str, float]] = [("status", "verdict: 0 fine, 1 warning, 2 critical", int(status.level))]
    if pointer is not None and age is not None:
        samples += [
            ("last_success_timestamp_seconds", "when the latest proven backup began", pointer.started.timestamp()),
            ("age_seconds", "its age", age.total_seconds()),
            ("duration_seconds", "how long it took, its proof included", pointer.seconds),
            ("proof_seconds", "how long its proof took", pointer.proof.seconds),
            ("size_bytes", "its dump as it is stored", pointer.data.size),
            ("restored", "1: proven by a restore, 0: read back only", int(pointer.proof.method == "restore")),
        ]
    if pruning := status.pruning:
        samples += [
            ("prune_failed", "1: the last pruning failed, 0: it did not", int(pruning.error is not None)),
            ("prune_timestamp_seconds", "when the last pruning was", pruning.moment.timestamp()),
        ]
        if pruning.last_success is not None:
            words = "when the last pruning that did not fail was"
            samples.append(("prune_last_success_timestamp_seconds", words, pruning.last_success.timestamp()))
        if pruning.error is None:
            samples.append(("prune_locked", "what a lock kept it from deleting", pruning.locked))
    if status.second is not None:
        samples += status.second.samples(pointer)
    samples.append(("limit_seconds", "the age that is too old", status.limit.total_seconds()))
    label = status.stack.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    lines = []
    for name, words, value in samples:
        metric = f"agent_ecosystem_backup_{name}"
        lines += [f"# HELP {metric} {words}", f"# TYPE {metric} gauge", f'{metric}{{stack="{label}"}} {value:.15g}']
    return "\n".join(lines) + "\n"


def short(seconds: float) -> str:
    """Return a span of time for people.

    >>> short(90), short(7200)
    ('90 s', '2 h')
    """
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
