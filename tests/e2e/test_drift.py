"""What changed behind the stack's back."""

import re

from tests.e2e.project import Project


def test_a_column_added_behind_the_stacks_back_is_shown_and_removed_while_empty(standing: Project) -> None:
    standing.query("ALTER TABLE agent_registry ADD COLUMN sneaky text")
    said = standing.pulumi("refresh", "--yes")
    assert re.search(r"pgstack:postgres:Table agent_registry .*columns", said), said
    said = standing.preview()
    assert "DROP COLUMN sneaky" in said
    standing.up()
    assert standing.query("SELECT 1 FROM pg_attribute WHERE attname = 'sneaky'") == []
    standing.preview("--expect-no-changes", "--refresh")


def test_a_drifted_column_that_holds_values_is_refused_by_name(standing: Project) -> None:
    standing.query("ALTER TABLE realtime_channels ADD COLUMN sneaky text DEFAULT 'kept'")
    try:
        standing.pulumi("refresh", "--yes")
        said = standing.up(expect=1)
        assert "DATA_LOSS:realtime_channels.sneaky" in said
        assert "realtime_channels.sneaky: 8 values would be lost" in said
        assert standing.query("SELECT DISTINCT sneaky FROM realtime_channels") == [{"sneaky": "kept"}]
    finally:
        standing.query("ALTER TABLE realtime_channels DROP COLUMN sneaky")
        standing.pulumi("refresh", "--yes")
    standing.preview("--expect-no-changes")


def test_a_refresh_without_drift_expects_none(standing: Project) -> None:
    standing.pulumi("refresh", "--preview-only", "--expect-no-changes")


def test_a_deleted_seed_row_comes_back(standing: Project) -> None:
    standing.query("DELETE FROM realtime_channels WHERE channel_name = 'system.health'")
    standing.pulumi("refresh", "--yes")
    standing.up()
    found = standing.query("SELECT 1 AS found FROM realtime_channels WHERE channel_name = 'system.health'")
    assert found == [{"found": 1}]
