"""How the resources of this folder reach their database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from infra.plugin import UserError

if TYPE_CHECKING:
    import psycopg


class Unreachable(UserError):  # noqa: N818 - named for what was found
    """The server does not answer, or does not let us in."""


@contextmanager
def connected(url: str, schema: str) -> "Iterator[psycopg.Connection[dict[str, Any]]]":
    """Open a connection whose transaction is committed when the block ends well.

    Args:
        url: connection string.
        schema: what unqualified names mean; `extensions` and, last, pg_temp follow.

    Raises:
        UserError: the server does not answer, or refuses, then or in the block; the message names it without the
            password.
    """
    from psycopg import sql  # noqa: PLC0415 - libpq costs 0.13 s, a no-op preview may need none of it
    from psycopg.rows import dict_row  # noqa: PLC0415

    with opened(url) as plain, plain.transaction():
        connection = cast("psycopg.Connection[dict[str, Any]]", plain)
        connection.row_factory = dict_row
        connection.execute(sql.SQL("SET search_path = {}, extensions, pg_temp").format(sql.Identifier(schema)))
        yield connection


@contextmanager
def opened(url: str) -> "Iterator[psycopg.Connection[Any]]":
    """Open a connection without a transaction, for code that makes its own.

    Raises:
        UserError: as in `connected`.
    """
    import psycopg  # noqa: PLC0415

    place = address(url)
    try:
        connection = psycopg.connect(
            url, autocommit=True, connect_timeout=10, application_name="pgstack", client_encoding="UTF8"
        )
    except psycopg.OperationalError as error:
        raise Unreachable(f"{place} does not answer: {one_line(error)}") from error
    try:
        with connection:
            yield connection
    except psycopg.Error as error:
        raise UserError(f"{place}: {one_line(error)}") from error


def address(url: str) -> str:
    """Return host, port and database of a connection string: what may be shown of it.

    Raises:
        UserError: it is none.
    """
    import psycopg  # noqa: PLC0415
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # whose words quote the password
        raise UserError("`url` is no connection string of the form postgresql://user:password@host/database") from None
    return f"{parts.get('host') or 'localhost'}:{parts.get('port') or 5432}/{parts.get('dbname') or ''}"


def one_line(error: Exception) -> str:
    """Return an error of PostgreSQL or libpq, with its detail and hint, in one line."""
    return " ".join(str(error).split())
