"""Old backups are deleted, by an identity of its own: the one that writes them need not be able to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from infra.backup_job import catalog, latest, progress, unproven
from infra.backup_job.errors import BackupError, StoreError
from infra.backup_job.manifest import LatestPointer, Manifest
from infra.backup_job.names import ENDING, Names, moment
from infra.backup_job.retention import kept
from infra.backup_job.settings import Settings
from infra.backup_job.store import ObjectStore, StoredVersion
from infra.backup_job.store_settings import StoreSettings
from infra.backup_job.trust import doubt, parts_of


@dataclass(frozen=True)
class Pruned:
    """Stamps of backups: the latest, those that stay, that went, that are locked, and that the store did not let go.

    The last two say why, and name versions of the copies `latest_*` as well. `unproven` are stamps of runs without a
    manifest whose objects went, `doubted` what stays because its manifest is not to be believed, with why.
    """

    latest: str
    stay: list[str]
    went: list[str] = field(default_factory=list)
    locked: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    unproven: list[str] = field(default_factory=list)
    doubted: dict[str, str] = field(default_factory=dict)


def prune(settings: StoreSettings, *, dry_run: bool, now: datetime | None = None) -> Pruned:
    """Delete what `settings.retention` does not keep, of the latest backup's database and no other.

    The latest backup stays whatever its age. A manifest goes last: half a deleted backup is still listed, and tried
    again. A backup of which a lock holds any part stays whole until the lock ends. What runs that came to no backup
    left goes as well.

    Args:
        settings: the bucket, and keys that may delete.
        dry_run: only tell.
        now: the present moment.

    Raises:
        BackupError: there is no proven backup, or the store does not answer.
    """
    store, names = ObjectStore(settings), Names(settings.prefix)
    pointer, _ = latest.read(store, names)
    if pointer is None:
        raise BackupError(f"no proven backup in bucket {store.bucket}: nothing is pruned before there is one")
    orphans = unproven.find(store, names, pointer.stamp, now or datetime.now(UTC))
    found = catalog.read(store, names)
    pruned = Pruned(pointer.stamp, [], doubted=dict(found.unreadable))
    ours = [entry for entry in found.entries if _is_ours(entry.manifest, pointer.identity)]
    pruned.doubted.update({entry.stamp: words for entry in ours if (words := doubt(names, entry))})
    believed = [entry for entry in ours if entry.stamp not in pruned.doubted]
    moments = kept([moment(entry.stamp) for entry in believed], settings.retention)
    with progress.step("pruning", len(believed), "backups") as step:
        for entry in believed:
            if moment(entry.stamp) in moments or entry.stamp == pointer.stamp:
                pruned.stay.append(entry.stamp)
            elif _deleted(store, _versions(store, names, entry), entry.stamp, pruned, dry_run=dry_run):
                pruned.went.append(entry.stamp)
            step.add()
    for stamp, versions in orphans.items():
        if _deleted(store, versions, f"{stamp}, of a run that came to no backup", pruned, dry_run=dry_run):
            pruned.unproven.append(stamp)
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
        yield key, _exactly(store, key)[:-1]
    for ending in ("", ENDING):
        copies = Names(names.prefix, ending)
        counts = pointer.data.key.endswith(ENDING) == bool(ending)
        for key in (copies.latest_data, copies.latest_schema):
            found = _exactly(store, key)
            yield key, found[:-1] if counts else found


def _is_ours(manifest: Manifest, identity: object) -> bool:
    return manifest.proof is not None and manifest.server.identity == identity


def _versions(store: ObjectStore, names: Names, entry: catalog.Entry) -> list[StoredVersion]:
    """Return all versions of a backup's objects, what was written over them and what hides them included."""
    keys = (*parts_of(entry.manifest), names.manifest(entry.stamp))
    return [version for key in keys for version in _exactly(store, key, markers=True)]


def _exactly(store: ObjectStore, key: str, *, markers: bool = False) -> list[StoredVersion]:
    """Return the versions of `key`; the store lists those of every key that begins like it, too."""
    return [version for version in store.versions(key, markers=markers) if version.key == key]


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
