"""The long-running form: backups and maintenance, each when it is due, and never an end because one failed."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cronsim import CronSim

from infra.backup_job import latest, stopping, webhook
from infra.backup_job.errors import BackupError, BusyError, MirrorError, SecondError, UnprovenError
from infra.backup_job.facts import database_identity
from infra.backup_job.maintenance import Maintenance
from infra.backup_job.names import Names
from infra.backup_job.report import Report
from infra.backup_job.retrying import backoff
from infra.backup_job.run import run
from infra.backup_job.settings import Settings
from infra.backup_job.store import ObjectStore

NAP = 30.0
"""Seconds asleep at most, so that a clock that jumped, or a machine that slept, is noticed."""


def next_due(cron: str, last: datetime | None, now: datetime) -> datetime:
    """Return when the next backup is due: at once if there is none yet, or if a moment of `cron` was missed.

    >>> next_due("0 3 * * *", datetime(2026, 1, 1, 3, tzinfo=UTC), datetime(2026, 1, 1, 4, tzinfo=UTC)).isoformat()
    '2026-01-02T03:00:00+00:00'
    """
    if last is None:
        return now
    return max(now, next(CronSim(cron, last)))


@dataclass
class Schedule:
    """Backups at the moments of the settings' cron expression; beside them, and during them, the maintenance."""

    settings: Settings
    report: Report

    def keep(self) -> None:
        """Go on until the process is told to stop: `Stopped` leaves this function, nothing else does."""
        self.report(
            "schedule started",
            stack=self.settings.stack,
            cron=self.settings.schedule,
            maintenance_seconds=self.settings.maintenance_seconds,
        )
        with self._maintenance():
            self._keep_backups()

    @contextmanager
    def _maintenance(self) -> Iterator[None]:
        """Keep the maintenance, if there is to be one, in a thread beside the block: a backup may take hours."""
        thread = threading.Thread(target=Maintenance(self.settings, self.report).keep, name="maintenance", daemon=True)
        if self.settings.maintenance_seconds:
            thread.start()
        try:
            yield
        finally:
            if thread.ident is not None:
                thread.join(stopping.CANCEL_TIMEOUT)

    def _keep_backups(self) -> None:
        failures, unproven, told = 0, 0, False
        while True:
            try:
                self._take_next()
                failures, unproven, told = 0, 0, False
            except BusyError as error:
                self._wait_after("another backup is running", str(error), self.settings.retry_seconds)
            except SecondError as error:  # the backup is one, and the next run copies what is missing
                told = told or self._tell("second copy failed", str(error))
            except MirrorError as error:  # the backup is one: the next is due when it is due
                told = told or self._tell("mirror failed", str(error))
                self.report("mirror failed", error=str(error))
            except UnprovenError as error:
                unproven += 1
                told = told or self._tell("backup failed", str(error))
                self._wait_after("backup failed", str(error), self._after_unproven(unproven))
            except BackupError as error:
                failures += 1
                told = told or self._tell("backup failed", str(error))
                self._wait_after("backup failed", str(error), backoff(self.settings.retry_seconds, failures))
            except Exception as error:  # noqa: BLE001 (a defect of ours must not end backups: it is told each time)
                failures += 1
                told = told or self._tell("backup failed unexpectedly", f"{type(error).__name__}: the log says more")
                words = f"{type(error).__name__}: {error}"
                self._wait_after("backup failed unexpectedly", words, backoff(self.settings.retry_seconds, failures))

    def _take_next(self) -> None:
        now = datetime.now(UTC)
        found = latest.current(ObjectStore(self.settings), Names(self.settings.prefix), now)
        if found.trouble is not None:
            self.report("the pointer to the latest backup does not count", reason=found.trouble)
        pointer = latest.of_database(found.pointer, database_identity(self.settings))
        due = next_due(self.settings.schedule, pointer.started if pointer else None, now)
        if due > now:
            due += timedelta(seconds=random.uniform(0, self.settings.jitter_seconds))  # noqa: S311 (spreads load)
            self.report("next backup", due=due.isoformat(timespec="seconds"))
            sleep_until(due)
        else:
            self.report(
                "catching up",
                reason="a scheduled backup was missed" if pointer else "there is no backup of this database yet",
            )
        run(self.settings, self.report)

    def _after_unproven(self, times: int) -> float:
        """Return the seconds to wait after a backup that was not proven, so many times in a row.

        Once more soon, as the server that proves may have been stopped. What fails twice will not restore in a minute
        either, and each dump would stay: then the next moment of the schedule.
        """
        if times == 1:
            return backoff(self.settings.retry_seconds, times)
        now = datetime.now(UTC)
        return round((next(CronSim(self.settings.schedule, now)) - now).total_seconds(), 1)

    def _tell(self, event: str, error: str) -> bool:
        """Tell the webhook, once for all failures in a row; say whether it knows."""
        return webhook.tell(self.settings, self.report, event, error)

    def _wait_after(self, event: str, error: str, seconds: float) -> None:
        stopping.check()
        self.report(event, error=error, retry_in_seconds=seconds)
        sleep_until(datetime.now(UTC) + timedelta(seconds=seconds))


def sleep_until(moment: datetime) -> None:
    """Sleep until the wall clock says `moment`."""
    while (left := (moment - datetime.now(UTC)).total_seconds()) > 0:
        stopping.wait(min(left, NAP))
