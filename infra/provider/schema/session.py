"""The command line's connection: where it goes is said without a password, and its failures in one sentence."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from infra.provider.schema.errors import SchemaError

if TYPE_CHECKING:
    import psycopg

URL_VARIABLE = "DATABASE_URL"
PLACES = ("PGHOST", "PGHOSTADDR", "PGDATABASE", "PGSERVICE")
"""libpq's own variables of which one is enough to mean a database."""
ENCODING = "UTF8"
"""What a server is to write in, whatever its database is encoded in: of SQL_ASCII the driver makes bytes, no text."""

OLDEST, NEWEST = 15, 18
"""Major versions of PostgreSQL that the engine knows."""


def connection_string(given: str | None) -> str:
    """Return the connection string to use: the option's, else $DATABASE_URL, else libpq's own variables.

    A password need not be in it: libpq takes it from PGPASSWORD, PGPASSFILE or ~/.pgpass.

    Raises:
        SchemaError: nothing says which database.
    """
    url = given or os.environ.get(URL_VARIABLE)
    if url:
        return url
    if any(name in os.environ for name in PLACES):
        return ""
    raise SchemaError(f"which database? Give --url, or set {URL_VARIABLE}, or libpq's {', '.join(PLACES)}.")


@contextmanager
def session(url: str, *, looks: bool = True) -> "Iterator[psycopg.Connection[Any]]":
    """Open a connection that commits by itself.

    Args:
        url: its connection string.
        looks: changes nothing, and so prepares no statement either: behind a pooler in transaction mode, where an
            update is refused, it would stay for somebody else.

    Raises:
        SchemaError: it is no connection string, the server does not answer, or it is too old or too new.
    """
    import psycopg  # noqa: PLC0415 - --help needs no driver

    try:
        connection = psycopg.connect(
            url, autocommit=True, connect_timeout=10, application_name="pgstack", client_encoding=ENCODING
        )
        if looks:
            connection.prepare_threshold = None
    except psycopg.ProgrammingError:  # whose words quote the password
        raise SchemaError("the URL is no connection string of the form postgresql://user@host/database") from None
    except psycopg.OperationalError as error:
        raise SchemaError(f"the database does not answer: {' '.join(str(error).split())}") from error
    with connection:
        major = connection.info.server_version // 10_000
        if not OLDEST <= major <= NEWEST:
            raise SchemaError(
                f"{address(connection)} is PostgreSQL {major}; this engine knows {OLDEST} to {NEWEST} "
                "and touches no other."
            )
        yield connection


def address(connection: "psycopg.Connection[Any]") -> str:
    """Return host, port and database of a connection: what may be shown of it."""
    info = connection.info
    return f"{info.host}:{info.port}/{info.dbname}"
