"""`restore --create-roles`: what a server lacks around the database is made with it, and goes where that fails."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.backup.conftest import Job
from tests.backup.test_round_trip import content
from tests.conftest import Database, Server

GONE = ("departed", "crew", "fleet")
ATTRIBUTES = "rolcanlogin, rolcreatedb, rolinherit, rolbypassrls, rolconnlimit, rolsuper, rolpassword IS NULL"


@pytest.fixture
def moved(job: Job, filled: Database, server: Server) -> Iterator[Job]:
    """The job of a database whose backup needs roles that the server does not have any more."""
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute("CREATE ROLE fleet")
        admin.execute("CREATE ROLE crew IN ROLE fleet")
        attributes = "LOGIN CREATEDB NOINHERIT BYPASSRLS CONNECTION LIMIT 7 PASSWORD 'x'"
        admin.execute(f"CREATE ROLE departed {attributes} IN ROLE crew".encode())
    with psycopg.connect(filled.admin_url, autocommit=True) as admin:
        admin.execute("CREATE TABLE public.theirs (line text); INSERT INTO public.theirs VALUES ('kept')")
        admin.execute("ALTER TABLE public.theirs OWNER TO departed")
    job.good("run")
    with psycopg.connect(filled.admin_url, autocommit=True) as admin:
        admin.execute("DROP TABLE public.theirs")
        admin.execute("DROP ROLE departed, crew, fleet")
    yield job
    with psycopg.connect(server.url(), autocommit=True) as admin:
        for role in present(server):
            admin.execute(f"DROP ROLE {role}".encode())


def present(server: Server) -> list[str]:
    """Return those of the roles that are there."""
    with psycopg.connect(server.url()) as admin:
        found = {name for (name,) in admin.execute("SELECT rolname FROM pg_roles").fetchall()}
    return [name for name in GONE if name in found]


def test_the_missing_roles_come_back_as_they_were_without_passwords(
    moved: Job, server: Server, restored: list[str]
) -> None:
    said = moved.refused("restore")
    assert "things in this backup: fleet, crew, departed: create them first" in said
    assert said.endswith("or have them made, without passwords: --create-roles")
    assert present(server) == []

    done = moved.run("restore", "--create-roles")
    assert done.returncode == 0, done.stderr
    assert [f"role made, without a password: role {role}\n" in done.stderr for role in GONE] == [True] * 3, done.stderr
    restored.append(done.stdout.strip().rpartition("/")[2])
    assert content(server.url(restored[0]))["theirs"][0] == 1
    with psycopg.connect(server.url(), autocommit=True) as admin:
        attributes = admin.execute(f"SELECT {ATTRIBUTES} FROM pg_authid WHERE rolname = 'departed'".encode()).fetchone()
        assert attributes == (True, True, False, True, 7, False, True)
        assert admin.execute("SELECT pg_has_role('departed', 'fleet', 'MEMBER')").fetchone() == (True,)
        admin.execute(f'DROP DATABASE "{restored[0]}"'.encode())


def test_a_login_that_may_not_make_roles_is_told_so_and_makes_nothing(moved: Job, server: Server) -> None:
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE modest LOGIN CREATEDB BYPASSRLS PASSWORD '{server.password}'".encode())
        try:
            moved.set(restore_url=server.url("postgres", "modest"))
            said = moved.refused("restore", "--create-roles")
            there = admin.execute("SELECT FROM pg_database WHERE datname LIKE '%restored%'").fetchall()
        finally:
            admin.execute("DROP ROLE modest")
    assert "the roles of the backup can not be made: permission denied to create role" in said
    assert present(server) == []
    assert there == []


def test_they_go_again_where_the_restore_fails(moved: Job, server: Server) -> None:
    stamp = moved.forge(rows={**moved.manifest().contents.rows, "public.theirs": 2})
    assert "public.theirs has 1 rows of 2" in moved.refused("restore", "--create-roles", "--at", stamp)
    assert present(server) == []


def test_a_superuser_is_not_made(job: Job, filled: Database, server: Server) -> None:
    with psycopg.connect(filled.admin_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE mighty SUPERUSER")
        admin.execute("CREATE TABLE public.theirs (); ALTER TABLE public.theirs OWNER TO mighty")
        job.good("run")
        admin.execute("DROP TABLE public.theirs")
        admin.execute("DROP ROLE mighty")
    assert "superusers are not made for a backup: make mighty yourself" in job.refused("restore", "--create-roles")
    with psycopg.connect(server.url()) as admin:
        assert admin.execute("SELECT FROM pg_roles WHERE rolname = 'mighty'").fetchone() is None


def test_a_check_that_does_not_hold_any_more_is_told_and_the_content_kept(
    job: Job, filled: Database, server: Server, restored: list[str]
) -> None:
    job.set(checks={"01_young.sql": "SELECT true AS ok, 'fine' AS message"})
    job.good("run")
    for answer, told in (("true", False), ("false", True)):
        job.set(checks={"01_young.sql": f"SELECT {answer} AS ok, 'too old' AS message"})
        done = job.run("restore")
        assert done.returncode == 0, done.stderr
        restored.append(done.stdout.strip().rpartition("/")[2])
        line = "a check that held in the original does not hold any more: check 01_young.sql, says too old"
        assert (line in done.stderr) == told, done.stderr
        assert content(server.url(restored[-1])) == content(filled.admin_url)
