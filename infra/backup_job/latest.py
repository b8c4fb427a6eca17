"""Which backup is the latest: a pointer that only ever names one that is complete and proven."""

import json

from infra.backup_job.errors import BackupError, NotFoundError
from infra.backup_job.manifest import Identity, LatestPointer, Manifest, StoredObject, parse
from infra.backup_job.names import Names
from infra.backup_job.store import ObjectStore


def read(store: ObjectStore, names: Names) -> tuple[LatestPointer | None, str | None]:
    """Return the pointer, None before the first proven backup, and the tag that `move` compares, None without one."""
    try:
        body, tag = store.get(names.latest)
    except NotFoundError:
        return None, None
    if _is_of_unproven(body):
        return None, tag
    return parse(LatestPointer, body, names.latest), tag


def of_database(pointer: LatestPointer | None, identity: Identity) -> LatestPointer | None:
    """Return `pointer` if it names a backup of the database `identity`, else None: another's is no backup of it."""
    return pointer if pointer is not None and pointer.identity == identity else None


def move(store: ObjectStore, names: Names, manifest: Manifest, stored: StoredObject) -> None:
    """Make a proven backup the latest: the copies first, the pointer last, by compare-and-swap.

    Args:
        store: the bucket.
        names: its keys.
        manifest: the backup.
        stored: the object that its manifest is.

    Raises:
        BackupError: it was not proven, or a newer one is the latest already.
        ConflictError: somebody else moved the pointer in between.
    """
    if manifest.proof is None:
        raise BackupError(f"backup {manifest.stamp} was not proven: it can not become the latest")
    current, tag = read(store, names)
    if current is not None and current.stamp >= manifest.stamp:
        raise BackupError(
            f"latest already is the backup of {current.stamp}, not older than this one of {manifest.stamp}: "
            "look at the clocks of the machines that make backups"
        )
    pointer = LatestPointer(
        stamp=manifest.stamp,
        started=manifest.started,
        seconds=round(sum(manifest.seconds.values()), 3),
        proof=manifest.proof,
        manifest=stored,
        data=manifest.data,
        schema_sql=manifest.schema_sql,
        identity=manifest.server.identity,
    )
    store.copy(manifest.schema_sql, names.latest_schema)
    store.copy(manifest.data, names.latest_data)
    store.replace(names.latest, pointer.to_bytes(), tag)


def _is_of_unproven(body: bytes) -> bool:
    """Say whether this is a pointer of format 1, whose backups were read back only: none of them counts as proven."""
    try:
        return bool(json.loads(body).get("format") == 1)
    except (ValueError, AttributeError):
        return False
