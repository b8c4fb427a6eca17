"""A restore in several parts at once: from a copy of the dump that was found unchanged before anything was made."""

import contextlib
import shutil
import signal
import time
from pathlib import Path

import psutil
import pytest
from pyrage import x25519

from infra.backup_job.dump_reading import SPARE, unfit
from tests.backup.conftest import Job
from tests.backup.held import children
from tests.backup.s3_server import BUCKET
from tests.backup.test_damage import body_of, flip, restored_databases
from tests.backup.test_encryption import key_file
from tests.backup.test_round_trip import content
from tests.conftest import Database, Server

COPIED = "copying the dump to restore it in parallel: jobs 2"


@pytest.fixture
def scratch(job: Job) -> Path:
    """An empty folder on a disk, for copies."""
    folder = job.file.parent / "scratch"
    folder.mkdir()
    job.set(scratch=str(folder))
    return folder


def test_it_is_the_same_database_and_the_copy_is_gone(
    job: Job, filled: Database, server: Server, restored: list[str], scratch: Path
) -> None:
    job.good("run")
    done = job.run("restore", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    restored.append(done.stdout.strip().rpartition("/")[2])
    assert COPIED in done.stderr
    assert content(server.url(restored[0])) == content(filled.admin_url)
    assert list(scratch.iterdir()) == []


def test_a_part_and_a_replacement_are_restored_so_too(
    job: Job, filled: Database, server: Server, restored: list[str], scratch: Path
) -> None:
    job.good("run")
    before = content(filled.admin_url)
    part = job.run("restore", "--jobs", "2", "--only", "secretive")
    restored.append(part.stdout.strip().rpartition("/")[2])
    assert COPIED in part.stderr
    after = content(server.url(restored[0]))
    assert (after["secretive"], after["log_2025"][0]) == (before["secretive"], 0)
    done = job.run("restore", "--jobs", "2", "--into", filled.name, "--force")
    assert done.returncode == 0, done.stderr
    assert COPIED in done.stderr
    restored.append(done.stderr.partition("old database kept as ")[2].partition(",")[0])
    assert content(filled.admin_url) == before
    assert scratch.exists()


def test_nothing_is_made_of_a_damaged_dump(job: Job, filled: Database, server: Server, scratch: Path) -> None:
    """Before there is a database: this role may make none, and what is told is the damage."""
    job.good("run")
    job.set(restore_url=filled.backup_url)
    data = job.manifest().data
    body = body_of(job, data.key)
    job.client.put_object(Bucket=BUCKET, Key=data.key, Body=flip(body, len(body) * 8 - 9))
    done = job.run("restore", "--jobs", "2")
    assert done.returncode == 3
    assert f"{data.key} is damaged" in done.stderr
    assert restored_databases(server) == []
    assert list(scratch.iterdir()) == []
    assert filled


def test_a_restore_that_fails_leaves_no_database(job: Job, filled: Database, server: Server, scratch: Path) -> None:
    job.good("run")
    contents = job.manifest().contents
    stamp = job.forge(rows={**contents.rows, "public.secretive": 8})
    assert "secretive has 7 rows of 8" in job.refused("restore", "--at", stamp, "--jobs", "2", code=1)
    assert restored_databases(server) == []
    assert scratch.exists()
    assert filled


def test_a_signal_ends_all_of_it(job: Job, big: Database, server: Server, scratch: Path) -> None:
    job.good("run")
    process = job.start("restore", "--jobs", "2")
    workers: list[psutil.Process] = []
    deadline = time.monotonic() + 60
    while not workers and time.monotonic() < deadline and process.poll() is None:
        for child in children(process):
            with contextlib.suppress(psutil.NoSuchProcess):
                if "--jobs=2" in child.cmdline():
                    workers = child.children()
    assert workers, process.communicate()
    for worker in workers:
        worker.suspend()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert err.strip().splitlines()[-1] == "stopped by SIGTERM"
    assert psutil.wait_procs(workers, timeout=30)[1] == []
    assert restored_databases(server) == []
    assert list(scratch.iterdir()) == []
    assert big


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("/dev/shm", "/dev/shm lies in memory: name a folder of a disk in scratch"),  # noqa: S108
        ("/nowhere", "/nowhere is no folder that can be written to: name another one"),
    ],
)
def test_without_a_disk_it_says_so_and_takes_the_stream(
    job: Job, filled: Database, restored: list[str], folder: str, words: str
) -> None:
    job.good("run")
    job.set(scratch=folder)
    done = job.run("restore", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    restored.append(done.stdout.strip().rpartition("/")[2])
    assert f"restoring in one stream: reason {words}" in done.stderr
    assert "copying" not in done.stderr
    assert filled


def test_a_disk_that_is_too_small_is_found_out_beforehand(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    assert unfit(tmp_path, SPARE) is None
    assert " free, dump and database may take " in str(unfit(tmp_path, free * 2))


def test_an_encrypted_dump_is_not_written_in_clear_unless_asked(
    job: Job, filled: Database, server: Server, restored: list[str], scratch: Path, tmp_path: Path
) -> None:
    identity = x25519.Identity.generate()
    job.set(encryption_recipients=[str(identity.to_public())], encryption_identity_file=key_file(tmp_path, identity))
    job.good("run")
    for options, words in (([], "this backup is encrypted: --jobs N copies it"), (["--jobs", "2"], COPIED)):
        done = job.run("restore", *options)
        assert done.returncode == 0, done.stderr
        restored.append(done.stdout.strip().rpartition("/")[2])
        assert words in done.stderr
        assert content(server.url(restored[-1])) == content(filled.admin_url)
    assert list(scratch.iterdir()) == []


def test_an_empty_database_takes_one_transaction(job: Job, database: Database) -> None:
    job.good("run")
    assert "leave --jobs out" in job.refused("restore", "--jobs", "2", "--into", database.name)
    assert "at least 1" in job.refused("restore", "--jobs", "0")
