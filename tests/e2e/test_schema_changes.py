"""A changed file: what preview says, what up does, what it refuses."""

import re

from tests.e2e.project import Project

REGISTRY = "sql/schema/tables/agent_registry.sql"
NEW_COLUMN = "    agent_id text"


def rows_to_change(said: str) -> list[str]:
    """The rows of the preview's table that are no components and say something will happen."""
    return re.findall(r"^\s*[~+-]+\s+(pgstack:postgres:(?!Schema)\S+ \S+ \w+.*?)\s*$", said, re.MULTILINE)


def test_an_added_column_is_one_row_and_up_does_only_that(standing: Project) -> None:
    standing.query("SELECT register_agent('survivor', 'worker', 'executor', '1.8.3')")
    try:
        before = standing.query("SELECT oid FROM pg_class WHERE relname = 'agent_registry'")
        with standing.edited(REGISTRY, NEW_COLUMN, "    region text,\n" + NEW_COLUMN):
            said = standing.preview()
            assert set(rows_to_change(said)) == {
                "pgstack:postgres:Table agent_registry update [diff: +columns]"
            } or set(rows_to_change(said)) == {
                "pgstack:postgres:Table agent_registry update [diff: +columns.region]"
            }, said
            assert "ADD COLUMN region text" in said
            standing.up()
            assert standing.query("SELECT oid FROM pg_class WHERE relname = 'agent_registry'") == before
            assert standing.query("SELECT region FROM agent_registry WHERE agent_id = 'survivor'") == [{"region": None}]
            standing.preview("--expect-no-changes")
        standing.up()  # the column holds nothing: taking it out again loses nothing
        standing.preview("--expect-no-changes")
        assert standing.query("SELECT agent_id FROM agent_registry") == [{"agent_id": "survivor"}]
    finally:
        standing.query("DELETE FROM agent_registry")


def test_a_dropped_column_with_values_refuses_until_it_is_allowed_by_name(standing: Project) -> None:
    with standing.edited(REGISTRY, NEW_COLUMN, "    region text,\n" + NEW_COLUMN):
        standing.up()
    standing.query("SELECT register_agent('one', 'worker', 'executor', '1.8.3')")
    standing.query("SELECT register_agent('two', 'worker', 'executor', '1.8.3')")
    try:
        standing.query("UPDATE agent_registry SET region = 'eu'")
        said = standing.preview(expect=255)
        assert re.search(r"agent_registry\.region", said)
        assert re.search(r"\b2 rows\b", said), said
        assert "DATA_LOSS:agent_registry.region" in said
        said = standing.up(expect=255)
        assert standing.query("SELECT region FROM agent_registry") == [{"region": "eu"}] * 2
        standing.pulumi("config", "set", "--path", "allow[0]", "DATA_LOSS:agent_registry.region")
        standing.up()
        columns = standing.query("SELECT * FROM agent_registry LIMIT 1")
        assert "region" not in columns[0]
        assert len(standing.query("SELECT 1 FROM agent_registry")) == 2
    finally:
        standing.pulumi("config", "rm", "allow")
        standing.query("DELETE FROM agent_registry")
    standing.preview("--expect-no-changes")


def test_a_syntax_error_names_file_line_and_column_and_changes_nothing(standing: Project) -> None:
    before = standing.state()
    with standing.edited(REGISTRY, NEW_COLUMN, "    region txet(,\n" + NEW_COLUMN):
        said = standing.up(expect=255)
    line = next(
        number
        for number, text in enumerate((standing.folder / REGISTRY).read_text().splitlines(), 1)
        if NEW_COLUMN in text
    )
    assert re.search(rf"agent_registry\.sql:{line}:\d+", said), said
    assert "region txet(," in said
    assert "syntax error" in said
    standing.preview("--expect-no-changes")
    assert len(standing.state()) == len(before)


def test_a_changed_seed_row_is_one_row_and_foreign_rows_stay(standing: Project) -> None:
    standing.query(
        'INSERT INTO realtime_channels SELECT (jsonb_populate_record(c, \'{"channel_name": "ours.own"}\')).*'
        " FROM realtime_channels c WHERE channel_name = 'system.health'"
        if not _has_identity(standing)
        else "INSERT INTO realtime_channels (channel_name, channel_type, description)"
        " SELECT 'ours.own', channel_type, description FROM realtime_channels WHERE channel_name = 'system.health'"
    )
    try:
        file = "sql/seeds/realtime_channels.yaml"
        with standing.edited(file, "description: ", "description: Changed. "):
            said = standing.preview("--diff")
            assert len(re.findall(r"\[secret\]|Changed\. ", said)) >= 1
            standing.up()
            changed = standing.query("SELECT count(*) AS n FROM realtime_channels WHERE description LIKE 'Changed.%'")
            assert changed == [{"n": 1}]
        standing.up()
        assert standing.query("SELECT count(*) AS n FROM realtime_channels") == [{"n": 9}]
    finally:
        standing.query("DELETE FROM realtime_channels WHERE channel_name = 'ours.own'")


def _has_identity(standing: Project) -> bool:
    rows = standing.query(
        "SELECT 1 FROM pg_attribute WHERE attrelid = 'realtime_channels'::regclass AND attname = 'channel_type'"
    )
    return bool(rows)
