"""The layout: what the report says, what every object carries, in any schema and any order."""

import re
from pathlib import Path

import pytest

from tests.schema.ecosystem.conftest import SQL, Ecosystem, apply_schema, make_schema

pytestmark = pytest.mark.server

TABLES = (
    "agent_registry, agent_hierarchy, agent_versions, realtime_channels, distributed_tasks, "
    "agent_communication_logs, agent_performance_history"
)


def report(ecosystem: Ecosystem) -> list[tuple[bool, str]]:
    with ecosystem.owner() as owner:
        files = sorted((SQL / "verify").glob("*.sql"))
        return [row for file in files for row in owner.execute(file.read_text()).fetchall()]


@pytest.mark.parametrize("ecosystem", ["public", "fleet"], indirect=True)
def test_report_reads_like_the_seed(ecosystem: Ecosystem) -> None:
    lines = report(ecosystem)
    assert all(ok for ok, _ in lines), lines
    messages = [message for _, message in lines]
    assert messages[:3] == [
        "✅ Distributed Agent Ecosystem Schema successfully created!",
        "🚀 Self-upgrading agent infrastructure ready",
        f"📊 Tables: {TABLES}",
    ]
    indexes = re.fullmatch(r"⚡ Indexes: (\d+) performance indexes created", messages[3])
    assert indexes
    assert int(indexes[1]) >= 15
    assert messages[4:6] == [
        "📡 Channels: 8 default realtime channels configured",
        "📦 Versions: 5 initial agent versions added",
    ]


def undescribed(ecosystem: Ecosystem) -> tuple[bool, str]:
    with ecosystem.owner() as owner:
        (row,) = owner.execute((Path(__file__).parent / "undescribed.sql").read_text()).fetchall()
        return row


def test_everything_is_described(ecosystem: Ecosystem) -> None:
    """A rule for our own files, not a check of sql/verify: a user's new column needs no comment to be applied."""
    ok, message = undescribed(ecosystem)
    assert ok, message


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("COMMENT ON COLUMN agent_versions.description IS NULL", "agent_versions.description"),
        ("COMMENT ON FUNCTION heartbeats IS NULL", "heartbeats(text[],integer[])"),
    ],
)
def test_what_is_not_described_is_named(ecosystem: Ecosystem, damage: str, named: str) -> None:
    with ecosystem.owner() as owner:
        owner.execute(damage)
    ok, message = undescribed(ecosystem)
    assert not ok
    assert named in message


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("DROP TABLE agent_hierarchy CASCADE", "agent_hierarchy"),
        ("DROP FUNCTION heartbeats", "heartbeats"),
        ("DELETE FROM realtime_channels WHERE channel_name = 'system.health'", "system.health"),
        ("DELETE FROM agent_versions WHERE agent_class = 'research'", "research 1.9.0"),
        ("ALTER TABLE agent_versions NO FORCE ROW LEVEL SECURITY", "agent_versions"),
        (
            "ALTER TABLE agent_performance_history_default DISABLE ROW LEVEL SECURITY",
            "agent_performance_history_default",
        ),
        ("GRANT EXECUTE ON FUNCTION reclaim_expired TO public", "reclaim_expired(integer)"),
    ],
)
def test_report_names_what_is_wrong(ecosystem: Ecosystem, damage: str, named: str) -> None:
    with ecosystem.owner() as owner:
        owner.execute(damage)
    wrong = [message for ok, message in report(ecosystem) if not ok]
    assert any(named in message for message in wrong), wrong


def test_partitions_made_at_run_time_do_not_count(ecosystem: Ecosystem) -> None:
    before = report(ecosystem)
    with ecosystem.owner() as owner:
        owner.execute(
            """
            CREATE TABLE logs_2020 PARTITION OF agent_communication_logs
            FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')
            """
        )
    assert report(ecosystem)[:7] == before[:7]


def test_policies_and_triggers_are_described(ecosystem: Ecosystem) -> None:
    with ecosystem.owner() as owner:
        silent = owner.execute(
            """
            SELECT polname FROM pg_policy WHERE obj_description(oid, 'pg_policy') IS NULL
            UNION ALL
            SELECT tgname FROM pg_trigger
            WHERE NOT tgisinternal AND tgparentid = 0 AND obj_description(oid, 'pg_trigger') IS NULL
            UNION ALL
            SELECT typname FROM pg_type
            WHERE typtype IN ('e', 'd') AND typnamespace = current_schema()::regnamespace
                AND obj_description(oid, 'pg_type') IS NULL
            """
        ).fetchall()
    assert silent == []


def test_functions_pin_their_search_path(ecosystem: Ecosystem) -> None:
    """Without the pin, a caller's temporary table or schema could stand in for ours."""
    with ecosystem.owner() as owner:
        loose = owner.execute(
            """
            SELECT proname FROM pg_proc
            WHERE pronamespace = current_schema()::regnamespace
                AND prosqlbody IS NULL
                AND coalesce(replace(proconfig[1], ' ', ''), '') <> 'search_path=public,extensions,pg_temp'
            """
        ).fetchall()
    assert loose == []


def test_own_objects_are_not_qualified() -> None:
    """The files go into whatever schema they are applied to."""
    for file in sorted(SQL.rglob("*.sql")):
        assert "public." not in file.read_text(), file


def test_two_ecosystems_in_one_database(ecosystem: Ecosystem) -> None:
    make_schema(ecosystem.database, "second")
    apply_schema(ecosystem.database.owner_url, "second")
    with ecosystem.owner() as owner:
        owner.execute("SELECT register_agent('solo', 'executor', '1.0.0')")
        owner.execute("SET search_path TO second, extensions, pg_temp")
        assert owner.execute("SELECT count(*) FROM agent_registry").fetchone() == (0,)
        owner.execute("SELECT second.register_agent('solo', 'executor', '1.0.0')")
        owner.execute("SET search_path TO public, extensions, pg_temp")
        owner.execute("SELECT second.heartbeat('solo', 7)")
        assert owner.execute("SELECT active_tasks FROM public.agent_registry").fetchone() == (0,)
        assert owner.execute("SELECT active_tasks FROM second.agent_registry").fetchone() == (7,)


def test_documented_errors_are_those_raised() -> None:
    raised = {
        code for file in (SQL / "schema").rglob("*.sql") for code in re.findall(r"ERRCODE = '(\w+)'", file.read_text())
    }
    documented = set(re.findall(r"^\| `(AE\d+)`", (SQL.parent / "docs" / "schema.md").read_text(), re.MULTILINE))
    assert raised == documented


def test_function_comments_name_only_documented_errors() -> None:
    documented = set(re.findall(r"`(AE\d+)`", (SQL.parent / "docs" / "schema.md").read_text()))
    for file in sorted((SQL / "schema" / "functions").glob("*.sql")):
        text = file.read_text()
        comment = text[text.index("COMMENT ON FUNCTION") :]
        for part in ("Arguments:", "Result:", "Errors:"):
            assert part in comment, file
        assert set(re.findall(r"AE\d+", comment)) <= documented, file


def test_files_are_plain_create_statements() -> None:
    for file in sorted((SQL / "schema").rglob("*.sql")):
        assert re.search(r"^(CREATE|GRANT) ", file.read_text(), re.MULTILINE), file
        assert "IF NOT EXISTS" not in file.read_text(), file
        assert "OR REPLACE" not in file.read_text(), file
