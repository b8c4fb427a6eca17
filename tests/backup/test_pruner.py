"""Pruning by itself: a process of its own, with keys of its own, after each proven backup."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from infra import store_policies
from infra.backup_job import prune_report, status
from infra.backup_job.names import Names
from infra.backup_job.prune_report import PruneReport
from infra.backup_job.status import Level
from infra.backup_job.store import ObjectStore as JobStore
from infra.provider.s3 import settings, store
from tests.backup.conftest import Job, job_values
from tests.backup.s3_server import S3Server, client_of, running_store
from tests.backup.test_schedule import stopped, until
from tests.conftest import Database, Server

BUCKET = "pruned-backups"
PREFIX = "backups"
"""The pruner's policy names one object, where a stack's backups are."""
ONE = {"last": 1, "hourly": 0, "daily": 0, "weekly": 0, "monthly": 0, "yearly": 0}
PRINCIPALS = {name: store_policies.seaweedfs_principal(name) for name in (store_policies.JOB, store_policies.PRUNER)}
POLICY = store_policies.of_bucket(BUCKET, PRINCIPALS)


@dataclass
class Pruner:
    """The pruner of a job's bucket: its file, and the job whose process it is not."""

    job: Job
    file: Path
    values: dict[str, Any]

    def set(self, **values: Any) -> None:
        self.values.update(values)
        self.file.write_text(json.dumps(self.values))

    def start(self) -> subprocess.Popen[str]:
        return self.job.start("--config", str(self.file), "prune-schedule")

    def check(self) -> subprocess.CompletedProcess[str]:
        return self.job.run("--config", str(self.file), "prune-schedule", "--check")

    def report(self) -> PruneReport:
        found, _ = prune_report.read(JobStore(self.job.settings), Names(PREFIX))
        assert found is not None
        return found


@pytest.fixture(scope="module")
def pruned() -> Iterator[S3Server]:
    with running_store(BUCKET) as server:
        store.make(server.client, BUCKET, "us-east-1", "test", lockable=True)
        yield server


@pytest.fixture
def pruner(server: Server, pruned: S3Server, database: Database, tmp_path: Path) -> Iterator[Pruner]:
    """A job without backups in a bucket with policies and without locks, and the pruner beside it."""
    wanted = settings.Settings(
        versioning=True, object_lock_days=0, abort_multipart_days=7, block_public_access=True, policy=POLICY
    )
    settings.apply(pruned.client, BUCKET, wanted)
    store.empty(pruned.client, BUCKET, locked=False)
    job = Job(tmp_path / "job.json", job_values(server, pruned, BUCKET, database), pruned.client)
    job.set(prefix=PREFIX, pruning=True)
    keys = pruned.keys(store_policies.PRUNER)
    made = Pruner(job, tmp_path / "prune.json", {})
    made.set(
        stack="test",
        s3_endpoint=pruned.endpoint,
        s3_bucket=BUCKET,
        s3_access_key=keys.access_key,
        s3_secret_key=keys.secret_key,
        retention=ONE,
        retry_seconds=0.2,
        look_seconds=0.2,
    )
    yield made
    job.stop()


def stamps(job: Job) -> list[str]:
    """Return the stamps of the backups, newest first."""
    return [entry["stamp"] for entry in json.loads(job.good("list", "--json"))]


def test_it_prunes_after_each_proven_backup_and_status_says_so(pruner: Pruner) -> None:
    job = pruner.job
    for _ in range(2):
        job.good("run")
    assert len(stamps(job)) == 2
    process = pruner.start()
    assert until(process, "pruned")[-1]["went"] == 1
    assert len(stamps(job)) == 1
    job.good("run")
    assert until(process, "pruned")[-1]["went"] == 1
    assert stopped(process) == ""
    (left,) = stamps(job)
    assert left == job.manifest().stamp == pruner.report().latest
    assert re.search(r"^good: .*, pruned \d+ s ago \(1 stay, 1 went\)$", job.good("status"))
    assert 'agent_ecosystem_backup_prune_failed{stack="test"} 0' in job.good("status", "--prometheus")
    job.good("verify")
    assert not {"database_url", "restore_url", "proof_url", "pg_bin"} & pruner.values.keys()


