"""The database's own maintenance: its duties at their rhythm; one that fails is told, and stops no other."""

import time
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from infra.backup_job import database, stopping
from infra.backup_job.database import Connection
from infra.backup_job.duties import EACH_HOUR, EACH_ROUND, FUNCTION, LOCK_TIMEOUT
from infra.backup_job.errors import BackupError, Stopped
from infra.backup_job.report import Report
from infra.backup_job.settings import Settings

HOUR = 3600.0
RETRY = 300.0
"""Seconds until one of these that failed is due again: it may wait for a lock, and others then wait behind it."""
ROLE = "maintenance"
"""The group that may call maintain(); the login that reads for backups is in it."""

APPLICATION = "agent-ecosystem maintenance"
SESSION = ("search_path = ''", f"lock_timeout = '{LOCK_TIMEOUT}'")


@dataclass
class Maintenance:
    """Calls the function maintain() for each duty that is due."""

    settings: Settings
    report: Report
    _due: dict[str, float] = field(default_factory=lambda: dict.fromkeys((*EACH_ROUND, *EACH_HOUR), 0.0))

    def keep(self) -> None:
        """Go round until the process is told to stop."""
        try:
            while True:
                begun = time.monotonic()
                self._go_round(begun)
                stopping.wait(max(0.0, begun + self.settings.maintenance_seconds - time.monotonic()))
        except Stopped:
            return

    def _go_round(self, begun: float) -> None:
        try:
            with database.connect(self.settings.database_url.get_secret_value(), APPLICATION, SESSION) as connection:
                for duty in [duty for duty, due in self._due.items() if due <= begun]:
                    done = self._do(connection, duty)
                    if duty in EACH_HOUR:
                        self._due[duty] = begun + (HOUR if done else RETRY)
        except BackupError as error:
            self._tell_failure(str(error))
        except Exception as error:  # noqa: BLE001 (a defect of ours must not end maintenance: it is told each time)
            self._tell_failure(f"{type(error).__name__}: {error}")

    def _do(self, connection: Connection, duty: str) -> bool:
        """Do one duty; return whether it succeeded."""
        call = sql.SQL("SELECT {}(%s) AS changed").format(sql.Identifier(self.settings.managed_schema, FUNCTION))
        begun = time.monotonic()
        try:
            row = connection.execute(call, [duty]).fetchone()
        except psycopg.Error as error:
            if connection.broken:  # then there is no session for the others either
                raise BackupError(f"{duty}: {database.words(error)}") from None
            self._tell_failure(self._explained(connection, error), duty)
            return False
        if row and row["changed"]:
            self.report("maintenance", duty=duty, changed=row["changed"], seconds=round(time.monotonic() - begun, 3))
        return True

    def _explained(self, connection: Connection, error: psycopg.Error) -> str:
        said = database.words(error)
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            login = sql.Identifier(connection.info.user).as_string(connection)
            return f"{said}; what this login lacks may be: GRANT {ROLE} TO {login}"
        return said

    def _tell_failure(self, error: str, duty: str | None = None) -> None:
        stopping.check()
        seconds = RETRY if duty in EACH_HOUR else self.settings.maintenance_seconds
        self.report("maintenance failed", duty=duty, error=error, retry_in_seconds=seconds)
