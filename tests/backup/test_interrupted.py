"""Runs that end in the middle: latest stays, nothing half made is seen, nothing is left behind."""

import signal
import threading

import psutil
import psycopg
import pytest

from tests.backup.conftest import Job
from tests.backup.held import held_dump, held_restore
from tests.conftest import Database


def test_a_killed_pg_dump_leaves_latest_and_no_object(job: Job, big: Database) -> None:
    job.good("run")
    before, pointer = job.objects(), job.latest()
    process = job.start("run")
    held_dump(process).kill()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "pg_dump was killed by signal 9" in err
    assert "Traceback" not in err
    assert job.latest() == pointer
    assert job.objects() == before
    assert job.open_uploads() == 0
    assert big


def test_a_killed_backend_is_a_failed_run(job: Job, big: Database) -> None:
    process = job.start("run")
    dump = held_dump(process)
    with psycopg.connect(big.admin_url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'pg_dump'"
        )
    dump.resume()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "pg_dump failed with exit code 1" in err
    assert job.objects() == []
    assert job.open_uploads() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_aborts_the_upload(job: Job, big: Database, number: signal.Signals) -> None:
    process = job.start("run")
    dump = held_dump(process)
    assert job.open_uploads() == 1
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert err.strip().splitlines()[-1] == f"stopped by {number.name}"
    assert job.open_uploads() == 0
    assert job.objects() == []
    assert not dump.is_running()
    assert big


def test_a_signal_during_a_restore_drops_its_database(job: Job, big: Database) -> None:
    job.good("run")
    process = job.start("restore", "--jobs", "1")
    restore = held_restore(process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert not restore.is_running()
    with psycopg.connect(big.admin_url) as admin:
        left = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE '%restored%'").fetchall()
    assert left == []


def test_the_next_run_aborts_what_a_killed_one_left(job: Job, big: Database) -> None:
    process = job.start("run")
    dump = held_dump(process)
    process.kill()
    process.communicate(timeout=60)
    dump.kill()
    assert job.open_uploads() == 1
    assert job.objects() == []
    done = job.run("run")
    assert done.returncode == 0, done.stderr
    assert "aborted the uploads that killed runs left: uploads 1" in done.stderr
    assert job.open_uploads() == 0
    assert big


def test_two_runs_do_not_overlap(job: Job, big: Database) -> None:
    process = job.start("run")
    dump = held_dump(process)
    assert "another backup of this database is running" in job.refused("run", code=4)
    assert job.open_uploads() == 1
    dump.resume()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert big


def test_rows_written_meanwhile_are_in_neither_count_nor_dump(job: Job, big: Database, restored: list[str]) -> None:
    stop = threading.Event()

    def write() -> None:
        with psycopg.connect(big.owner_url, autocommit=True) as owner:
            while not stop.is_set():
                owner.execute("INSERT INTO public.big SELECT 1, 'x' FROM generate_series(1, 10)")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        job.good("run")
    finally:
        stop.set()
        writer.join()
    restored.append(job.good("restore").strip().rpartition("/")[2])


def test_no_secret_in_arguments_output_or_objects(job: Job, big: Database) -> None:
    process = job.start("run", "--json")
    dump = held_dump(process)
    seen = " ".join([*dump.cmdline(), *psutil.Process(process.pid).cmdline()])
    dump.resume()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    seen += out + err + job.good("list", "--json") + job.good("status", "--json")
    for key in job.objects():
        if key.endswith((".json", ".sql")):
            body = job.client.get_object(Bucket=job.values["s3_bucket"], Key=f"{job.values['prefix']}/{key}")["Body"]
            seen += body.read().decode()
    password = psycopg.conninfo.conninfo_to_dict(job.values["database_url"])["password"]
    for secret in (password, job.values["s3_access_key"], job.values["s3_secret_key"], "SCRAM-SHA-256"):
        assert str(secret) not in seen
    assert big.name in seen
