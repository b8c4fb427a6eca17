"""Backups are proven and restored on servers that the client programs are too new for: of versions 15 and 16."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.backup_job.database import Programs
from infra.backup_job.pg_restore import needs_psql
from infra.embedded.account import Account
from tests.backup.aged import NAME, aged, at
from tests.backup.conftest import Job, job_values
from tests.backup.s3_server import BUCKET, S3Server
from tests.backup.test_newer_server import dump
from tests.backup.test_round_trip import content
from tests.conftest import Database, Server
from tests.schema.engine.other_servers import OtherServer, programs

LIKE_THE_SCRIPT = "SET client_encoding = 'UTF8';", "SET transaction_timeout = 0;", "\\.", "\\restrict x", "COMMIT;"
"""Rows that read like lines of pg_restore's script."""


@pytest.fixture(scope="module", params=[15, 16])
def older(request: pytest.FixtureRequest, account: Account) -> Iterator[OtherServer]:
    with aged(request.param, account) as server:
        with psycopg.connect(at(server), autocommit=True) as admin:
            admin.execute("CREATE TABLE a_script (line text)")
            for line in LIKE_THE_SCRIPT:
                admin.execute("INSERT INTO a_script VALUES (%s)", [line])
        yield server


@pytest.fixture
def kept(older: OtherServer, server: Server, s3_server: S3Server, tmp_path: Path) -> Iterator[Job]:
    """The job of the older server's database, which proves and restores there, with the newest programs."""
    database = Database(NAME, at(older), older.as_owner(NAME), at(older))
    job = Job(tmp_path / "job.json", job_values(server, s3_server, BUCKET, database), s3_server.client)
    job.set(proof_url=older.url, restore_url=older.url)
    before = databases(older)
    yield job
    job.stop()
    with psycopg.connect(older.url, autocommit=True) as admin:
        for name in databases(older) - before:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def databases(server: OtherServer) -> set[str]:
    with psycopg.connect(server.url) as admin:
        return {name for (name,) in admin.execute("SELECT datname FROM pg_database").fetchall()}


def test_what_the_programs_can_not_do_is_asked_of_both_versions(older: OtherServer, server: Server, kept: Job) -> None:
    newest = Programs(kept.settings.pg_bin, kept.settings.pg_environment)
    reason = needs_psql(newest, older.url)
    assert reason is not None
    assert f"the server, version {older.major}, does not know" in reason
    assert needs_psql(newest, server.url()) is None


@pytest.mark.parametrize("arguments", [("--jobs", "1"), ("--jobs", "2"), ("--into", "chosen")], ids=" ".join)
def test_it_is_proven_and_restored(kept: Job, older: OtherServer, arguments: tuple[str, ...]) -> None:
    kept.good("run")
    proof = kept.manifest().proof
    assert proof is not None
    assert (proof.method, (proof.server or "")[:2]) == ("restore", str(older.major))
    if "--into" in arguments:
        with psycopg.connect(older.url, autocommit=True) as admin:
            admin.execute("CREATE DATABASE chosen")
    done = kept.run("restore", *arguments)
    assert done.returncode == 0, done.stderr
    told = "psql runs its script" in done.stderr
    assert told == ("2" in arguments), done.stderr
    target = at(older, done.stdout.strip().rpartition("/")[2])
    before = content(at(older))
    assert before["a_script"][0] == len(LIKE_THE_SCRIPT)
    assert content(target) == before
    assert dump(kept, target) == dump(kept, at(older))


def test_the_programs_of_its_own_version_do_as_well(kept: Job, older: OtherServer) -> None:
    """A container has those: they lack options that newer ones have."""
    own = programs(older.major)
    if not (own / "pg_dump").exists():
        pytest.skip(f"no pg_dump of PostgreSQL {older.major} is to be had here")
    kept.set(pg_bin=str(own), pg_environment={})
    kept.good("run")
    target = at(older, kept.good("restore").strip().rpartition("/")[2])
    assert content(target) == content(at(older))


def test_it_takes_the_place_of_the_database(kept: Job, older: OtherServer) -> None:
    kept.good("run")
    before = content(at(older))
    with psycopg.connect(at(older), autocommit=True) as admin:
        admin.execute("DELETE FROM a_script")
    kept.good("restore", "--into", NAME, "--force")
    assert content(at(older)) == before


def test_what_the_server_refuses_is_told_in_its_words(kept: Job, older: OtherServer) -> None:
    kept.good("run")
    with psycopg.connect(older.url, autocommit=True) as admin:
        admin.execute("CREATE DATABASE taken")
        admin.execute("ALTER DATABASE taken SET default_transaction_read_only = on")
    said = kept.refused("restore", "--into", "taken")
    assert "psql failed with exit code 3" in said
    assert "in a read-only transaction" in said
    assert content(at(older, "taken")) == {}


def test_a_damaged_dump_leaves_nothing(kept: Job, older: OtherServer) -> None:
    kept.good("run")
    before = databases(older)
    key = kept.manifest().data.key
    body = bytearray(kept.client.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    body[-3] ^= 1
    kept.client.put_object(Bucket=BUCKET, Key=key, Body=bytes(body))
    assert key in kept.refused("restore", code=3)
    assert databases(older) == before
