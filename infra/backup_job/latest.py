"""Which backup is the latest: a pointer that only ever names one that is complete and proven."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from infra.backup_job import stopping
from infra.backup_job.errors import BackupError, DamagedError, NotFoundError
from infra.backup_job.manifest import Identity, LatestPointer, Manifest, StoredObject, parse
from infra.backup_job.names import CLOCKS, Names, moment, stamp
from infra.backup_job.store import ObjectStore

SECOND = timedelta(seconds=1)
"""What stamps are told apart by."""


@dataclass(frozen=True)
class Current:
    """The pointer, None where none counts, the tag that `move` compares, and why one that is there does not count."""

    pointer: LatestPointer | None
    tag: str | None
    trouble: str | None = None


def read(store: ObjectStore, names: Names) -> tuple[LatestPointer | None, str | None]:
    """Return the pointer, None before the first proven backup, and the tag that `move` compares, None without one.

    Raises:
        DamagedError: it is none.
    """
    try:
        body, tag = store.get(names.latest)
    except NotFoundError:
        return None, None
    return _parsed(body, names), tag


def current(store: ObjectStore, names: Names, now: datetime) -> Current:
    """Return the pointer for those who make the next backup: one that is damaged, or of the future, stops none."""
    try:
        body, tag = store.get(names.latest)
    except NotFoundError:
        return Current(None, None)
    try:
        pointer = _parsed(body, names)
    except DamagedError as error:
        return Current(None, tag, str(error))
    if pointer is not None and in_future(pointer, now):
        words = f"the latest backup, {pointer.stamp}, lies in the future: the next proven one replaces it"
        return Current(None, tag, words)
    return Current(pointer, tag)


def in_future(pointer: LatestPointer, now: datetime) -> bool:
    """Say whether a backup began after `now`, by more than clocks may disagree."""
    return pointer.started > now + CLOCKS or pointer.stamp > stamp(now + CLOCKS)


def begin(store: ObjectStore, names: Names) -> tuple[datetime, Current]:
    """Return the moment of a backup that begins now, and what it takes the place of.

    A small database can be backed up more than once in a second: the next one waits then, for a stamp of its own. So
    does one whose clock lags by less than that.

    Raises:
        BackupError: there is a newer one, which is not of the future.
        Stopped: told to stop while it waited.
    """
    now = datetime.now(UTC)
    found, newest = _found(store, names, "", now)
    if newest and now < (free := moment(newest) + SECOND) <= now + 2 * SECOND:
        stopping.wait((free - now).total_seconds())
        now = max(datetime.now(UTC), free)  # the two clocks, of the day and of waiting, may differ by a hair
    _require(stamp(now), newest)
    return now, found


def require_newer(store: ObjectStore, names: Names, mine: str, now: datetime) -> Current:
    """Make sure that the backup of stamp `mine` may become the latest, and return what it takes the place of.

    Raises:
        BackupError: there is a newer one, which is not of the future.
    """
    found, newest = _found(store, names, mine, now)
    _require(mine, newest)
    return found


def _found(store: ObjectStore, names: Names, mine: str, now: datetime) -> tuple[Current, str]:
    """Return the pointer, and the newest stamp beside `mine`; manifests have one, too, where the pointer is damaged."""
    found = current(store, names, now)
    stamps = {names.manifest_stamp(version.key) for version in store.versions(names.manifests)} - {mine}
    others = [other for other in stamps if other and other <= stamp(now + CLOCKS)]
    return found, max([*others, *([found.pointer.stamp] if found.pointer else [])], default="")


def _require(mine: str, newest: str) -> None:
    if newest >= mine:
        raise BackupError(
            f"latest already is the backup of {newest}, not older than this one of {mine}: "
            "look at the clocks of the machines that make backups"
        )


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
    found = require_newer(store, names, manifest.stamp, datetime.now(UTC))
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
    store.replace(names.latest, pointer.to_bytes(), found.tag)


def _parsed(body: bytes, names: Names) -> LatestPointer | None:
    if _is_of_unproven(body):
        return None
    try:
        return parse(LatestPointer, body, names.latest)
    except DamagedError as error:
        raise DamagedError(
            f"{error}: the next backup replaces it (`run`); those that are there have stamps (`list`)"
        ) from None


def _is_of_unproven(body: bytes) -> bool:
    """Say whether this is a pointer of format 1, whose backups were read back only: none of them counts as proven."""
    try:
        return bool(json.loads(body).get("format") == 1)
    except (ValueError, AttributeError):
        return False
