"""What users get wrong, and the one line that tells them."""

import subprocess
from pathlib import Path

import psycopg
import pytest

from infra.backup_job import catalog, latest
from infra.backup_job.errors import BackupError, ConflictError
from infra.backup_job.manifest import Manifest
from infra.backup_job.store import ObjectStore
from tests.backup.conftest import PROJECT, Job
from tests.conftest import Database


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"s3_secret_key": "wrong"}, "correct s3_secret_key"),
        ({"s3_access_key": "wrong"}, "correct s3_access_key"),
        ({"s3_bucket": "no-such-bucket"}, "correct s3_bucket"),
        ({"s3_endpoint": "http://127.0.0.1:9"}, "correct s3_endpoint"),
        ({"pg_bin": "/nonexistent"}, "correct pg_bin"),
    ],
)
def test_a_wrong_setting_is_told_by_its_consequence(job: Job, change: dict[str, str], words: str) -> None:
    secret = job.values["s3_secret_key"]
    job.set(**change)
    refusal = job.refused("run")
    assert words in refusal
    assert secret not in refusal


def test_a_wrong_password_names_server_and_user(job: Job, database: Database) -> None:
    wrong = psycopg.conninfo.make_conninfo(database.backup_url, password="not-it")
    job.set(database_url=wrong)
    refusal = job.refused("run")
    assert "password authentication failed" in refusal
    assert f"backup@127.0.0.1:{psycopg.conninfo.conninfo_to_dict(wrong)['port']}/{database.name}" in refusal
    assert "not-it" not in refusal


def test_a_server_that_is_down_is_told(job: Job) -> None:
    job.set(database_url="postgresql://backup:x@127.0.0.1:9/db")
    assert "no connection to postgresql://backup@127.0.0.1:9/db" in job.refused("run")


def test_an_older_pg_dump_is_refused(job: Job, tmp_path: Path) -> None:
    """A stand-in that only says its version, which is all that is asked of it before the refusal."""
    older = tmp_path / "pg_dump"
    older.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.14'\n")
    older.chmod(0o755)
    job.set(pg_bin=str(tmp_path))
    assert "is version 15, the server is version 18" in job.refused("run")
    assert job.objects() == []


def test_a_role_that_row_security_holds_back_is_refused(job: Job, filled: Database) -> None:
    job.set(database_url=filled.owner_url)
    refusal = job.refused("run")
    assert "secretive" in refusal
    assert "row-level security" in refusal
    assert job.objects() == []


def test_a_restore_without_the_right_to_see_all_rows_is_refused_first(job: Job, filled: Database) -> None:
    job.good("run")
    job.set(proof_url=job.values["restore_url"], restore_url=filled.owner_url)
    assert "row security is forced on public.secretive" in job.refused("restore")


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("latest", "there is no backup"),
        ("20200101_000000", "there is no proven backup of 20200101_000000"),
        ("2020-01-01T00:00:00", "there is no backup as old as 2020-01-01T00:00:00+00:00"),
        ("yesterday", "neither latest"),
    ],
)
def test_a_backup_that_is_not_there(job: Job, at: str, words: str) -> None:
    assert words in job.refused("restore", "--at", at)


def test_restore_without_a_role_says_which_variable(job: Job, database: Database) -> None:
    job.good("run")
    job.set(restore_url=None)
    assert "$BACKUP_RESTORE_URL" in job.refused("restore")
    assert database


def test_status_is_for_monitors(job: Job) -> None:
    none = job.run("status")
    assert (none.returncode, none.stdout.strip()) == (2, "no backup of stack test yet")
    job.good("run")
    assert job.good("status").startswith("good: last backup ")
    job.set(max_age_seconds=0.001)
    old = job.run("status", "--json")
    assert old.returncode == 2
    assert '"good": false' in old.stdout


def test_no_room_for_temporary_files_is_told(job: Job, database: Database) -> None:
    """A process that may write no file at all stands for disks that are full, all of them."""
    job.good("run")
    before = job.objects()
    limited = ["bash", "-c", 'ulimit -f 0; exec "$@"', "-", *job.command("run"), "--config", str(job.file)]
    done = subprocess.run(limited, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: no temporary file can be written in ")
    assert last.endswith("free some room there, or name another folder in $TMPDIR")
    assert job.objects() == before
    assert database


@pytest.mark.parametrize("of", ["s3_endpoint", "settings file"])
def test_a_status_that_can_not_be_had_is_unknown_never_a_warning(job: Job, of: str) -> None:
    if of == "s3_endpoint":
        job.set(s3_endpoint="http://")
    else:
        job.file.write_bytes(b"\xff")
    job.refused("status", code=3)


def test_a_backup_is_found_by_time_stamp_and_key(job: Job, filled: Database) -> None:
    job.good("run")
    pointer = job.latest()
    assert pointer is not None
    for at in (pointer.stamp, pointer.data.key, pointer.schema_sql.key, "2999-01-01"):
        assert catalog.find(ObjectStore(job.settings), job.names, at).stamp == pointer.stamp
    assert filled


def test_latest_moves_forward_only_and_by_compare_and_swap(job: Job, database: Database) -> None:
    job.good("run")
    store = ObjectStore(job.settings)
    pointer, tag = latest.read(store, job.names)
    assert pointer is not None
    manifest = Manifest.parse(store.get_verified(pointer.manifest), pointer.manifest.key)
    older = manifest.model_copy(update={"stamp": "20200101_000000"})
    with pytest.raises(BackupError, match="clocks"):
        latest.move(store, job.names, older, pointer.manifest)
    with pytest.raises(BackupError, match="was not proven"):
        latest.move(store, job.names, manifest.model_copy(update={"proof": None}), pointer.manifest)
    store.replace(job.names.latest, pointer.to_bytes() + b" ", tag)
    with pytest.raises(ConflictError):
        store.replace(job.names.latest, pointer.to_bytes(), tag)
    with pytest.raises(ConflictError):
        store.put_new(job.names.latest, b"")
    assert database
