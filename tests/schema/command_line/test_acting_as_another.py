"""A login that is a member of the role that owns everything, as it is where several people deploy."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.conftest import Server
from tests.schema.command_line.conftest import run_command

MADE = """
CREATE TYPE mood AS ENUM ('calm');
CREATE TABLE agents (id int PRIMARY KEY, mood mood);
CREATE VIEW calm AS SELECT id FROM agents WHERE mood = 'calm';
CREATE FUNCTION one() RETURNS int LANGUAGE sql RETURN 1;
"""
GIVEN = """
ALTER TYPE mood OWNER TO app_owner;
ALTER TABLE agents OWNER TO app_owner;
ALTER VIEW calm OWNER TO app_owner;
ALTER FUNCTION one() OWNER TO app_owner;
"""
MORE = "CREATE TABLE tasks (id int REFERENCES agents);\n"

OWNERS = "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"


@pytest.fixture
def deployer(server: Server) -> Iterator[str]:
    """The URL of a login that may act as `app_owner`, who owns the database and all of `MADE` in it."""
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute("CREATE ROLE app_owner")
        admin.execute("CREATE ROLE deployer LOGIN PASSWORD 'deployed' CREATEDB IN ROLE app_owner")
        admin.execute("CREATE DATABASE app OWNER app_owner")
        try:
            with psycopg.connect(server.url("app"), autocommit=True) as inside:
                inside.execute(f"SET ROLE app_owner; {MADE}".encode())
            yield make_conninfo(server.url("app"), user="deployer", password="deployed")
        finally:
            admin.execute("DROP DATABASE app WITH (FORCE)")
            admin.execute("DROP ROLE deployer, app_owner")


@pytest.mark.parametrize("scratch", ["embedded", "target"])
class TestEachScratch:
    def test_what_is_written_is_read_back(self, deployer: str, tmp_path: Path, scratch: str) -> None:
        written = run_command("dump", "--dir", tmp_path, "--scratch", scratch, url=deployer)
        assert written.code == 0, written.err
        planned = run_command("plan", "--dir", tmp_path, "--scratch", scratch, url=deployer)
        assert planned.code == 0, planned.out + planned.err

    def test_files_may_say_whose_all_is(self, deployer: str, tmp_path: Path, scratch: str) -> None:
        (tmp_path / "all.sql").write_text(MADE + GIVEN + MORE + "ALTER TABLE tasks OWNER TO app_owner;")
        applied = run_command("apply", "--dir", tmp_path, "--scratch", scratch, url=deployer)
        assert applied.code == 0, applied.err
        assert "proven on a copy" in applied.out
        assert "not proven" not in applied.out
        assert owners(deployer) == ["app_owner"]

    def test_else_it_becomes_that_of_who_applies_the_files(self, deployer: str, tmp_path: Path, scratch: str) -> None:
        (tmp_path / "all.sql").write_text(MADE + MORE)
        applied = run_command("apply", "--dir", tmp_path, "--scratch", scratch, url=deployer)
        assert applied.code == 0, applied.err
        assert "ALTER TABLE agents OWNER TO deployer" in applied.out
        assert "not proven" not in applied.out
        assert owners(deployer) == ["deployer"]
        assert run_command("plan", "--dir", tmp_path, "--scratch", scratch, url=deployer).code == 0


def owners(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [name for (name,) in connection.execute(OWNERS)]
