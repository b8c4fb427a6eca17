"""Stack production as it is shipped: seen from any clone, its rules kept, not deleted by accident."""

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.config import Config

from infra.backup_job.manifest import LatestPointer, parse
from infra.provider.s3.store import empty
from tests.e2e.project import Project
from tests.full_run import in_full

PASSPHRASE = "kept-in-the-teams-vault-4711"
STACK = "production"


@pytest.fixture(scope="module")
def clone(make_project: Callable[[], Project]) -> Project:
    """A clone with everything committed, as git gives it."""
    project = make_project()
    identity = ["-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run(["git", "add", "--all"], cwd=project.folder, check=True)
    subprocess.run(["git", *identity, "commit", "--quiet", "-m", "t"], cwd=project.folder, check=True)
    return project


@pytest.fixture(scope="module")
def production(make_project: Callable[[], Project]) -> Iterator[Project]:
    """Stack production, up, with a passphrase from outside; `make` has it, too."""
    made = make_project()
    project = Project(made.folder, {**made.environment, "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
        project.make("up", f"STACK={STACK}")
        yield project


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_a_preview_from_a_fresh_clone_touches_nothing(clone: Project, stack: str) -> None:
    said = clone.make("preview", f"STACK={stack}")
    assert "pgstack:postgres:Table agent_registry create" in said
    assert clone.processes() == []
    assert clone.data_folders() == []
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone.folder, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""


def test_an_up_with_the_clones_own_passphrase_is_refused_and_a_preview_warns(clone: Project) -> None:
    refusal = f"production: the stack's passphrase is that of this checkout, {clone.folder}/.state/passphrase"
    assert f"warning: {refusal}" in clone.make("preview", f"STACK={STACK}")
    said = clone.up(stack=STACK, expect=1)
    assert f"error: {refusal}" in said
    assert "Traceback" not in said
    assert clone.processes() == []


def test_without_protect_it_is_refused_in_preview(clone: Project) -> None:
    with clone.edited(f"Pulumi.{STACK}.yaml", '  agent-ecosystem:protect: "true"\n', ""):
        said = clone.preview(stack=STACK, expect=1)
    assert "error: production: configuration key agent-ecosystem:protect = False" in said
    assert "Traceback" not in said


def test_a_second_up_changes_nothing(production: Project) -> None:
    production.make("up", f"STACK={STACK}")
    production.preview("--expect-no-changes", stack=STACK)


def test_destroy_is_refused_before_anything_is_taken_away(production: Project) -> None:
    before = {process.pid for process in production.processes()}
    said = production.make("destroy", f"STACK={STACK}", "YES=1", expect=2)
    assert "stack production is protected (" in said
    assert "nothing was destroyed" in said
    said = production.pulumi("destroy", "--yes", stack=STACK, expect=1)
    assert "because it is protected" in said
    assert {process.pid for process in production.processes()} == before
    production.preview("--expect-no-changes", stack=STACK)


def test_with_an_old_backup_nothing_changes_until_there_is_a_new_one(production: Project) -> None:
    configuration = json.loads((production.folder / f".state/{STACK}/backup/job.json").read_text())
    client = boto3.client(
        "s3",
        endpoint_url=configuration["s3_endpoint"],
        region_name=configuration["s3_region"],
        aws_access_key_id=configuration["s3_access_key"],
        aws_secret_access_key=configuration["s3_secret_key"],
        config=Config(s3={"addressing_style": "path"}),
    )
    place = {"Bucket": configuration["s3_bucket"], "Key": "backups/latest.json"}
    pointer = parse(LatestPointer, client.get_object(**place)["Body"].read(), place["Key"])
    old = pointer.model_copy(update={"started": datetime.now(UTC) - timedelta(hours=20)})
    client.put_object(**place, Body=old.to_bytes())
    client.close()

    table = "sql/schema/tables/agent_registry.sql"
    with production.edited(table, "    agent_id agent_name", "    region text,\n    agent_id agent_name"):
        refused = "the latest backup is 20.0 h old, allowed are 3 h (backupMaxAgeHours)"
        assert refused in production.preview(stack=STACK, expect=1)
        assert refused in production.up(stack=STACK, expect=1)
        assert production.query("SELECT 1 FROM pg_attribute WHERE attname = 'region'", stack=STACK) == []
        production.make("backup", f"STACK={STACK}")
        production.up(stack=STACK)
    assert production.query("SELECT 1 AS there FROM pg_attribute WHERE attname = 'region'", stack=STACK) == [
        {"there": 1}
    ]


@in_full
def test_a_lost_bucket_is_there_again_with_a_backup_before_the_update_is_refused_for_want_of_one(
    production: Project,
) -> None:
    store, bucket = production.s3(stack=STACK), production.outputs(STACK)["bucket"]
    empty(store, bucket, locked=True)
    store.delete_bucket(Bucket=bucket)
    assert "the backups that were here are gone" in production.up(stack=STACK, expect=1)
    production.make("up", f"STACK={STACK}")
    assert store.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    store.close()
    assert "💾 good" in production.make("status", f"STACK={STACK}")
    production.preview("--expect-no-changes", stack=STACK)


def test_unprotected_it_goes_and_its_backups_stay(production: Project) -> None:
    production.pulumi("state", "unprotect", "--all", "--yes", stack=STACK)
    production.make("destroy", f"STACK={STACK}", "YES=1")
    assert production.processes() == []
    assert (production.folder / f".state/{STACK}/object-store").is_dir()
    assert not (production.folder / f".state/{STACK}/postgres").exists()
