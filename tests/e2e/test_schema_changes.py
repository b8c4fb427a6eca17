"""A changed file: what preview says, what up does, what it refuses."""

import re

import psycopg
import pytest

from tests.e2e.project import Project
from tests.full_run import in_full

REGISTRY = "sql/schema/tables/agent_registry.sql"
FIRST_COLUMN = "    agent_id agent_name"


def changed_rows(said: str) -> set[str]:
    """Return the rows of a preview's table about objects inside the schema."""
    rows = re.findall(r"^ *[~+-]+ +(pgstack:postgres:\w+ .*?) *$", said, re.MULTILINE)
    return {row for row in rows if row.split()[0].rsplit(":", 1)[1] not in {"Schema", "Seed", "Verification"}}


def test_an_added_column_is_one_row_and_up_does_only_that(standing: Project) -> None:
    standing.query("SELECT register_agent('survivor', 'executor', '1.8.3')")
    try:
        before = standing.query("SELECT oid FROM pg_class WHERE relname = 'agent_registry'")
        with standing.edited(REGISTRY, FIRST_COLUMN, "    region text,\n" + FIRST_COLUMN):
            said = standing.preview()
            assert changed_rows(said) == {"pgstack:postgres:Table agent_registry update [diff: +columns.region]"}, said
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


EVERY_FURTHER_KIND = """
COMMENT ON SCHEMA public IS 'What the agents share.';
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO observer;
CREATE AGGREGATE longest(text) (SFUNC = text_larger, STYPE = text);
CREATE TYPE priority_range AS RANGE (SUBTYPE = int4);
CREATE COLLATION plain (LOCALE = 'C');
CREATE STATISTICS tasks_by_status (dependencies) ON status, priority FROM distributed_tasks;
CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = pg_catalog.simple);
CREATE TEXT SEARCH CONFIGURATION plain_words (PARSER = pg_catalog.default);
ALTER TEXT SEARCH CONFIGURATION plain_words ADD MAPPING FOR word WITH words;
"""


@in_full
def test_a_file_that_adds_nothing_but_rarer_kinds_is_applied_read_again_and_taken_back(standing: Project) -> None:
    """Each kind has an input of its own: one that had none would be no change at all."""
    file = standing.folder / "sql/schema/rarer_kinds.sql"
    file.write_text(EVERY_FURTHER_KIND)
    allowance = "'PRIVILEGE_WIDENED:default privileges'"
    try:
        assert f"pulumi config set --path 'allow[0]' {allowance}" in standing.preview(expect=1)
        standing.pulumi("config", "set", "--path", "allow[0]", allowance.strip("'"))
        assert changed_rows(standing.preview()) == {
            "pgstack:postgres:Aggregate longest(text) create",
            "pgstack:postgres:Collation plain create",
            "pgstack:postgres:Range priority_range create",
            "pgstack:postgres:Statistics tasks_by_status create",
            "pgstack:postgres:TextSearchConfiguration plain_words create",
            "pgstack:postgres:TextSearchDictionary words create",
        }
        standing.up()
        standing.preview("--expect-no-changes")
        standing.pulumi("refresh", "--yes", "--expect-no-changes")
        standing.preview("--expect-no-changes")
        file.write_text(EVERY_FURTHER_KIND.replace("share.", "have in common."))
        standing.up()
        (comment,) = standing.query("SELECT obj_description('public'::regnamespace, 'pg_namespace') AS text")
        assert comment == {"text": "What the agents have in common."}
    finally:
        file.unlink()
        standing.up()
        standing.pulumi("config", "rm", "allow")
    standing.preview("--expect-no-changes")
    assert standing.query("SELECT 1 FROM pg_statistic_ext") == []


