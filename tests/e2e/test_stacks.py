"""Stacks side by side, and their end."""

import subprocess
from pathlib import Path

from infra.provider.s3.store import empty
from tests.e2e.project import PULUMI_SECONDS, Project
from tests.full_run import in_full

BOTH = ("left", "right")


def at_once(project: Project, target: str, *arguments: str) -> None:
    """Run a make target on both stacks at the same time; each has to succeed."""
    runs = [
        subprocess.Popen(
            ["make", target, f"STACK={stack}", *arguments],
            cwd=project.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for stack in BOTH
    ]
    said = [run.communicate(timeout=PULUMI_SECONDS)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], "\n".join(said)


@in_full
def test_two_stacks_come_and_go_at_once(fresh: Project) -> None:
    at_once(fresh, "up")
    left, right = (fresh.outputs(stack) for stack in BOTH)
    assert not {left[key] for key in ("url", "s3Endpoint", "bucket")} & {
        right[key] for key in ("url", "s3Endpoint", "bucket")
    }
    for stack in BOTH:
        assert fresh.query("SELECT count(*) AS n FROM realtime_channels", stack=stack) == [{"n": 8}]
    at_once(fresh, "destroy", "YES=1")
    assert fresh.processes() == []
    assert fresh.data_folders() == []


def test_destroy_after_an_up_that_failed_half_way_leaves_nothing(fresh: Project) -> None:
    broken = fresh.folder / "sql/verify/99_broken.sql"
    broken.write_text("SELECT false AS ok, 'broken on purpose' AS message")
    assert "broken on purpose" in fresh.make("up", expect=2)
    assert fresh.processes() != []
    for _ in range(2):
        fresh.make("destroy", "YES=1")
        assert fresh.processes() == []
        assert fresh.data_folders() == []


def test_a_bucket_removed_by_hand_comes_back(standing: Project) -> None:
    store, bucket = standing.s3(), standing.outputs()["bucket"]
    empty(store, bucket, locked=True)
    store.delete_bucket(Bucket=bucket)
    said = standing.make("up")
    assert f"Not in its store any more, with the backups in it: bucket {bucket}." in said
    assert store.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    store.close()
    assert "💾 good" in standing.make("status")
    standing.preview("--expect-no-changes", "--refresh")


def test_a_second_stack_lives_beside_the_first(standing: Project) -> None:
    first = standing.outputs()
    state = standing.state()
    standing.pulumi("stack", "init", "other", "--no-select")
    standing.up(stack="other")
    try:
        second = standing.outputs(stack="other")
        for key in ("url", "s3Endpoint", "bucket"):
            assert first[key] != second[key]
        standing.query("SELECT register_agent('only-here', 'executor', '1.8.3')", stack="other")
        assert standing.query("SELECT count(*) AS n FROM agent_registry") == [{"n": 0}]
        standing.preview("--expect-no-changes")
    finally:
        standing.pulumi("destroy", "--yes", stack="other")
    assert standing.state() == state
    assert standing.outputs() == first
    assert {folder.name.rpartition("-")[2] for folder in standing.data_folders()} == {"dev"}


def test_destroy_leaves_nothing_and_can_be_said_twice(fresh: Project) -> None:
    fresh.make("up")
    assert fresh.processes() != []
    said = fresh.make("destroy", expect=None)
    assert "YES=1" in said
    assert fresh.processes() != []
    fresh.make("destroy", "YES=1")
    assert fresh.processes() == []
    assert fresh.data_folders() == []
    fresh.make("destroy", "YES=1")


@in_full
def test_backups_stay_where_that_is_configured(fresh: Project) -> None:
    fresh.pulumi("stack", "init", "dev")
    fresh.pulumi("config", "set", "keepBackupsOnDestroy", "true")
    fresh.up()
    fresh.pulumi("destroy", "--yes")
    assert fresh.processes() == []
    store = Path(fresh.folder / ".state/dev/object-store")
    assert store.exists()
    fresh.up()  # the store is adopted with its bucket
    said = fresh.make("status")
    assert "💾" in said
