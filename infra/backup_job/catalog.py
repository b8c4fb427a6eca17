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
class Catalog:
    """Every backup that says of itself that it is proven, newest first, and what could not be read, each with why."""

    backups: list[Manifest]
    damaged: list[str]


def read(store: ObjectStore, names: Names) -> Catalog:
    """Read all manifests."""
    found, damaged = [], []
    for version in reversed(_manifests(store, names)):
        try:
            found.append(_manifest(store, version.key, version.version))
        except DamagedError as error:
            damaged.append(str(error))
    return Catalog(found, damaged)


def stamps(store: ObjectStore, names: Names) -> list[str]:
    """Return the stamps of all backups, newest first; no manifest is read."""
    return [match[0] for found in reversed(_manifests(store, names)) if (match := STAMP.search(found.key))]


def written(store: ObjectStore, names: Names, stamp: str) -> tuple[Manifest, StoredObject]:
    """Return the backup of `stamp`, and the object that its manifest is.

    Raises:
        BackupError: there is no such backup.
        DamagedError: its manifest is not what was written.
    """
    key = names.manifest(stamp)
    for found in _manifests(store, names, key):
        version = None if found.version == "null" else found.version
        body, _ = store.get(key, version)
        digest = hashlib.sha256(body).hexdigest()
        return Manifest.parse(body, key), StoredObject(key=key, size=len(body), sha256=digest, version=version)
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
    stamped = [(match[0], version) for version in _manifests(store, names) if (match := STAMP.search(version.key))]
    older = [version for text, version in stamped if moment(text) <= until]
    if not older:
        raise BackupError(f"there is no backup as old as {until.isoformat()}: `list` shows them")
    return _manifest(store, older[-1].key, older[-1].version)


def _manifests(store: ObjectStore, names: Names, start: str | None = None) -> list[StoredVersion]:
    """Return the first version of each manifest, by key: it is written once, so a later one is somebody else's."""
    found: dict[str, StoredVersion] = {}
    for version in store.versions(start or names.manifests):
        found.setdefault(version.key, version)
    return list(found.values())


def _manifest(store: ObjectStore, key: str, version: str) -> Manifest:
    return Manifest.parse(store.get(key, None if version == "null" else version)[0], key)
