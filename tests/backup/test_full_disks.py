"""A full disk, of the proving server and of the store: told as that, nothing lost, and well again once it is not."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.embedded.account import Account
from tests.backup.conftest import Job, job_values
from tests.backup.s3_server import BUCKET, S3Server, running_store
from tests.backup.test_proof import throwaway
from tests.conftest import Database, Server, running_server
from tests.full_run import in_full
from tests.tiny_disk import TinyDisk, require_mounts, run_with_tiny_disk
from tests.waiting import wait_until

START_STORE = """
import sys
from pathlib import Path
from infra.embedded.object_store import ObjectStore
ObjectStore(Path(sys.argv[1])).start(int(sys.argv[2]))
"""
PROJECT = Path(__file__).parents[2]


@pytest.fixture
def tiny_server(account: Account) -> Iterator[tuple[Server, TinyDisk]]:
    """A server whose databases lie on a disk of 160 MB; its log of changes does not."""
    require_mounts()
    with running_server(account) as server:
        cluster = server.cluster
        cluster.stop()
        control = str(cluster.distribution.root / "bin/pg_ctl")
        start = [control, "start", "--wait", f"--pgdata={cluster.data}", f"--log={cluster.log}"]
        as_account = ["setpriv", f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
        databases = cluster.data / "base"
        run_with_tiny_disk(databases, 160, [*as_account, *start], cluster.distribution.environment())
        process = cluster.process_id()
        assert process is not None
        yield server, TinyDisk(process, databases)


@pytest.fixture
def tiny_store() -> Iterator[tuple[S3Server, TinyDisk]]:
    """A store whose data lies on a disk of 500 MB, of which it leaves 200 free."""
    require_mounts()
    with running_store(BUCKET) as server:
        server.client.create_bucket(Bucket=BUCKET)
        port = server.store.ports().s3
        server.store.stop(grace=0)
        data = server.store.folder / "data"
        start = [sys.executable, "-c", START_STORE, str(server.store.folder), str(port)]
        run_with_tiny_disk(data, 500, start, {**os.environ, "PYTHONPATH": str(PROJECT)})
        process = server.store.alive()
        assert process is not None
        yield server, TinyDisk(process, data)


def test_of_the_server_that_proves(job: Job, big: Database, tiny_server: tuple[Server, TinyDisk]) -> None:
    server, disk = tiny_server
    job.set(proof_url=server.url())
    job.good("run")
    before = job.latest()
    disk.fill(leave=20)
    said = job.refused("run")
    assert "could not be proven, `latest` stays: pg_restore failed" in said
    assert "No space left on device" in said
    assert job.latest() == before
    assert throwaway(server) == []
    disk.clear()
    job.good("run")
    assert job.latest() != before
    assert big


@in_full
def test_of_the_store(server: Server, big: Database, tiny_store: tuple[S3Server, TinyDisk], tmp_path: Path) -> None:
    store, disk = tiny_store
    job = Job(tmp_path / "job.json", job_values(server, store, BUCKET, big), store.client)
    job.set()
    try:
        job.good("run")
        before = job.latest()
        disk.fill(leave=5)
        said = job.refused("run")
        assert "can not be written in bucket" in said
        assert "the store itself failed: look at its log and its disk" in said
        assert job.latest() == before
        job.good("verify", "latest")
        disk.clear()
        wait_until(lambda: job.run("run").returncode == 0, "a backup goes into the store again", 120)
        assert job.latest() != before
        assert job.open_uploads() == 0
    finally:
        job.stop()
