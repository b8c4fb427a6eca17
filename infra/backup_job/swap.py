"""One database takes the place of another: both are renamed in one transaction, so that there is no half of it."""

from psycopg import errors, sql

from infra.backup_job.database import Connection
from infra.backup_job.errors import BackupError

ATTEMPTS = 5
LOCK_TIMEOUT = "5s"
"""With the server's own five seconds of patience for ending sessions, new sessions wait ten at most for one attempt."""

SESSIONS = ("client backend", "pg_cron launcher")
"""Whose sessions are ended; pg_cron's comes again a second later, to the database that then has the name."""


def require_replaceable(admin: Connection, name: str) -> None:
    """Refuse, before anything is made, a database that can not be replaced.

    Raises:
        BackupError: there is no database `name`, or it belongs to somebody else.
    """
    query = (
        "SELECT pg_catalog.pg_get_userbyid(datdba) AS owner, pg_catalog.pg_has_role(datdba, 'USAGE') AS ours "
        "FROM pg_catalog.pg_database WHERE datname = %s"
    )
    row = admin.execute(query, [name]).fetchone()
    if row is None:
        raise BackupError(f"there is no database {name} to replace: leave --force and --into out for a new one")
    if not row["ours"]:
        raise BackupError(f"database {name} belongs to {row['owner']}: replace it as that role or as a superuser")


def swap(admin: Connection, built: str, name: str, kept: str) -> None:
    """End all sessions of the database `name`, rename it to `kept`, and `built` to `name`.

    The rename locks the database before it looks for sessions: those that come meanwhile wait, and are told to come
    again. A few may come just before the lock, and are ended in the next attempt.

    Args:
        admin: a connection to neither of the two, in autocommit mode.
        built: the database that takes the place.
        name: the place.
        kept: what the database that had it is called from then on.

    Raises:
        BackupError: sessions keep coming; both databases are as they were.
    """
    words = ""
    for _ in range(ATTEMPTS):
        admin.execute(
            "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity "
            "WHERE datname IN (%s, %s) AND backend_type = ANY (%s)",
            [name, built, list(SESSIONS)],
        )
        try:
            with admin.transaction():
                admin.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(LOCK_TIMEOUT))
                for before, after in ((name, kept), (built, name)):
                    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
                    admin.execute(rename.format(sql.Identifier(before), sql.Identifier(after)))
        except (errors.ObjectInUse, errors.LockNotAvailable) as error:
            words = " ".join(str(error).split())
        else:
            return
    raise BackupError(f"{name} was not replaced, it is as it was: {words}: stop what connects to it and try again")
