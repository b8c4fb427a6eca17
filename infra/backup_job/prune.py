"""Old backups are deleted, by an identity of its own: the one that writes them need not be able to."""

from collections.abc import Iterator
from dataclasses import dataclass

from infra.backup_job import catalog, latest
from infra.backup_job.errors import BackupError, StoreError
from infra.backup_job.manifest import LatestPointer, Manifest
from infra.backup_job.names import ENDING, Names
from infra.backup_job.retention import kept
from infra.backup_job.settings import Settings, StoreSettings
from infra.backup_job.store import ObjectStore, StoredVersion


@dataclass(frozen=True)
class Pruned:
    """Stamps of backups: the latest, those that stay, that went, that are locked, and that the store did not let go.

    The last two say why, and name versions of the copies `latest_*` as well.
    """

    latest: str
    stay: list[str]
    went: list[str]
    locked: dict[str, str]
    refused: dict[str, str]


def prune(settings: StoreSettings, *, dry_run: bool) -> Pruned:
    """Delete what `settings.retention` does not keep, of the latest backup's database and no other.

    The latest backup stays whatever its age. A manifest goes last: half a deleted backup is still listed, and tried
    again. A backup of which a lock holds any part stays whole until the lock ends.

    Raises:
        BackupError: there is no proven backup, or the store does not answer.
    """
    store, names = ObjectStore(settings), Names(settings.prefix)
    pointer, _ = latest.read(store, names)
    if pointer is None:
        raise BackupError(f"no proven backup in bucket {store.bucket}: nothing is pruned before there is one")
    found = [manifest for manifest in catalog.read(store, names).backups if _is_ours(manifest, pointer.identity)]
    moments = kept([manifest.started for manifest in found], settings.retention)
    stay = [manifest for manifest in found if manifest.started in moments or manifest.stamp == pointer.stamp]
    pruned = Pruned(pointer.stamp, [manifest.stamp for manifest in stay], [], {}, {})
    for manifest in found:
        if manifest in stay:
            continue
        versions = _parts(store, names, manifest)
        if _deleted(store, versions, manifest.stamp, pruned, dry_run=dry_run):
            pruned.went.append(manifest.stamp)
    for key, former in _former_copies(store, names, pointer):
        free = [version for version in former if store.lock(version) is None]
        _deleted(store, free, f"former versions of {key}", pruned, dry_run=dry_run)
        if held := [version for version in former if version not in free]:
            pruned.locked[f"{len(held)} former versions of {key}"] = f"the last one {store.lock(held[-1])}"
    return pruned


def _deleted(store: ObjectStore, versions: list[StoredVersion], what: str, pruned: Pruned, *, dry_run: bool) -> bool:
    """Delete the versions that `what` is made of, or note why they are still there."""
    try:
        if held := next((words for version in versions if (words := store.lock(version))), None):
            pruned.locked[what] = held
            return False
        for version in [] if dry_run else versions:
            store.delete(version)
    except StoreError as error:
        pruned.refused[what] = str(error)
        return False
    return True


def _former_copies(
    store: ObjectStore, names: Names, pointer: LatestPointer
) -> Iterator[tuple[str, list[StoredVersion]]]:
    """Yield the keys that each run writes over, with the versions that do not count any more.

    Where encryption was switched on, or off, none of the copies of the other kind does.
    """
    for key in (names.latest, names.prune_report):
        yield key, store.versions(key)[:-1]
    for ending in ("", ENDING):
        copies = Names(names.prefix, ending)
        counts = pointer.data.key.endswith(ENDING) == bool(ending)
        for key in (copies.latest_data, copies.latest_schema):
            found = [version for version in store.versions(key) if version.key == key]
            yield key, found[:-1] if counts else found


def _is_ours(manifest: Manifest, identity: object) -> bool:
    return manifest.proof is not None and manifest.server.identity == identity


def _parts(store: ObjectStore, names: Names, manifest: Manifest) -> list[StoredVersion]:
    """Return all versions of a backup's objects, what was written over them and what hides them included."""
    keys = (manifest.data.key, manifest.schema_sql.key, manifest.globals.key, names.manifest(manifest.stamp))
    return [version for key in keys for version in store.versions(key, markers=True)]


def as_pruner(settings: Settings) -> Settings:
    """Return the job's settings with the keys of the identity that deletes.

    Raises:
        BackupError: they are not there.
    """
    if settings.prune_access_key is None or settings.prune_secret_key is None:
        raise BackupError(
            "prune needs keys of its own, which may delete: set $BACKUP_PRUNE_ACCESS_KEY and $BACKUP_PRUNE_SECRET_KEY"
        )
    keys = {"s3_access_key": settings.prune_access_key, "s3_secret_key": settings.prune_secret_key}
    return settings.model_copy(update=keys)