def test_a_dropped_column_with_values_refuses_until_it_is_allowed_by_name(standing: Project) -> None:
    with standing.edited(REGISTRY, FIRST_COLUMN, "    region text,\n" + FIRST_COLUMN):
        standing.up()
    standing.query("SELECT register_agent('one', 'executor', '1.8.3')")
    standing.query("SELECT register_agent('two', 'executor', '1.8.3')")
    try:
        standing.query("UPDATE agent_registry SET region = 'eu'")
        said = standing.preview(expect=1)
        assert "agent_registry.region: 2 values would be lost" in said
        assert "DATA_LOSS:agent_registry.region" in said
        said = standing.up(expect=1)
        assert standing.query("SELECT region FROM agent_registry") == [{"region": "eu"}] * 2
        standing.pulumi("config", "set", "--path", "allow[0]", "DATA_LOSS:agent_registry.region")
        assert "-- a backup is taken and proven first" in standing.preview()
        job = standing.folder / ".state/dev/backup/job.json"
        hidden = job.rename(job.with_name("hidden.json"))
        said = standing.up(expect=1)
        hidden.rename(job)
        assert "no backup could be taken before what would be lost, so nothing was changed" in said
        assert "pulumi config set backupBeforeLoss false" in said
        assert standing.query("SELECT region FROM agent_registry") == [{"region": "eu"}] * 2
        assert "taking a backup first: agent_registry.region: 2 values would be lost" in standing.up()
        assert restored_regions(standing) == ["eu", "eu"]
        columns = standing.query("SELECT * FROM agent_registry LIMIT 1")
        assert "region" not in columns[0]
        assert len(standing.query("SELECT 1 FROM agent_registry")) == 2
    finally:
        standing.pulumi("config", "rm", "allow")
        standing.query("DELETE FROM agent_registry")
    standing.preview("--expect-no-changes")


def restored_regions(project: Project) -> list[str]:
    """Restore the latest backup beside the live database, and return what its column `region` holds."""
    (name,) = set(re.findall(r"ecosystem_restored_\d{8}_\d{6}", project.make("restore")))
    try:
        with psycopg.connect(project.outputs()["adminUrl"], dbname=name) as connection:
            return [row[0] for row in connection.execute("SELECT region FROM agent_registry")]
    finally:
        project.query(f'DROP DATABASE "{name}"', output="adminUrl")


def test_a_syntax_error_names_file_line_and_column_and_changes_nothing(standing: Project) -> None:
    before = standing.resources()
    with standing.edited(REGISTRY, FIRST_COLUMN, "    region txet(,\n" + FIRST_COLUMN):
        said = standing.up(expect=1)
    line = next(
        number
        for number, text in enumerate((standing.folder / REGISTRY).read_text().splitlines(), 1)
        if FIRST_COLUMN in text
    )
    assert re.search(rf"agent_registry\.sql:{line}:\d+", said), said
    assert "region txet(," in said
    assert "syntax error" in said
    standing.preview("--expect-no-changes")
    assert standing.resources() == before


def test_a_changed_seed_row_is_one_row_and_foreign_rows_stay(standing: Project) -> None:
    standing.query("INSERT INTO realtime_channels (channel_name, channel_type) VALUES ('ours.own', 'broadcast')")
    try:
        with standing.edited("sql/seeds/realtime_channels.yaml", "description: ", "description: Changed. "):
            said = standing.preview()
            assert re.search(
                r"Seed realtime_channels update \[diff: ~rows\]|Seed realtime_channels update .*rows", said
            ), said
            standing.up()
            changed = standing.query("SELECT channel_name FROM realtime_channels WHERE description LIKE 'Changed.%%'")
            assert changed == [{"channel_name": "agents.discovery"}]
        standing.up()
        assert standing.query("SELECT count(*) AS n FROM realtime_channels") == [{"n": 9}]
    finally:
        standing.query("DELETE FROM realtime_channels WHERE channel_name = 'ours.own'")


@pytest.mark.parametrize(("key", "said"), [("schema", "are in public and"), ("database", "are in ecosystem and")])
def test_tables_do_not_move_to_another_name(standing: Project, key: str, said: str) -> None:
    standing.pulumi("config", "set", key, "elsewhere")
    try:
        assert f"the tables {said} do not move to elsewhere" in standing.preview(expect=1)
        standing.up(expect=1)
    finally:
        standing.pulumi("config", "rm", key)
    standing.up()
    standing.preview("--expect-no-changes")
    assert standing.query("SELECT count(*) AS n FROM realtime_channels") == [{"n": 8}]
