"""The settings that decide how PostgreSQL reads SQL and prints constants; a database or a role may have its own.

What is compared is printed in ours. What a plan does to rows is done in the database's: text becomes a time, and a time
text, as for whoever else works there. What files say is read as psql would read it there, too.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from infra.provider.schema.identifiers import literal

if TYPE_CHECKING:
    import psycopg

READING = {"array_nulls": "on", "standard_conforming_strings": "on", "transform_null_equals": "off"}
"""What the statements of a plan are read by: they are written in these."""

OURS = {
    **READING,
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "lc_monetary": "C",
    "quote_all_identifiers": "off",
    "xmloption": "content",
}
"""What definitions are printed by."""

_OF_THIS_MACHINE = ("lc_monetary",)
"""A locale, which another server need not have."""


@contextmanager
def local_settings(connection: "psycopg.Connection[Any]", settings: Mapping[str, str]) -> Iterator[None]:
    """Set `settings` inside the transaction that is open, and put back what was set before."""
    before = current(connection, settings)
    set_all(connection, settings)
    yield
    set_all(connection, before)


def current(connection: "psycopg.Connection[Any]", names: Iterable[str]) -> dict[str, str]:
    """Return the values of the settings `names`."""
    asked = list(names)
    calls = ", ".join(f"current_setting('{name}')" for name in asked)
    row = connection.execute(f"SELECT {calls}".encode()).fetchone()
    return dict(zip(asked, row or (), strict=True))


def set_all(connection: "psycopg.Connection[Any]", settings: Mapping[str, str], *, local: bool = True) -> None:
    """Set `settings`, for the transaction or for the session."""
    calls = ", ".join(f"set_config('{name}', %s, {local})" for name in settings)
    connection.execute(f"SELECT {calls}".encode(), [*settings.values()])


def styles_of(connection: "psycopg.Connection[Any]") -> Mapping[str, str]:
    """Return the styles of a database, as a session of this role has them."""
    return current(connection, (name for name in OURS if name not in _OF_THIS_MACHINE))


def as_sql(settings: Mapping[str, str], word: str = "SET LOCAL") -> str:
    """Return the statements that set `settings`."""
    return "; ".join(f"{word} {name} = {literal(value)}" for name, value in settings.items())
