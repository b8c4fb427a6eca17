"""Old backups are deleted, by an identity of its own: the one that writes them need not be able to."""

from dataclasses import dataclass

from infra.backup_job import catalog, latest
from infra.backup_job.errors import BackupError, StoreError
from infra.backup_job.manifest import Manifest
from infra.backup_job.names import Names
from infra.backup_job.retention import kept
from infra.backup_job.settings import Settings
from infra.backup_job.store import ObjectStore


@dataclass(frozen=True)
class Pruned:
    """Stamps of backups: those that stay, those that went, and those the store did not let go, each with why."""

    stay: list[str]
    went: list[str]
    refused: dict[str, str]


def prune(settings: Settings, *, dry_run: bool) -> Pruned:
    """Delete what `settings.retention` does not keep, of this database and no other.

    The latest backup stays whatever its age. A manifest goes last: half a deleted backup is still listed, and tried
    again. What an object lock holds stays until it ends.

    Raises:
        BackupError: the keys to prune with are not there, or the store does not answer.
    """
    store, names = ObjectStore(_as_pruner(settings)), Names(settings.prefix)
    pointer, _ = latest.read(store, names)
    if pointer is None:
        raise BackupError(f"no proven backup in bucket {store.bucket}: nothing is pruned before there is one")
    found = [manifest for manifest in catalog.read(store, names).backups if _is_ours(manifest, pointer.identity)]
    moments = kept([manifest.started for manifest in found], settings.retention)
    stay = [manifest for manifest in found if manifest.started in moments or manifest.stamp == pointer.stamp]
    doomed = [manifest for manifest in found if manifest not in stay]
    went: list[str] = []
    refused: dict[str, str] = {}
    for manifest in doomed:
        try:
            if not dry_run:
                _delete(store, names, manifest)
        except StoreError as error:
            refused[manifest.stamp] = str(error)
        else:
            went.append(manifest.stamp)
    if not dry_run:
        refused |= _forget_former_latest(store, names)
    return Pruned([manifest.stamp for manifest in stay], went, refused)


def _is_ours(manifest: Manifest, identity: object) -> bool:
    return manifest.proof is not None and manifest.server.identity == identity


def _delete(store: ObjectStore, names: Names, manifest: Manifest) -> None:
    parts = (manifest.data.key, manifest.schema_sql.key, manifest.globals.key, names.manifest(manifest.stamp))
    for key in parts:
        for version in store.versions(key):
            store.delete(version)


def _forget_former_latest(store: ObjectStore, names: Names) -> dict[str, str]:
    """Delete the versions of the copies `latest_*` that newer ones replaced; return what the store keeps, with why."""
    refused = {}
    for key in (names.latest_data, names.latest_schema):
        for version in store.versions(key)[:-1]:
            try:
                store.delete(version)
            except StoreError as error:
                refused[f"{key}, version {version.version}"] = str(error)
    return refused


def _as_pruner(settings: Settings) -> Settings:
    if settings.prune_access_key is None or settings.prune_secret_key is None:
        raise BackupError(
            "prune needs keys of its own, which may delete: set $BACKUP_PRUNE_ACCESS_KEY and $BACKUP_PRUNE_SECRET_KEY"
        )
    keys = {"s3_access_key": settings.prune_access_key, "s3_secret_key": settings.prune_secret_key}
    return settings.model_copy(update=keys)
