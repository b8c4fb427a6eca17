"""Stacks side by side, and their end."""

from pathlib import Path

from tests.e2e.project import Project


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
