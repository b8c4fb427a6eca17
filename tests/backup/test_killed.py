"""kill -9 at random moments, of the job, of its store, of its server: latest always names a whole, proven backup."""

import os
import random
import time
from pathlib import Path

import psutil
import psycopg

from tests.backup.conftest import Job, job_values
from tests.backup.held import held_restore
from tests.backup.s3_server import BUCKET, S3Server
from tests.conftest import Database, Server, fresh_database
from tests.full_run import FULL, in_full

SEED = int(os.environ.get("AGENT_ECOSYSTEM_SEED", "20261128"))
OF_THE_JOB, OF_OTHERS = (100, 20) if FULL else (6, 3)


def fill(database: Database) -> None:
    """Make 12 MB that do not compress: more than one part of an upload."""
    content = random.Random(SEED)  # noqa: S311 - no secret
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE public.big (id integer, body bytea STORAGE EXTERNAL)")
        for number in range(12):
            owner.execute("INSERT INTO public.big VALUES (%s, %b)", [number, content.randbytes(1_000_000)])


class Moments:
    """When to kill a run: random shares of its length, which is learned anew from those that end before."""

    def __init__(self, job: Job):
        """Take a first backup, to see how long one takes."""
        begun = time.monotonic()
        job.good("run")
        self.longest = time.monotonic() - begun
        self._chosen = random.Random(SEED)  # noqa: S311 - no secret

    def run(self, job: Job) -> psutil.Process | None:
        """Start a run and return it when its moment has come; None if it was done by then."""
        seconds = self._chosen.uniform(0, self.longest)
        begun = time.monotonic()
        process = psutil.Process(job.start("run").pid)
        try:
            process.wait(timeout=seconds)
        except psutil.TimeoutExpired:
            return process
        self.longest = min(self.longest, time.monotonic() - begun)
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
    moments, killed = Moments(job), 0
    for _ in range(3 * OF_THE_JOB):
        if process := moments.run(job):
            dumps = process.children()
            process.kill()
            gone, alive = psutil.wait_procs([process, *dumps], timeout=60)
            assert not alive, "pg_dump and pg_restore end with the job"
            killed += len(gone) > 0
        require_whole(job)
        if killed == OF_THE_JOB:
            break
    assert killed == OF_THE_JOB, f"seed {SEED}: only {killed} runs were killed"
    require_clear(job, server)


def failed_clearly(job: Job) -> str:
    """Wait for the end of the run whose store or server is gone; return what it said."""
    process = job.started[-1]
    _, said = process.communicate(timeout=120)
    assert "Traceback" not in said
    assert process.returncode in (0, 1), said  # 0: it needed what was killed no more
    return said


@in_full
def test_its_store_is_killed(fragile_store: S3Server, server: Server, database: Database, tmp_path: Path) -> None:
    fill(database)
    job = Job(tmp_path / "job.json", job_values(server, fragile_store, BUCKET, database), fragile_store.client)
    job.set()
    port = fragile_store.store.ports().s3
    try:
        moments = Moments(job)
        for _ in range(OF_OTHERS):
            if moments.run(job):
                psutil.Process(fragile_store.store.alive()).kill()
                failed_clearly(job)
                fragile_store.store.start(port)
            require_whole(job)
        require_clear(job, server)
    finally:
        job.stop()


@in_full
def test_its_server_is_killed(fragile_server: Server, s3_server: S3Server, tmp_path: Path) -> None:
    with fresh_database(fragile_server) as database:
        fill(database)
        job = Job(tmp_path / "job.json", job_values(fragile_server, s3_server, BUCKET, database), s3_server.client)
        job.set()
        try:
            moments = Moments(job)
            for _ in range(OF_OTHERS):
                if moments.run(job):
                    kill_server(fragile_server)
                    failed_clearly(job)
                    fragile_server.cluster.start(port=fragile_server.port)
                require_whole(job)
            require_clear(job, fragile_server)
        finally:
            job.stop()


def test_the_server_of_the_proof_is_killed(fragile_server: Server, job: Job, database: Database) -> None:
    """It says nothing of the backup, and is not called one that does not restore."""
    fill(database)
    job.set(proof_url=fragile_server.url())
    process = job.start("run")
    restore = held_restore(process)
    kill_server(fragile_server)
    restore.resume()
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1, said
    assert "could not be proven, `latest` stays: pg_restore failed" in said
    assert "Traceback" not in said
    assert job.latest() is None


def kill_server(server: Server) -> None:
    """Kill the postmaster and everything it started, as a machine that loses its power does."""
    postmaster = psutil.Process(server.cluster.process_id())
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        process.kill()
    psutil.wait_procs(family, timeout=30)
