"""Databases that a restore makes: of a name that nobody has, and dropped by the name it got."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from psycopg import errors, sql

from infra.backup_job.database import NAME_LIMIT, Connection, server_errors
from infra.backup_job.itself import creation
from infra.backup_job.manifest import ServerFacts
from infra.backup_job.names import stamp

ATTEMPTS = 20
"""Names that are tried for a new database."""


def create(admin: Connection, server: ServerFacts, names: Sequence[str]) -> str:
    """Make an empty database as the original was made, of the first of `names` that nobody has; return that."""
    for name in names[:-1]:
        with suppress(errors.DuplicateDatabase, errors.UniqueViolation):  # the latter of two at the same moment
            admin.execute(creation(server, name))
            return name
    admin.execute(creation(server, names[-1]))
    return names[-1]


def drop(admin: Connection, name: str) -> None:
    """Drop the database `name` if it is there, whoever is in it.

    Raises:
        BackupError: the server refuses.
    """
    with server_errors(f"database {name} can not be dropped: drop it yourself"):
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def dated_name(name: str, event: str, more: str = "") -> str:
    """Return a name for a database made out of `name` now, within the server's limit of bytes."""
    suffix = f"_{event}_{stamp(datetime.now(UTC))}{more}"
    return name.encode()[: NAME_LIMIT - len(suffix)].decode(errors="ignore") + suffix


def free_names(name: str) -> list[str]:
    """Return names for a database restored out of `name`; the others are for when that is taken already."""
    return [dated_name(name, "restored", more) for more in ("", *(f"_{number}" for number in range(2, ATTEMPTS + 1)))]
