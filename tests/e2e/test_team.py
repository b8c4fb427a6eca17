"""A stack on servers elsewhere that several machines update: state in a bucket, no service of anybody's machine."""

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.backup.conftest import s3_server
from tests.backup.s3_server import S3Server
from tests.e2e.project import Project
from tests.e2e.test_external import configure
from tests.e2e.test_other_programs import empty
from tests.full_run import in_full
from tests.supabase.emulation import Supabase
from tests.supabase.fixtures import start_supabase, supabase_template

__all__ = ["s3_server", "start_supabase", "supabase_template"]

PASSPHRASE = "kept-in-the-teams-vault-4711"
CHANNELS = "sql/schema/tables/realtime_channels.sql"
FIRST_COLUMN = "    channel_name text"
LOST = "    region text DEFAULT 'eu',\n"


@pytest.fixture
def _backend(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment of everybody in the team: their backend, its keys, their passphrase."""
    store = s3_server.client
    store.create_bucket(Bucket="team-state")
    store.put_bucket_versioning(Bucket="team-state", VersioningConfiguration={"Status": "Enabled"})
    endpoint = f"endpoint={s3_server.endpoint}&s3ForcePathStyle=true&region=us-east-1"
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"s3://team-state/pulumi?{endpoint}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.identity.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.identity.secret_key)
    monkeypatch.setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")  # or it warns of each object without one
    yield
    empty(store, "team-state")
    store.delete_bucket(Bucket="team-state")


def forget_salt(project: Project) -> None:
    """Take out of a copy what a stack dev of the checkout left there: it goes with that one's passphrase."""
    file = project.folder / "Pulumi.dev.yaml"
    file.write_text(re.sub(r"^encryptionsalt:.*\n?", "", file.read_text(), flags=re.MULTILINE))


@contextmanager
def scheduled(project: Project) -> Iterator["subprocess.Popen[str]"]:
    """Run the job's schedule as its host does, until the block ends."""
    process = subprocess.Popen(
        ["make", "schedule"],
        cwd=project.folder,
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=60)


@in_full
@pytest.mark.usefixtures("_backend")
def test_any_checkout_of_a_team_carries_on(
    make_project: Callable[[], Project],
    start_supabase: Callable[..., Supabase],
    s3_server: S3Server,
) -> None:
    supabase = start_supabase()
    supabase.enable("vector")
    one = make_project()
    forget_salt(one)
    one.pulumi("stack", "init", "dev")
    configure(one, supabase, s3_server, "team-backups")
    one.pulumi("config", "set", "backupRunner", "elsewhere")
    said = one.make("up")
    assert "Service" not in said
    assert re.search(r"backupJob +: \[secret\]", said)
    assert str(one.folder) not in one.pulumi("stack", "export")

    two = make_project()
    (two.folder / "Pulumi.dev.yaml").write_text((one.folder / "Pulumi.dev.yaml").read_text())
    two.make("preview", "ARGS=--expect-no-changes")
    assert "no backup" in two.make("status", expect=2)
    assert "s3://" in two.make("backup")
    assert "💾" in one.make("status")

    # A machine of theirs that always runs takes the backups and keeps the database's maintenance.
    with scheduled(two) as schedule:
        assert schedule.stdout is not None
        assert any('"schedule started"' in line for line in schedule.stdout)

    with two.edited(CHANNELS, FIRST_COLUMN, LOST + FIRST_COLUMN):
        two.up()
    two.pulumi("config", "set", "--path", "allow[0]", "DATA_LOSS:realtime_channels.region")
    said = two.make("up")
    assert "taking a backup first: realtime_channels.region" in said
    assert "the backup was taken and proven" in said

    two.make("destroy", "YES=1")
    assert supabase.rows("SELECT to_regclass('public.agent_registry') IS NOT NULL") == [(True,)]


def test_a_job_that_runs_here_has_its_schedule_already(fresh: Project) -> None:
    said = fresh.make("schedule", expect=2)
    assert "the stack itself runs the schedule of dev" in said


def test_a_stack_that_never_was_up_says_so(fresh: Project) -> None:
    fresh.pulumi("stack", "init", "dev")
    fresh.pulumi("config", "set", "target", "external")
    fresh.pulumi("config", "set", "backupRunner", "elsewhere")
    assert "stack dev is not up: run `make up STACK=dev`" in fresh.make("backup", expect=2)
