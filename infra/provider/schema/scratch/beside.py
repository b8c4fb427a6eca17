"""A throwaway database on the target's own server, or on one the user names."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from infra.provider.schema.errors import ScratchUnavailable
from infra.provider.schema.scratch.opening import Scratch

if TYPE_CHECKING:
    import psycopg

PREFIX = "pgstack_scratch"
ADVICE = (
    "Give the role CREATEDB, or name another server of the same major version to make it on (--scratch URL), "
    "e.g. one in a container."
)


@contextmanager
def database_beside(url: str | None) -> Iterator[Scratch]:
    """Yield a new, empty database on the server of `url`, and drop it afterwards; what killed runs left goes first.

    Raises:
        ScratchUnavailable: the role may not create a database, or the server does not answer.
    """
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    if url is None:
        raise ScratchUnavailable("a scratch database on the target needs the target's URL")
    name = f"{PREFIX}_{os.getpid()}_{secrets.token_hex(4)}"
    with _session(url, name) as admin:
        sweep(admin)
        try:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        except psycopg.Error as error:
            raise ScratchUnavailable(f"no scratch database on the target: {error}. {ADVICE}") from error
        try:
            place = make_conninfo(url, dbname=name)
            with psycopg.connect(place, autocommit=True) as connection:
                yield Scratch(connection, place)
        finally:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def sweep(admin: "psycopg.Connection[Any]") -> list[str]:
    """Drop the scratch databases that this role may drop and whose runs are gone, and return their names.

    A run names its session after its database before it makes it: a database without that session is nobody's.
    """
    rows = admin.execute(
        "SELECT d.datname::text FROM pg_database d "
        "WHERE starts_with(d.datname, %s) AND pg_has_role(d.datdba, 'MEMBER') "
        "AND NOT EXISTS (SELECT FROM pg_stat_activity s WHERE s.application_name = d.datname)",
        (f"{PREFIX}_",),
    ).fetchall()
    names = [name for (name,) in rows]
    for name in names:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    return names


def _session(url: str, name: str) -> "psycopg.Connection[Any]":
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

    try:
        return psycopg.connect(url, autocommit=True, application_name=name)
    except psycopg.OperationalError as error:
        raise ScratchUnavailable(f"no scratch database on the target: {error}") from error
    except psycopg.ProgrammingError:  # whose words quote the password
        raise ScratchUnavailable(
            "scratch is none of auto, embedded, target, nor the connection string of a server "
            "(postgresql://user@host/database)"
        ) from None
