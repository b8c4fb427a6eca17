"""What the last pruning did, kept in the bucket beside the backups: the only object that the pruner may write."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from infra.backup_job.errors import NotFoundError
from infra.backup_job.manifest import LatestPointer, parse, to_bytes
from infra.backup_job.names import Names
from infra.backup_job.store import ObjectStore

GRACE = timedelta(hours=1)
"""How long after its proof a backup may wait for the pruning that follows it."""


class PruneReport(BaseModel):
    """One pruning; a failed one still says when the last good one was."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    moment: datetime
    latest: str | None
    """The stamp of the backup that was the latest then; None where it could not be read."""
    error: str | None = None
    last_success: datetime | None = None
    stay: int = 0
    went: int = 0
    locked: int = 0
    refused: int = 0


def read(store: ObjectStore, names: Names) -> tuple[PruneReport | None, str | None]:
    """Return what the last pruning left, and the tag that `write` compares; None and None before the first.

    Raises:
        DamagedError: it is not what a pruning wrote.
    """
    try:
        body, tag = store.get(names.prune_report)
    except NotFoundError:
        return None, None
    return parse(PruneReport, body, names.prune_report), tag


def write(store: ObjectStore, names: Names, made: PruneReport, tag: str | None) -> None:
    """Write `made` over what was read with `tag`.

    Raises:
        ConflictError: another pruning wrote meanwhile.
        StoreError: these keys may not write it.
    """
    store.replace(names.prune_report, to_bytes(made), tag)


def trouble(found: PruneReport | None, pointer: LatestPointer, now: datetime) -> str | None:
    """Return what is wrong with the pruning that should follow each backup, None if nothing is.

    Args:
        found: the last pruning.
        pointer: the latest backup.
        now: the present moment.
    """
    if found is not None and found.error is not None:
        return f"the last pruning failed: {found.error}"
    if (found is None or found.latest != pointer.stamp) and now - pointer.proof.moment > GRACE:
        return f"nothing was pruned since backup {pointer.stamp} was proven: look whether `prune-schedule` runs"
    return None
