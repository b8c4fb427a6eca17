"""A throwaway database on the target's own server, or on one the user names."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from infra.provider.schema.errors import ScratchUnavailable
from infra.provider.schema.identifiers import literal
from infra.provider.schema.scratch.opening import Scratch
from infra.provider.schema.session import ENCODING

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
            admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 {_as_this_one(admin)}".encode())
        except psycopg.Error as error:
            raise ScratchUnavailable(f"no scratch database on the target: {error}. {ADVICE}") from error
        try:
            place = make_conninfo(url, dbname=name)
            with psycopg.connect(place, autocommit=True, client_encoding=ENCODING) as connection:
                yield Scratch(connection, place)
        finally:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _as_this_one(admin: "psycopg.Connection[Any]") -> str:
    """Return the options that give a new database the encoding and the locale of the one that `admin` is in.

    What a file may say depends on them: which letters there are, and which of two bounds of a partition is the lower.
    """
    found = admin.execute(
        "SELECT to_jsonb(d), pg_encoding_to_char(d.encoding)::text FROM pg_database d "
        "WHERE d.datname = current_database()"
    ).fetchone()
    assert found is not None  # noqa: S101 - we are in it
    database, encoding = found
    provider = {"c": "libc", "i": "icu", "b": "builtin"}[database["datlocprovider"]]
    chosen = {
        "ENCODING": encoding,
        "LOCALE_PROVIDER": provider,
        "LC_COLLATE": database["datcollate"],
        "LC_CTYPE": database["datctype"],
        "ICU_RULES": database.get("daticurules"),
        # Before 17 only ICU's locales had a column.
        f"{provider.upper()}_LOCALE": database.get("datlocale") or database.get("daticulocale"),
    }
    return " ".join(f"{option} {literal(str(value))}" for option, value in chosen.items() if value is not None)


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
        return psycopg.connect(url, autocommit=True, application_name=name, client_encoding=ENCODING)
    except psycopg.OperationalError as error:
        raise ScratchUnavailable(f"no scratch database on the target: {error}") from error
    except psycopg.ProgrammingError:  # whose words quote the password
        raise ScratchUnavailable(
            "scratch is none of auto, embedded, target, nor the connection string of a server "
            "(postgresql://user@host/database)"
        ) from None
