"""Databases that are not in UTF8: `initdb` makes such where no language is set."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.conftest import OWNER, Server
from tests.schema.command_line.conftest import run_command

GREEN, PLACES = "grün", "Orte – 장소"
FILE = f"""
CREATE TYPE mood AS ENUM ('calm', '{GREEN}');
CREATE TABLE places (id int PRIMARY KEY, name text DEFAULT '{GREEN}', mood mood, CHECK (name <> 'ä'));
COMMENT ON TABLE places IS '{PLACES}';
CREATE VIEW named AS SELECT name || 'ß' AS name FROM places;
CREATE FUNCTION first_name() RETURNS text LANGUAGE sql RETURN 'Zoë';
"""
IN_LATIN = "ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'"
IN_ASCII = "ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'"


@contextmanager
def database_of(server: Server, options: str) -> Iterator[str]:
    """Make a database with `options`, and yield its owner's URL; it goes with the block."""
    with psycopg.connect(server.url(), autocommit=True) as admin:
        made = f"CREATE DATABASE elsewhere OWNER {{}} TEMPLATE template0 {options}"
        admin.execute(sql.SQL(made).format(sql.Identifier(OWNER)))
        try:
            yield server.url("elsewhere", OWNER)
        finally:
            admin.execute("DROP DATABASE elsewhere WITH (FORCE)")


@pytest.mark.parametrize("scratch", ["embedded", "target"])
@pytest.mark.parametrize(
    ("options", "text"),
    [(IN_ASCII, FILE), (IN_LATIN, FILE.replace(PLACES, "Orte"))],
    ids=["SQL_ASCII", "LATIN1"],
)
def test_what_is_written_is_read_back(server: Server, tmp_path: Path, options: str, text: str, scratch: str) -> None:
    folder, written = tmp_path / "schema", tmp_path / "written"
    folder.mkdir()
    (folder / "all.sql").write_text(text)
    with database_of(server, options) as url:
        for command, code in (("plan", 2), ("apply", 0), ("plan", 0), ("drift", 0)):
            ran = run_command(command, "--dir", folder, "--scratch", scratch, url=url)
            assert ran.code == code, (command, ran.err)
        assert run_command("dump", "--dir", written, "--scratch", scratch, url=url).code == 0
        assert run_command("plan", "--dir", written, "--scratch", scratch, url=url).code == 0
        with psycopg.connect(url, client_encoding="UTF8") as connection:
            said = connection.execute("SELECT obj_description('places'::regclass), first_name()").fetchone()
    assert said == ("Orte" if options == IN_LATIN else PLACES, "Zoë")


def test_a_letter_that_the_database_has_not_got_is_told_and_nothing_is_made(server: Server, tmp_path: Path) -> None:
    (tmp_path / "all.sql").write_text(FILE)
    with database_of(server, IN_LATIN) as url:
        ran = run_command("apply", "--dir", tmp_path, url=url)
        assert ran.code == 1
        assert 'has no equivalent in encoding "LATIN1"' in ran.err
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT to_regclass('places')").fetchone() == (None,)


@pytest.mark.parametrize("command", ["plan", "dump"])
def test_bytes_that_are_no_text_are_told(server: Server, tmp_path: Path, command: str) -> None:
    folder = tmp_path / "schema"
    folder.mkdir()
    with database_of(server, IN_ASCII) as url:
        with psycopg.connect(url, client_encoding="SQL_ASCII") as connection:
            connection.execute(b"CREATE TABLE old (id int); COMMENT ON TABLE old IS 'gr\xfcn'")
        ran = run_command(command, "--dir", folder if command == "plan" else tmp_path / "written", url=url)
    assert ran.code == 1
    assert "the database holds text that is no UTF-8" in ran.err
    assert "0xfc" in ran.err
