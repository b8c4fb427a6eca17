"""The second destination: proven backups are copied into another bucket, under the same keys, and read from there."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.backup_job import catalog, latest, names, progress
from infra.backup_job.errors import BackupError, DamagedError, NotFoundError, StoreError
from infra.backup_job.manifest import StoredObject
from infra.backup_job.names import ENDING, Names
from infra.backup_job.report import Report
from infra.backup_job.settings import Settings
from infra.backup_job.store import ObjectStore
from infra.backup_job.streams import Download


def there(settings: Settings) -> Settings:
    """Return `settings` with the second destination in the place of the first.

    Raises:
        BackupError: there is none.
    """
    if settings.second is None:
        raise BackupError(
            "there is no second destination: set second_bucket ($BACKUP_SECOND_BUCKET) and what leads to it"
        )
    return settings.second


@dataclass(frozen=True)
class Copies:
    """The copies in `target` of the backups in `source`; one process at a time makes them.

    `target` has every backup from its oldest copy on: a later one that it lacks was missed, an earlier one was taken
    away by its own rules, or is from before it was named.
    """

    source: ObjectStore
    target: ObjectStore
    prefix: str
    report: Report

    @property
    def names(self) -> Names:
        """The keys, the same in both."""
        return Names(self.prefix)

    def catch_up(self) -> list[str]:
        """Copy what is missing, the newest backup first, which becomes the latest as soon as it is there.

        Returns:
            What could not be copied because it is damaged or lost, each with why; the others are copied all the same.

        Raises:
            BackupError: a store does not answer or refuses, or `target` has a newer backup than `source`.
        """
        self.target.abort_uploads(f"{self.prefix}/")  # what killed runs left
        found, present = self._stamps(self.source), self._stamps(self.target)
        damaged = []
        for stamp in missing(found, present):
            try:
                self._copy(stamp)
            except (DamagedError, NotFoundError) as error:
                damaged.append(str(error))
                continue
            present.append(stamp)
            self._point_to(found[0], present)
        self._point_to(found[0], present)
        return damaged

    def _stamps(self, store: ObjectStore) -> list[str]:
        """Return the stamps of its backups, newest first; those of the future are never the latest."""
        limit = names.stamp(datetime.now(UTC) + names.CLOCKS)
        return [stamp for stamp in catalog.stamps(store, self.names) if stamp <= limit]

    def _copy(self, stamp: str) -> None:
        """Copy one backup, its manifest last: what has none is no backup.

        The manifest names the versions that the copies have in their own bucket, and is the same otherwise.
        """
        begun = time.monotonic()
        manifest, _ = catalog.written(self.source, self.names, stamp)
        copied = manifest.model_copy(
            update={part: self._object(getattr(manifest, part)) for part in ("schema_sql", "globals", "data")}
        )
        self.target.put_new(self.names.manifest(stamp), copied.to_bytes())
        self.report(
            "copied to the second destination",
            stamp=stamp,
            bucket=self.target.bucket,
            bytes=manifest.data.size,
            seconds=round(time.monotonic() - begun, 3),
        )

    def _object(self, stored: StoredObject) -> StoredObject:
        """Copy an object as it is stored, unless an interrupted copy left it there, whole.

        Raises:
            DamagedError: what `source` gives, or `target` has, is not what was stored.
        """
        if (left := self._left(stored)) is not None:
            return left
        with (
            progress.step("copying to the second destination", stored.size) as step,
            self.source.download(stored) as download,
            self.target.upload(stored.key) as upload,
        ):
            while block := download.read():
                upload.write(block)
                step.done = download.size
            _require_same(download, stored, self.source, "take another backup with `run`")
        return stored.model_copy(update={"version": upload.version})

    def _left(self, stored: StoredObject) -> StoredObject | None:
        """Return the object under this key in `target`, None if there is none."""
        for found in self.target.versions(stored.key):
            if found.key == stored.key:
                version = None if found.version == "null" else found.version
                left = stored.model_copy(update={"version": version})
                with self.target.download(left) as download:
                    download.drain()
                _require_same(download, left, self.target, "delete it there, all its versions, and it is copied again")
                return left
        return None

    def _point_to(self, newest: str, present: list[str]) -> None:
        """Make the newest backup the latest in `target`, by the rule of `source`: no older one replaces a newer one."""
        pointer = latest.current(self.target, self.names, datetime.now(UTC)).pointer
        if newest not in present or (pointer is not None and pointer.stamp == newest):
            return
        if pointer is not None and pointer.stamp > newest:
            raise BackupError(
                f"bucket {self.target.bucket} at {self.target.endpoint} has a newer latest backup, {pointer.stamp}: "
                "name a bucket that no other stack uses, or look at the clocks of the machines that make backups"
            )
        manifest, stored = catalog.written(self.target, self.names, newest)
        latest.move(self.target, Names(self.prefix, ENDING if manifest.encryption else ""), manifest, stored)


def missing(found: list[str], present: list[str]) -> list[str]:
    """Return which of the backups `found`, newest first, are to be copied beside those `present`.

    >>> missing(["4", "3", "2", "1"], ["3"]), missing(["4", "3", "2", "1"], ["2"]), missing(["2", "1"], [])
    (['4'], ['4', '3'], ['2'])
    """
    oldest = min(present, default=found[0])
    return [stamp for stamp in found if stamp >= oldest and stamp not in present]


def catch_up(settings: Settings, elsewhere: Settings, report: Report) -> str | None:
    """Copy the proven backups that the second destination lacks; return what failed, with what to do, else None.

    Args:
        settings: the job's.
        elsewhere: the same with the second destination in the place of the first.
        report: told what was copied.
    """
    copies = Copies(ObjectStore(settings), ObjectStore(elsewhere), settings.prefix, report)
    try:
        problems = copies.catch_up()
    except StoreError as error:
        problems = [f"{error}; the next run copies what is missing"]
    except BackupError as error:
        problems = [str(error)]
    return "; ".join(problems) or None


def _require_same(download: Download, stored: StoredObject, store: ObjectStore, advice: str) -> None:
    if (download.size, download.sha256) != (stored.size, stored.sha256):
        raise DamagedError(
            f"{stored.key} in bucket {store.bucket} at {store.endpoint} is damaged: it has {download.size} bytes of "
            f"{stored.size}, SHA-256 {download.sha256} for {stored.sha256}: {advice}"
        )