def test_one_that_starts_again_does_not_prune_for_the_same_backup_twice(pruner: Pruner) -> None:
    job = pruner.job
    job.good("run")
    process = pruner.start()
    until(process, "pruned")
    stopped(process)
    again = pruner.start()
    until(again, "pruning after each backup")
    job.good("run")
    assert until(again, "pruned")[-1]["went"] == 1  # its first pruning is the one after the second backup
    stopped(again)
    assert pruner.report().latest == job.manifest().stamp


def test_a_failed_pruning_is_a_warning_and_backups_go_on(pruner: Pruner, pruned: S3Server) -> None:
    job = pruner.job
    for _ in range(2):
        job.good("run")
    denied = {
        "Sid": "NothingGoes",
        "Effect": "Deny",
        "Principal": {"AWS": PRINCIPALS[store_policies.PRUNER]},
        "Action": ["s3:DeleteObject*"],
        "Resource": [f"arn:aws:s3:::{BUCKET}/*"],
    }
    closed = {**POLICY, "Statement": [*POLICY["Statement"], denied]}
    pruned.client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(closed))
    process = pruner.start()
    waits = [until(process, "prune failed")[-1] for _ in range(3)]
    assert [line["retry_in_seconds"] for line in waits] == [0.2, 0.4, 0.8]
    assert "refused by the store, the first: " in waits[0]["error"]
    job.good("run")  # pruning is no part of it
    done = job.run("status")
    assert done.returncode == 1
    assert done.stdout.startswith("the last pruning failed: ")
    assert job.run("status", "--healthy").returncode == 0
    assert 'agent_ecosystem_backup_prune_failed{stack="test"} 1' in job.run("status", "--prometheus").stdout
    pruned.client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(POLICY))
    until(process, "pruned")
    stopped(process)
    assert job.good("status").startswith("good: ")
    assert stamps(job) == [job.manifest().stamp]


def test_wrong_keys_are_told_and_health_says_so(pruner: Pruner) -> None:
    pruner.job.good("run")
    assert pruner.check().returncode == 0
    pruner.set(s3_secret_key="wrong-s3cret")
    done = pruner.check()
    assert done.returncode == 1
    assert "SignatureDoesNotMatch" in done.stderr
    process = pruner.start()
    assert "SignatureDoesNotMatch" in until(process, "prune failed")[-1]["error"]
    said = stopped(process)
    assert "wrong-s3cret" not in said + done.stderr
    pruner.job.good("status")


def test_it_can_write_its_report_and_nothing_else(pruner: Pruner, pruned: S3Server) -> None:
    client = client_of(pruned.endpoint, pruned.keys(store_policies.PRUNER))
    pruner.job.good("run")
    client.put_object(Bucket=BUCKET, Key=Names(PREFIX).prune_report, Body=b"forged")
    for key in (Names(PREFIX).latest, pruner.job.manifest().data.key, f"{PREFIX}/prune.json.d", "prune.json"):
        with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
            client.put_object(Bucket=BUCKET, Key=key, Body=b"mine")
    client.close()
    done = pruner.job.run("status")
    assert done.returncode == 1
    assert "prune.json is damaged" in done.stdout
    process = pruner.start()
    until(process, "pruned")
    stopped(process)
    pruner.job.good("status")


def test_a_pruning_that_does_not_come_is_a_warning(job: Job, database: Database) -> None:
    job.good("run")
    job.set(pruning=True, schedule="0 0 1 1 *")
    pointer = job.latest()
    assert pointer is not None
    good = PruneReport(moment=pointer.proof.moment, latest=pointer.stamp)
    older = good.model_copy(update={"latest": "20200101_000000"})

    def level(report: PruneReport | None, minutes: int) -> Level:
        now = pointer.proof.moment + timedelta(minutes=minutes)
        return status.judge(job.settings, pointer, job.identity(), now, report).level

    assert [level(report, 120) for report in (good, older, None)] == [Level.FINE, Level.WARNING, Level.WARNING]
    assert level(None, 30) is Level.FINE
    job.set(pruning=False)
    assert level(None, 120) is Level.FINE
    assert database
