"""The given login for backups: whom it acts as, what it may read, and whether that is the database of databaseUrl."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from infra.preflight.asking import asking, query
from infra.preflight.connecting import NotConnected, connected, explained, place
from infra.preflight.finding import Finding
from infra.preflight.pooler import shared_session

if TYPE_CHECKING:
    import psycopg

KEY = "backupDatabaseUrl"


@dataclass(frozen=True)
class ReaderFacts:
    """The given login for backups.

    Args:
        role: whom it acts as.
        where: host, port and database of its connection.
        version: of its server, as in server_version_num.
        host: of its connection, as configured.
        ssl_mode: of its connection.
        standby: its server is one.
        same: it reads the database of databaseUrl, there or on a standby; None where nobody tells.
    """

    role: str
    bypass_rls: bool
    read_all: bool
    where: str = ""
    version: int = 180_000
    host: str = ""
    ssl_mode: str = ""
    standby: bool = False
    same: bool | None = True


def read(url: str, main: "psycopg.Connection[Any]", *, main_standby: bool) -> ReaderFacts | Finding:
    """Return the facts about the login of `url`, or what keeps it from being asked.

    Args:
        url: the connection string of backupDatabaseUrl.
        main: the connection of databaseUrl.
        main_standby: that one's server is a standby.
    """
    import psycopg  # noqa: PLC0415 - a no-op preview needs no driver

    with _marked(main) as mark:
        try:
            with connected(url, KEY) as connection:
                if (shared := shared_session(connection, lambda: connected(url, KEY), place(url), KEY)) is not None:
                    return shared
                facts, sees_mark = _facts(url, connection, mark)
                same = sees_mark or ((facts.standby or main_standby) and _akin(connection, main))
                return replace(facts, same=same)
        except NotConnected as error:
            return error.finding
        except psycopg.Error as error:
            return explained(" ".join(str(error).split()), url, KEY)


def _facts(url: str, connection: "psycopg.Connection[Any]", mark: int) -> tuple[ReaderFacts, bool]:
    """Return the facts, and whether the lock `mark` shows there."""
    with asking(connection) as cursor:
        found = cursor.execute(query("reader"), {"mark": mark}).fetchone() or {}
    parameters = connection.info.get_parameters()
    sees_mark = found.pop("sees_mark")
    facts = ReaderFacts(
        **found,
        where=place(url),
        version=connection.info.server_version,
        host=parameters.get("host", ""),
        ssl_mode=parameters.get("sslmode", ""),
    )
    return facts, sees_mark


@contextmanager
def _marked(connection: "psycopg.Connection[Any]") -> Iterator[int]:
    """Hold an advisory lock of a random number: it shows to whoever is in this database, and nowhere else.

    That tells this database also from a copy of it, which has the same names and numbers of everything.
    """
    mark = secrets.randbits(63)
    connection.execute("SELECT pg_catalog.pg_advisory_lock_shared(%s)", [mark])
    try:
        yield mark
    finally:
        connection.execute("SELECT pg_catalog.pg_advisory_unlock_shared(%s)", [mark])


def _akin(one: "psycopg.Connection[Any]", other: "psycopg.Connection[Any]") -> bool | None:
    """Say whether a primary and a standby, which do not see each other's locks, have one database; None: nobody tells.

    They have the number that initdb draws in common.
    """
    theirs, ours = _lineage(one), _lineage(other)
    return None if theirs is None or ours is None else theirs == ours


def _lineage(connection: "psycopg.Connection[Any]") -> tuple[Any, ...] | None:
    import psycopg  # noqa: PLC0415 - as above

    try:
        return connection.execute(query("lineage")).fetchone()
    except psycopg.Error:
        return None  # a service that closes pg_control_system(), or has none
