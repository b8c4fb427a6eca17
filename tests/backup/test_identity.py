"""A new database in the bucket of an old one: the old backups are there, and are none of it."""

import json

import psycopg

from infra.backup_job.manifest import Identity
from tests.backup.conftest import Job
from tests.backup.s3_server import BUCKET
from tests.backup.test_schedule import stopped, until
from tests.conftest import Database, Server


def change_pointer(job: Job, identity: Identity) -> None:
    pointer = job.latest()
    assert pointer is not None
    changed = pointer.model_copy(update={"identity": identity})
    job.client.put_object(Bucket=BUCKET, Key=job.names.latest, Body=changed.to_bytes())


def test_a_new_database_of_the_same_name_gets_its_first_backup(
    job: Job, filled: Database, server: Server, restored: list[str]
) -> None:
    job.good("run")
    old = job.latest()
    assert old is not None
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {filled.name}")
        admin.execute(f"CREATE DATABASE {filled.name} OWNER ecosystem_owner")

    status = job.run("status")
    assert status.returncode == 2
    assert status.stdout.strip() == f"no backup of this database yet: the latest one, {old.stamp}, is of another"
    facts = json.loads(job.run("status", "--json").stdout)
    assert (facts["good"], facts["stamp"], facts["latest_of_another_database"]) == (False, None, old.stamp)

    process = job.start("schedule")
    events = {line["event"]: line for line in until(process, "next backup")}
    stopped(process)
    assert events["catching up"]["reason"] == "there is no backup of this database yet"
    assert job.good("status").startswith("good: ")
    new = job.latest()
    assert new is not None
    listed = job.good("list")
    assert old.stamp in listed
    assert new.stamp in listed
    restored.append(job.good("restore", "--at", old.stamp).strip().rpartition("/")[2])
    with psycopg.connect(server.url(restored[0])) as connection:
        assert connection.execute("SELECT count(*) FROM secretive").fetchone() == (7,)


def test_the_same_oid_on_another_server_is_another_database(job: Job, database: Database) -> None:
    """Two clusters count their oids alike: only the system identifier tells a new server from the old one."""
    job.good("run")
    pointer = job.latest()
    assert pointer is not None
    change_pointer(job, pointer.identity.model_copy(update={"system_identifier": "1"}))
    assert job.run("status").returncode == 2
    change_pointer(job, pointer.identity)
    assert job.run("status").returncode == 0
    assert database


def test_a_pointer_of_the_first_format_names_nothing_proven(job: Job, database: Database) -> None:
    """Its backups were read back and never restored."""
    first = {"format": 1, "stamp": "20200101_000000", "checked": "2020-01-01T00:00:00Z"}
    job.client.put_object(Bucket=BUCKET, Key=job.names.latest, Body=json.dumps(first).encode())
    assert job.run("status").stdout.strip() == "no backup of stack test yet"
    job.good("run")
    assert job.good("status").startswith("good: ")
    assert database


def test_a_server_that_does_not_tell_says_what_to_grant(job: Job, database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    for command, code in (("run", 1), ("status", 3)):
        refusal = job.refused(command, code=code)
        assert 'GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO "backup"' in refusal
