"""How the resources of this folder reach their database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from infra.plugin import UserError

if TYPE_CHECKING:
    import psycopg


@contextmanager
def connected(url: str, schema: str) -> "Iterator[psycopg.Connection[dict[str, Any]]]":
    """Open a connection whose transaction is committed when the block ends well.

    Args:
        url: connection string.
        schema: what unqualified names mean; `extensions` and, last, pg_temp follow.

    Raises:
        UserError: the server does not answer, or refuses; the message names it without the password.
    """
    import psycopg  # noqa: PLC0415 - libpq costs 0.13 s, a no-op preview may need none of it
    from psycopg import sql  # noqa: PLC0415
    from psycopg.rows import dict_row  # noqa: PLC0415

    try:
        connection = psycopg.connect(url, row_factory=dict_row, connect_timeout=10, application_name="pgstack")
    except psycopg.OperationalError as error:
        raise UserError(f"{address(url)} does not answer: {str(error).strip()}") from error
    with connection:
        connection.execute(sql.SQL("SET search_path = {}, extensions, pg_temp").format(sql.Identifier(schema)))
        yield connection


def address(url: str) -> str:
    """Return host, port and database of a connection string: what may be shown of it."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'localhost'}:{parts.port or 5432}{parts.path}"
