"""How the second destination stands: what its latest backup is, or why that can not be told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from infra.backup_job import latest
from infra.backup_job.errors import BackupError
from infra.backup_job.manifest import LatestPointer
from infra.backup_job.names import Names
from infra.backup_job.settings import Settings
from infra.backup_job.store import ObjectStore

GRACE = timedelta(hours=1)
"""How long after its proof a backup may still be on its way to the second destination."""


@dataclass(frozen=True)
class Second:
    """The second destination: its latest backup, None where it has none, and the error that kept it from telling."""

    bucket: str
    pointer: LatestPointer | None
    error: str | None = None

    def has(self, pointer: LatestPointer) -> bool:
        """Say whether the backup of `pointer` is its latest, too."""
        return self.pointer is not None and self.pointer.stamp == pointer.stamp

    def trouble(self, pointer: LatestPointer | None, now: datetime) -> str | None:
        """Return what is wrong, and what to do, None if nothing is.

        Args:
            pointer: the latest backup of the first destination.
            now: the present moment.
        """
        if self.error is not None:
            return f"the second destination does not tell what it has: {self.error}"
        if pointer is None or self.has(pointer) or now - pointer.proof.moment <= GRACE:
            return None
        held = f"its latest is {self.pointer.stamp}" if self.pointer else "it has none"
        return (
            f"backup {pointer.stamp} is not in the second destination, bucket {self.bucket} ({held}): the log of the "
            "job says why; the next `run` copies what is missing"
        )

    def facts(self, pointer: LatestPointer | None) -> dict[str, Any]:
        """Return what `status --json` prints of it."""
        return {
            "bucket": self.bucket,
            "latest": self.pointer.stamp if self.pointer else None,
            "copied": pointer is not None and self.has(pointer),
            "error": self.error,
        }

    def samples(self, pointer: LatestPointer | None) -> list[tuple[str, str, float]]:
        """Return its metrics: name, what it means, value."""
        words = "1: the latest backup is in the second destination, too, 0: it is not"
        found: list[tuple[str, str, float]] = [("second_copied", words, pointer is not None and self.has(pointer))]
        if self.pointer is not None:
            words = "when the latest backup in the second destination began"
            found.append(("second_last_success_timestamp_seconds", words, self.pointer.started.timestamp()))
        return found


def read(settings: Settings) -> Second | None:
    """Return how the second destination of `settings` stands, None without one; one that is silent costs seconds."""
    if settings.second is None:
        return None
    bucket = settings.second.s3_bucket
    try:
        pointer, _ = latest.read(ObjectStore(settings.second, hurried=True), Names(settings.prefix))
    except BackupError as error:
        return Second(bucket, None, str(error))
    return Second(bucket, pointer)
