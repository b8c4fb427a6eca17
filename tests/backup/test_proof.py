"""No backup without a proof: it was restored into a throwaway database and compared, before it became the latest."""

import json
import signal

import psycopg

from infra.backup_job.proof import drop_leftovers
from tests.backup.conftest import Job
from tests.backup.held import held_restore
from tests.conftest import Database, Server

TRAP = """
CREATE FUNCTION known(value text) RETURNS boolean LANGUAGE plpgsql
AS $$ BEGIN RETURN value IN (SELECT word FROM words); END $$;
CREATE TABLE words (word text);
CREATE TABLE said (word text CHECK (known(word)));
INSERT INTO words VALUES ('yes');
INSERT INTO said VALUES ('yes');
"""


def throwaway(server: Server) -> list[str]:
    with psycopg.connect(server.url()) as admin:
        rows = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'backup_proof_%'").fetchall()
    return [name for (name,) in rows]


def test_what_does_not_restore_never_becomes_the_latest(job: Job, filled: Database, server: Server) -> None:
    """A function without its own search_path finds no table during a restore: its dump is good, its restore is not."""
    job.good("run")
    before = job.latest()
    with psycopg.connect(filled.owner_url, autocommit=True) as owner:
        owner.execute("SET search_path = public")
        owner.execute(TRAP)
    refusal = job.refused("run", code=3)
    assert "is no backup, `latest` stays" in refusal
    assert 'relation "words" does not exist' in refusal
    assert job.latest() == before
    assert len(json.loads(job.good("list", "--json"))) == 1
    assert throwaway(server) == []


def test_a_check_that_held_before_must_hold_in_the_copy(job: Job, filled: Database, server: Server) -> None:
    """One that knows the original by its name, and one that fails there already: of the copy nobody asks that."""
    named = f"SELECT current_database() = '{filled.name}' AS ok, 'another database' AS message"
    broken = "SELECT count(*) = 8 AS ok, 'rows' AS message FROM secretive"
    counted = "SELECT count(*) = 7 AS ok, 'rows' AS message FROM secretive"
    job.set(checks={"counted.sql": counted, "broken.sql": broken})
    job.good("run")
    pointer = job.latest()
    assert pointer is not None
    assert pointer.proof.checks == 1
    job.set(checks={"named.sql": named})
    assert "named.sql held in the original, in its copy it does not: another database" in job.refused("run", code=3)
    assert job.latest() == pointer
    assert throwaway(server) == []


def test_the_next_run_drops_the_throwaway_database_of_a_killed_one(job: Job, big: Database, server: Server) -> None:
    process = job.start("run")
    restore = held_restore(process)
    process.kill()
    process.communicate(timeout=60)
    restore.kill()
    assert len(throwaway(server)) == 1
    assert job.latest() is None
    assert (
        drop_leftovers(job.settings, job.identity().model_copy(update={"database_oid": 1})) == 0
    )  # another database's
    done = job.run("run")
    assert done.returncode == 0, done.stderr
    assert "dropped the throwaway databases that killed runs left: databases 1" in done.stderr
    assert throwaway(server) == []
    assert big


def test_a_signal_during_the_proof_leaves_nothing(job: Job, big: Database, server: Server) -> None:
    process = job.start("run")
    held_restore(process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert throwaway(server) == []
    assert job.latest() is None
    assert big


def test_without_a_server_to_prove_on_there_is_no_backup(job: Job, database: Database) -> None:
    job.set(restore_url=None)
    assert "no server to prove backups on: set proof_url" in job.refused("run")
    assert job.objects() == []
    job.set(proof="read")
    job.good("run")
    status = job.run("status", "--json")
    assert status.returncode == 1
    assert json.loads(status.stdout)["reason"] == "not proven by a restore"
    assert job.run("status", "--healthy").returncode == 0
    assert database
