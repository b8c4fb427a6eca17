"""What hangs without an end: a run does not wait for ever, says what hangs, and the next one finds everything clear."""

import os
import signal
import socket
from pathlib import Path

import psycopg

from infra.backup_job import database as job_database
from tests.backup.conftest import Job, job_values
from tests.backup.held import frozen, held_before_the_dump, held_dump, held_restore
from tests.backup.s3_server import BUCKET, S3Server
from tests.backup.test_proof import throwaway
from tests.conftest import Database, Server, fresh_database
from tests.full_run import in_full
from tests.waiting import wait_until

OF_THE_RUN = "SELECT pid FROM pg_stat_activity WHERE application_name IN ('agent-ecosystem backup', 'pg_dump')"


def end(job: Job) -> tuple[int, str]:
    """Wait for the end of the run that was started last; return its exit code and its last line."""
    process = job.started[-1]
    _, said = process.communicate(timeout=120)
    assert "Traceback" not in said
    return process.returncode, said.splitlines()[-1]


def require_clear(job: Job) -> None:
    """Take a backup after what hung is well again."""
    before = job.latest()
    job.good("run")
    assert job.latest() != before
    assert job.open_uploads() == 0


@in_full
def test_a_query_without_an_end(job: Job, filled: Database) -> None:
    """It is cancelled: no session goes on for a run that has ended."""
    job.good("run")
    before = job.latest()
    job.set(run_limit_seconds=8, lock_wait_seconds=3600)
    with held_before_the_dump(job, filled):
        code, said = end(job)
        with psycopg.connect(filled.admin_url, autocommit=True) as admin:
            wait_until(lambda: admin.execute(OF_THE_RUN).fetchone() is None, "the server has no session of the run")
    assert code == 1
    assert "given up after 8 s, `latest` stays" in said
    assert "raise run_limit_seconds" in said
    assert job.latest() == before
    job.set(run_limit_seconds=3600)
    require_clear(job)


@in_full
def test_a_session_that_does_not_even_take_a_cancellation(job: Job, filled: Database) -> None:
    job.set(run_limit_seconds=15, lock_wait_seconds=3600)
    with held_before_the_dump(job, filled) as backend, frozen(backend):
        code, said = end(job)
    assert code == 1
    assert "given up after 15 s" in said
    with psycopg.connect(filled.admin_url, autocommit=True) as admin:
        wait_until(lambda: admin.execute(OF_THE_RUN).fetchone() is None, "the server has no session of the run")
    job.set(run_limit_seconds=3600)
    require_clear(job)


def test_a_pg_dump_without_an_end(job: Job, filled: Database) -> None:
    """It waits for a lock that no limit holds for."""
    job.set(run_limit_seconds=10)
    with psycopg.connect(filled.owner_url) as owner:
        owner.execute("CREATE SEQUENCE public.gone")
        owner.commit()
        owner.execute("DROP SEQUENCE public.gone")
        said = job.refused("run")
    assert "given up after 10 s" in said
    assert job.objects() == []
    job.set(run_limit_seconds=3600)
    require_clear(job)


@in_full
def test_a_server_that_answers_nobody(fragile_server: Server, s3_server: S3Server, tmp_path: Path) -> None:
    with fresh_database(fragile_server) as database:
        job = Job(tmp_path / "job.json", job_values(fragile_server, s3_server, BUCKET, database), s3_server.client)
        job.set(silence_seconds=2)
        try:
            with held_before_the_dump(job, database), frozen(fragile_server.cluster.process_id()):
                code, said = end(job)
            assert code == 1
            assert f"/{database.name} has answered nobody for 2 s (silence_seconds, backupSilenceSeconds)" in said
            assert job.objects() == []
            require_clear(job)
        finally:
            job.stop()


def test_a_signal_while_the_server_answers_nobody(fragile_server: Server, s3_server: S3Server, tmp_path: Path) -> None:
    with fresh_database(fragile_server) as database:
        job = Job(tmp_path / "job.json", job_values(fragile_server, s3_server, BUCKET, database), s3_server.client)
        job.set()
        try:
            with held_before_the_dump(job, database), frozen(fragile_server.cluster.process_id()):
                job.started[-1].send_signal(signal.SIGTERM)
                assert end(job) == (128 + signal.SIGTERM, "stopped by SIGTERM")
            require_clear(job)
        finally:
            job.stop()


@in_full
def test_the_server_of_the_proof_answers_nobody(job: Job, big: Database, fragile_server: Server) -> None:
    """It is not the backup that is blamed."""
    job.set(silence_seconds=2, proof_url=fragile_server.url())
    process = job.start("run")
    restore = held_restore(process)
    with frozen(fragile_server.cluster.process_id()):
        restore.resume()
        code, said = end(job)
    assert code == 1
    assert "has answered nobody for 2 s (silence_seconds, backupSilenceSeconds)" in said
    assert job.latest() is None
    require_clear(job)
    assert throwaway(fragile_server) == []
    assert big


@in_full
def test_a_store_that_does_not_answer(fragile_store: S3Server, server: Server, big: Database, tmp_path: Path) -> None:
    job = Job(tmp_path / "job.json", job_values(server, fragile_store, BUCKET, big), fragile_store.client)
    job.set()
    try:
        job.good("run")
        before = job.latest()
        job.set(store_timeout_seconds=1)
        process = job.start("run")
        dump = held_dump(process)
        with frozen(fragile_store.store.alive()):
            dump.resume()
            code, said = end(job)
        assert code == 1
        assert "no answer from the store of bucket" in said
        job.set(store_timeout_seconds=60)
        assert job.latest() == before
        require_clear(job)
    finally:
        job.stop()


def test_a_host_that_is_gone_is_noticed_by_keepalives(job: Job, big: Database) -> None:
    with job_database.connect(big.backup_url) as connection, socket.socket(fileno=os.dup(connection.fileno())) as line:
        wanted = {socket.TCP_KEEPIDLE: 60, socket.TCP_KEEPINTVL: 10, socket.TCP_KEEPCNT: 6}
        assert {option: line.getsockopt(socket.IPPROTO_TCP, option) for option in wanted} == wanted
    process = job.start("run")
    dump = held_dump(process)
    assert "keepalives_idle=60" in dump.cmdline()[-1]
    assert "connect_timeout=10" in dump.cmdline()[-1]


def test_a_url_has_its_own_way(big: Database) -> None:
    url = f"{big.backup_url}?keepalives_idle=7"
    with job_database.connect(url) as connection, socket.socket(fileno=os.dup(connection.fileno())) as line:
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 7
