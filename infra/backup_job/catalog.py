"""Which backups there are, and how old the latest is."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from infra.backup_job import latest
from infra.backup_job.errors import BackupError, NotFoundError
from infra.backup_job.manifest import Identity, LatestPointer, Manifest
from infra.backup_job.names import STAMP, Names, moment
from infra.backup_job.store import ObjectStore


def backups(store: ObjectStore, names: Names) -> list[Manifest]:
    """Return every backup's manifest, newest first."""
    return [_manifest(store, key) for key in reversed(store.keys(names.manifests))]


def find(store: ObjectStore, names: Names, at: str) -> Manifest:
    """Return the backup that `at` names.

    Args:
        store: the bucket.
        names: its keys.
        at: `latest`; a backup's YYYYMMDD_HHMMSS; an ISO 8601 moment (UTC unless it says otherwise) for the newest
            backup not after it; or the key of one of a backup's objects.

    Raises:
        BackupError: there is no such backup.
    """
    if at == "latest":
        pointer, _ = latest.read(store, names)
        if pointer is None:
            raise BackupError(f"there is no backup in bucket {store.bucket} yet: make one with `run`")
        return Manifest.parse(store.get_verified(pointer.manifest), pointer.manifest.key)
    if named := STAMP.search(at):
        try:
            return _manifest(store, names.manifest(named[0]))
        except NotFoundError:
            raise BackupError(f"there is no backup of {named[0]} in bucket {store.bucket}: `list` shows them") from None
    return _newest_until(store, names, at)


def _newest_until(store: ObjectStore, names: Names, at: str) -> Manifest:
    try:
        until = datetime.fromisoformat(at)
    except ValueError:
        raise BackupError(f"--at {at!r} is neither latest, YYYYMMDD_HHMMSS, an ISO 8601 moment nor a key") from None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    stamped = [(match[0], key) for key in store.keys(names.manifests) if (match := STAMP.search(key))]
    older = [key for text, key in stamped if moment(text) <= until]
    if not older:
        raise BackupError(f"there is no backup as old as {until.isoformat()}: `list` shows them")
    return _manifest(store, older[-1])


def _manifest(store: ObjectStore, key: str) -> Manifest:
    return Manifest.parse(store.get(key)[0], key)


@dataclass(frozen=True)
class Status:
    """How the newest good backup of a database stands against its limit.

    `other` is the latest backup instead where that is one of another database, from before this one was made.
    """

    pointer: LatestPointer | None
    other: LatestPointer | None
    age: timedelta | None
    limit: timedelta

    @property
    def good(self) -> bool:
        """Whether there is a backup young enough."""
        return self.age is not None and self.age <= self.limit


def status(store: ObjectStore, names: Names, identity: Identity, limit_seconds: float, now: datetime) -> Status:
    """Return the age at `now` of the latest backup, if it is of the database `identity`.

    What a backup holds is as old as its start.
    """
    found, _ = latest.read(store, names)
    pointer = latest.of_database(found, identity)
    age = now - pointer.started if pointer else None
    return Status(pointer, None if pointer else found, age, timedelta(seconds=limit_seconds))
