"""Verify any backup: every byte of every object of it is read again, and compared with what was recorded."""

from infra.backup_job.check import check
from infra.backup_job.errors import DamagedError, NotFoundError
from infra.backup_job.manifest import Globals, Manifest, StoredObject, parse
from infra.backup_job.names import STAMP, Names
from infra.backup_job.restore import Restorer


def verify(restorer: Restorer, names: Names) -> list[str]:
    """Read a backup whole: sizes, hashes, the checksum inside the dump, and the dump itself by pg_restore.

    Args:
        restorer: the backup.
        names: the bucket's keys.

    Returns:
        The keys that were read.

    Raises:
        DamagedError: with the object, and what is wrong with it.
    """
    store, manifest = restorer.store, restorer.manifest
    require_sound(manifest, names)
    try:
        for stored in (manifest.schema_sql, manifest.globals):
            _require_size(stored, len(store.get_verified(stored)))
        parse(Globals, store.get_verified(manifest.globals), manifest.globals.key)
        check(store, restorer.programs, manifest.data)
    except NotFoundError as error:
        raise DamagedError(f"a part of backup {manifest.stamp} is missing: {error}") from None
    return [names.manifest(manifest.stamp), manifest.schema_sql.key, manifest.globals.key, manifest.data.key]


def require_sound(manifest: Manifest, names: Names) -> None:
    """Refuse a manifest that contradicts itself.

    Raises:
        DamagedError: it does.
    """
    key = names.manifest(manifest.stamp)
    if not STAMP.fullmatch(manifest.stamp):
        raise DamagedError(f"{key} is damaged: stamp {manifest.stamp!r}")
    if manifest.contents.fingerprint != manifest.schema_fingerprint:
        raise DamagedError(f"{key} is damaged: what it lists has another fingerprint than it says")


def _require_size(stored: StoredObject, size: int) -> None:
    if stored.size != size:
        raise DamagedError(f"{stored.key} is damaged: it has {size} bytes of {stored.size}")
