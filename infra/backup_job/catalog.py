"""Which backups there are."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.backup_job import latest
from infra.backup_job.errors import BackupError, DamagedError
from infra.backup_job.manifest import Manifest, StoredObject
from infra.backup_job.names import STAMP, Names, moment
from infra.backup_job.store import ObjectStore, StoredVersion


@dataclass(frozen=True)
class Entry:
    """A backup: the stamp in its manifest's key, when the store says that was written, and what it says."""

    stamp: str
    written: datetime
    manifest: Manifest


@dataclass(frozen=True)
class Catalog:
    """Every backup that says of itself that it is proven, newest first; why others can not be read, by stamp."""

    entries: list[Entry]
    unreadable: dict[str, str]

    @property
    def backups(self) -> list[Manifest]:
        """What they say."""
        return [entry.manifest for entry in self.entries]

    @property
    def damaged(self) -> list[str]:
        """Why the others can not be read."""
        return list(self.unreadable.values())


def read(store: ObjectStore, names: Names) -> Catalog:
    """Read all manifests."""
    found, unreadable = [], {}
    for stamp, version in reversed(_manifests(store, names).items()):
        try:
            found.append(Entry(stamp, version.modified, _manifest(store, stamp, version)[0]))
        except DamagedError as error:
            unreadable[stamp] = str(error)
    return Catalog(found, unreadable)


def stamps(store: ObjectStore, names: Names) -> list[str]:
    """Return the stamps of all backups, newest first; no manifest is read."""
    return list(reversed(_manifests(store, names)))


def written(store: ObjectStore, names: Names, stamp: str) -> tuple[Manifest, StoredObject]:
    """Return the backup of `stamp`, and the object that its manifest is.

    Raises:
        BackupError: there is no such backup.
        DamagedError: its manifest is not what was written.
    """
    if found := _manifests(store, names, names.manifest(stamp)).get(stamp):
        return _manifest(store, stamp, found)
    raise BackupError(f"there is no proven backup of {stamp} in bucket {store.bucket}: `list` shows them")


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
        return written(store, names, named[0])[0]
    return _newest_until(store, names, at)


def _newest_until(store: ObjectStore, names: Names, at: str) -> Manifest:
    try:
        until = datetime.fromisoformat(at)
    except ValueError:
        raise BackupError(f"--at {at!r} is neither latest, YYYYMMDD_HHMMSS, an ISO 8601 moment nor a key") from None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    older = [(stamp, version) for stamp, version in _manifests(store, names).items() if moment(stamp) <= until]
    if not older:
        raise BackupError(f"there is no backup as old as {until.isoformat()}: `list` shows them")
    return _manifest(store, *older[-1])[0]


def _manifests(store: ObjectStore, names: Names, start: str | None = None) -> dict[str, StoredVersion]:
    """Return the first version of each manifest, by stamp: it is written once, so a later one is somebody else's."""
    found: dict[str, StoredVersion] = {}
    for version in store.versions(start or names.manifests):
        if stamp := names.manifest_stamp(version.key):
            found.setdefault(stamp, version)
    return found


def _manifest(store: ObjectStore, stamp: str, found: StoredVersion) -> tuple[Manifest, StoredObject]:
    """Return what a manifest says, and the object that it is."""
    version = None if found.version == "null" else found.version
    body, _ = store.get(found.key, version)
    manifest = Manifest.parse(body, found.key)
    if manifest.stamp != stamp:
        raise DamagedError(f"{found.key} is damaged: it says that it is the manifest of {manifest.stamp}")
    digest = hashlib.sha256(body).hexdigest()
    return manifest, StoredObject(key=found.key, size=len(body), sha256=digest, version=version)
