"""Verify any backup: every byte of every object of it is read again, and compared with what was recorded."""

from infra.backup_job.check import check
from infra.backup_job.errors import DamagedError, NotFoundError
from infra.backup_job.manifest import Globals, Manifest, parse
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
        KeyMissingError: it is encrypted, and no identity at hand opens it.
    """
    artefacts, manifest = restorer.artefacts, restorer.manifest
    require_sound(manifest, names)
    try:
        artefacts.read(manifest.schema_sql)
        parse(Globals, artefacts.read(manifest.globals), manifest.globals.key)
        check(artefacts, restorer.programs, manifest.data)
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
