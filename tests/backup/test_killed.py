"""kill -9 at random moments, of the job, of its store, of its server: latest always names a whole, proven backup."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.embedded.account import Account
from tests.backup.conftest import BUCKET, Job, S3Server, job_values, running_store
from tests.conftest import Database, Server, fresh_database, running_server

SEED = int(os.environ.get("AGENT_ECOSYSTEM_SEED", "20261128"))
FULL = bool(os.environ.get("AGENT_ECOSYSTEM_FULL"))
OF_THE_JOB, OF_OTHERS = (100, 20) if FULL else (10, 3)


@pytest.fixture
def fragile_store() -> Iterator[S3Server]:
    """A store that is one test's alone."""
    with running_store(BUCKET) as server:
        server.client.create_bucket(Bucket=BUCKET)
        yield server


@pytest.fixture
def fragile_server(account: Account) -> Iterator[Server]:
    """A server that is one test's alone."""
    with running_server(account) as server:
        yield server


def fill(database: Database) -> None:
    """Make 12 MB that do not compress: more than one part of an upload."""
    content = random.Random(SEED)  # noqa: S311 - no secret
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE public.big (id integer, body bytea STORAGE EXTERNAL)")
        for number in range(12):
            owner.execute("INSERT INTO public.big VALUES (%s, %b)", [number, content.randbytes(1_000_000)])


def moments(times: int, job: Job) -> list[float]:
    """Take a first backup, and return after how many seconds of a run to kill, the same share of it for every seed."""
    begun = time.monotonic()
    job.good("run")
    longest = time.monotonic() - begun
    chosen = random.Random(SEED)  # noqa: S311 - no secret
    return [chosen.uniform(0, longest) for _ in range(times)]


def run_until(job: Job, seconds: float) -> psutil.Process | None:
    """Start a run and return it after that long; None if it was done by then."""
    process = psutil.Process(job.start("run").pid)
    try:
        process.wait(timeout=seconds)
    except psutil.TimeoutExpired:
        return process
    return None


def require_whole(job: Job) -> None:
    """Read what latest names whole, and see that it was restored once."""
    job.good("verify", "latest")
    proof = job.manifest().proof
    assert proof is not None
    assert proof.method == "restore"


def require_clear(job: Job, server: Server) -> None:
    """Take a backup, and see that nothing of the killed runs is left."""
    job.good("run")
    require_whole(job)
    assert job.open_uploads() == 0
    with psycopg.connect(server.url()) as admin:
        left = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'backup_proof%'").fetchall()
    assert left == []


def test_the_job_is_killed(job: Job, database: Database, server: Server) -> None:
    fill(database)
    killed = 0
    for seconds in moments(OF_THE_JOB, job):
        if process := run_until(job, seconds):
            dumps = process.children()
            process.kill()
            gone, alive = psutil.wait_procs([process, *dumps], timeout=60)
            assert not alive, "pg_dump and pg_restore end with the job"
            killed += len(gone) > 0
        require_whole(job)
    assert killed > OF_THE_JOB // 2, f"seed {SEED}: only {killed} of {OF_THE_JOB} runs were killed"
    require_clear(job, server)


def failed_clearly(job: Job) -> str:
    """Wait for the end of the run whose store or server is gone; return what it said."""
    process = job.started[-1]
    _, said = process.communicate(timeout=120)
    assert "Traceback" not in said
    assert process.returncode in (0, 1), said  # 0: it needed what was killed no more
    return said


def test_its_store_is_killed(fragile_store: S3Server, server: Server, database: Database, tmp_path: Path) -> None:
    fill(database)
    job = Job(tmp_path / "job.json", job_values(server, fragile_store, BUCKET, database), fragile_store.client)
    job.set()
    port = fragile_store.store.ports().s3
    try:
        for seconds in moments(OF_OTHERS, job):
            if run_until(job, seconds):
                psutil.Process(fragile_store.store.alive()).kill()
                failed_clearly(job)
                fragile_store.store.start(port)
            require_whole(job)
        require_clear(job, server)
    finally:
        job.stop()


def test_its_server_is_killed(fragile_server: Server, s3_server: S3Server, tmp_path: Path) -> None:
    with fresh_database(fragile_server) as database:
        fill(database)
        job = Job(tmp_path / "job.json", job_values(fragile_server, s3_server, BUCKET, database), s3_server.client)
        job.set()
        try:
            for seconds in moments(OF_OTHERS, job):
                if run_until(job, seconds):
                    kill_server(fragile_server)
                    failed_clearly(job)
                    fragile_server.cluster.start(port=fragile_server.port)
                require_whole(job)
            require_clear(job, fragile_server)
        finally:
            job.stop()


def kill_server(server: Server) -> None:
    """Kill the postmaster and everything it started, as a machine that loses its power does."""
    postmaster = psutil.Process(server.cluster.process_id())
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        process.kill()
    psutil.wait_procs(family, timeout=30)
