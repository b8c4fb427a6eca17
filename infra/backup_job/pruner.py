"""Pruning by itself: after each proven backup, in a process of its own, whose keys delete and write no backup.

It watches the pointer to the latest backup and knows neither the database nor the job: whatever becomes of it, backups
go on.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from infra.backup_job import latest, prune_report, stopping, webhook
from infra.backup_job.errors import BackupError, DamagedError, StoreError
from infra.backup_job.names import Names
from infra.backup_job.prune import Pruned, prune
from infra.backup_job.prune_report import PruneReport
from infra.backup_job.report import Report
from infra.backup_job.retrying import backoff
from infra.backup_job.store import ObjectStore
from infra.backup_job.store_settings import PrunerSettings, StoreSettings


@dataclass
class Pruner:
    """Prunes whenever another backup is the latest."""

    settings: PrunerSettings
    report: Report

    def keep(self) -> None:
        """Go on until the process is told to stop: `Stopped` leaves this function, nothing else does."""
        self.report("pruning after each backup", stack=self.settings.stack, retention=str(self.settings.retention))
        done, failures, told = None, 0, False
        while True:
            try:
                newest = self.newest()
                done = done or self._pruned_already()
                if newest is not None and newest != done:
                    pruned = prune_and_record(self.settings, self.report)
                    self._tell(pruned)
                    done = newest
                failures, told = 0, False
                stopping.wait(self.settings.look_seconds)
            except BackupError as error:
                failures += 1
                told = told or webhook.tell(self.settings, self.report, "prune failed", str(error))
                self._wait_after("prune failed", str(error), failures)
            except Exception as error:  # noqa: BLE001 (a defect of ours must not end it: it is told each time)
                failures += 1
                self._wait_after("prune failed unexpectedly", f"{type(error).__name__}: {error}", failures)

    def _tell(self, pruned: Pruned) -> None:
        for what, words in pruned.doubted.items():
            self.report("not believed, and kept", what=what, reason=words)
        amounts = {name: len(getattr(pruned, name)) for name in ("stay", "went", "locked", "unproven")}
        self.report("pruned", **amounts)

    def newest(self) -> str | None:
        """Return the stamp of the latest backup, None before the first.

        Raises:
            BackupError: the store does not tell.
        """
        pointer, _ = latest.read(ObjectStore(self.settings), Names(self.settings.prefix))
        return pointer.stamp if pointer else None

    def _pruned_already(self) -> str | None:
        """Return after which backup the last good pruning came, as an earlier process recorded it."""
        try:
            found, _ = prune_report.read(ObjectStore(self.settings), Names(self.settings.prefix))
        except DamagedError:
            return None
        return found.latest if found and found.error is None else None

    def _wait_after(self, event: str, error: str, failures: int) -> None:
        stopping.check()
        seconds = backoff(self.settings.retry_seconds, failures)
        self.report(event, error=error, retry_in_seconds=seconds)
        stopping.wait(seconds)


def prune_and_record(settings: StoreSettings, report: Report) -> Pruned:
    """Prune with the keys of `settings`, and leave in the bucket what became of it.

    Raises:
        BackupError: as `prune`, or the store refused to let go of something.
    """
    try:
        pruned = prune(settings, dry_run=False)
    except BackupError as error:
        _record(settings, report, None, str(error))
        raise
    refusal = None
    if pruned.refused:
        what, words = next(iter(pruned.refused.items()))
        refusal = f"{len(pruned.refused)} refused by the store, the first: {what}: {words}"
    _record(settings, report, pruned, refusal)
    if refusal is not None:
        raise PruneRefusedError(refusal, pruned)
    return pruned


class PruneRefusedError(BackupError):
    """The store did not let go of something; `pruned` is what became of the rest."""

    def __init__(self, words: str, pruned: Pruned) -> None:
        super().__init__(words)
        self.pruned = pruned


def _record(settings: StoreSettings, report: Report, pruned: Pruned | None, error: str | None) -> None:
    """Leave a report in the bucket; that this fails is told, and is no failure of the pruning."""
    store, names, now = ObjectStore(settings), Names(settings.prefix), datetime.now(UTC)
    try:
        before, tag = _last(store, names)
        last_success = now if error is None else before.last_success if before else None
        made = PruneReport(moment=now, latest=None, error=error, last_success=last_success)
        if pruned is not None:
            amounts = {name: len(getattr(pruned, name)) for name in ("stay", "went", "locked", "refused")}
            made = made.model_copy(update={"latest": pruned.latest, **amounts})
        prune_report.write(store, names, made, tag)
    except StoreError as refusal:
        stopping.check()
        report(
            "pruning not recorded",
            error=f"{refusal}: `status` does not know of it. infra/policies/prune.json allows it",
        )


def _last(store: ObjectStore, names: Names) -> tuple[PruneReport | None, str | None]:
    """Return the last report and its tag; one that is damaged is written over."""
    try:
        return prune_report.read(store, names)
    except DamagedError:
        return None, store.get(names.prune_report)[1]
