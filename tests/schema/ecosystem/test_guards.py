"""What constraints and triggers keep out, and how versions are ordered."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.schema.ecosystem.conftest import Ecosystem, Register, refused

pytestmark = pytest.mark.server

Service = psycopg.Connection[TupleRow]

ORDERED = (
    "0.9.0",
    "1.0.0-0",
    "1.0.0-2",
    "1.0.0-11",
    "1.0.0-11.a",
    "1.0.0--",
    "1.0.0-0a",
    "1.0.0-A",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.1.0",
    "1.0.0-alpha.beta",
    "1.0.0-alpha-1",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-beta.999999999999999999",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0-rc.1",
    "2.0.0",
    "10.0.0",
)
"""semver.org's own examples among them."""


def link(connection: Service, parent: str, child: str) -> None:
    connection.execute(
        "INSERT INTO agent_hierarchy VALUES (%s, %s, 'pg_notify', '{\"channel\": \"c\"}')", (parent, child)
    )


def test_versions_order_as_semver_says(service: Service) -> None:
    shuffled = [*ORDERED[1::2], *ORDERED[::-2]]
    rows = service.execute(
        'SELECT version FROM unnest(%s::semver[]) AS version ORDER BY semver_key(version) COLLATE "C"', (shuffled,)
    ).fetchall()
    assert [version for (version,) in rows] == list(ORDERED)
    assert service.execute("SELECT semver_key('1.0.0+a') = semver_key('1.0.0+b-c.d')").fetchone() == (True,)


@pytest.mark.parametrize("version", ["1.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0+", "v1.0.0", "1.0.0-a..b", "1.0.0 "])
def test_what_is_no_version(service: Service, version: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        service.execute("SELECT %s::semver", (version,))


def test_versions_are_stored_parsed(service: Service) -> None:
    service.execute(
        "INSERT INTO agent_versions (agent_class, version, release_type) VALUES ('x', '3.14.15-rc.9+build-2', 'beta')"
    )
    assert service.execute(
        """
        SELECT version_major, version_minor, version_patch, version_prerelease
        FROM agent_versions WHERE agent_class = 'x'
        """
    ).fetchone() == (3, 14, 15, "rc.9")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO agent_versions (agent_class, version) VALUES ('x', '1.0.0-rc.1')",
        "INSERT INTO agent_versions (agent_class, version, artifact_uri) VALUES ('x', '1.0.0', 's3://a')",
        "UPDATE agent_versions SET rollout_percentage = 101",
        "UPDATE agent_versions SET rollout_steps = '{10,0}'",
        "UPDATE agent_versions SET rollout_state = 'running'",
        "INSERT INTO realtime_channels (channel_name, channel_type) VALUES ('Agents', 'broadcast')",
        """
        INSERT INTO agent_registry (agent_id, agent_type, agent_class, current_version)
        VALUES ('-b', 'standalone', 'x', '1.0.0')
        """,
        """
        INSERT INTO agent_registry (agent_id, agent_type, agent_class, current_version)
        VALUES ('b', 'standalone', 'X', '1.0.0')
        """,
        "UPDATE agent_registry SET capabilities = '{a,NULL}'",
        "UPDATE agent_registry SET metadata = '[]'",
        "UPDATE agent_registry SET performance_metrics = '1'",
        "UPDATE agent_registry SET version_history = '{}'",
        "UPDATE agent_registry SET active_tasks = -1",
        "UPDATE agent_registry SET max_concurrent_tasks = 0",
        "INSERT INTO distributed_tasks (task_type) VALUES ('')",
        "INSERT INTO distributed_tasks (task_type, required_agent_class) VALUES ('x', 'X')",
        "INSERT INTO distributed_tasks (task_type, max_attempts) VALUES ('x', 0)",
        "INSERT INTO distributed_tasks (task_type, retry_backoff) VALUES ('x', '-1 second')",
        "INSERT INTO distributed_tasks (task_type, status) VALUES ('x', 'leased')",
        "INSERT INTO distributed_tasks (task_type, status) VALUES ('x', 'succeeded')",
        "INSERT INTO distributed_tasks (task_type, status) VALUES ('x', 'blocked')",
        "INSERT INTO distributed_tasks (task_type, delegation_strategy) VALUES ('x', 'direct')",
        """
        INSERT INTO agent_performance_history (agent_id, agent_class, agent_version, tasks_failed)
        VALUES ('a', 'x', '1.0.0', -1)
        """,
        """
        INSERT INTO agent_performance_history (agent_id, agent_class, agent_version, resolution, recorded_at)
        VALUES ('a', 'x', '1.0.0', 'hour', '2026-01-01 00:30Z')
        """,
    ],
)
def test_constraints(service: Service, register: Register, statement: str) -> None:
    register("a")
    with pytest.raises(psycopg.errors.CheckViolation):
        service.execute(statement)


@pytest.mark.parametrize("table", ["agent_registry", "distributed_tasks"])
def test_hot_tables_leave_single_columns_to_domains(service: Service, table: str) -> None:
    # Each CHECK is read anew for every statement that updates the table: docs/adr/0039.
    checks = (
        "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass AND cardinality(conkey) = 1"
    )
    assert service.execute(checks, (table,)).fetchall() == []


@pytest.mark.parametrize(
    ("protocol", "settings", "accepted"),
    [
        ("realtime", '{"channel": "agents.executor"}', True),
        ("realtime", "{}", False),
        ("realtime", '{"channel": 5}', False),
        ("http", '{"url": "https://a.example", "timeout": 3}', True),
        ("http", '{"url": "ftp://a"}', False),
        ("websocket", '{"url": "wss://a.example"}', True),
        ("websocket", '{"url": "https://a.example"}', False),
        ("grpc", '{"target": "a:50051"}', True),
        ("grpc", "{}", False),
        ("mcp", '{"transport": "stdio"}', True),
        ("mcp", '{"transport": "smoke"}', False),
        ("a2a", '{"agent_card_url": "https://a.example/card"}', True),
        ("a2a", "{}", False),
        ("pg_notify", '["channel"]', False),
    ],
)
def test_protocol_settings(service: Service, register: Register, protocol: str, settings: str, accepted: bool) -> None:
    register("a")
    register("b")
    statement = "INSERT INTO agent_hierarchy VALUES ('a', 'b', %s, %s)"
    if accepted:
        service.execute(statement, (protocol, settings))
    else:
        with pytest.raises(psycopg.errors.CheckViolation):
            service.execute(statement, (protocol, settings))


def test_one_rollout_a_class(service: Service) -> None:
    service.execute("INSERT INTO agent_versions (agent_class, version) VALUES ('executor', '1.9.0')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        service.execute(
            """
            UPDATE agent_versions SET rollout_state = 'running', rollout_started_at = now()
            WHERE agent_class = 'executor'
            """
        )


def test_the_hierarchy_has_no_cycle(service: Service, register: Register) -> None:
    for name in "abc":
        register(name)
    link(service, "a", "b")
    link(service, "b", "c")
    with refused("AE201", "'a'"):
        link(service, "a", "a")
    with refused("AE201", "'c'"):
        link(service, "c", "a")
    with refused("AE201"):
        service.execute("UPDATE agent_hierarchy SET parent_agent_id = 'c' WHERE child_agent_id = 'b'")
    with refused("AE202"), service.transaction():
        service.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        link(service, "c", "a")


def test_halves_of_a_cycle_at_once(ecosystem: Ecosystem, service: Service, register: Register) -> None:
    """Each link alone is fine; of all those that close a ring, one must be refused, whoever comes first."""
    names = "abcd"
    for name in names:
        register(name)

    def half(pair: tuple[str, str]) -> str:
        with ecosystem.owner() as connection:
            try:
                link(connection, *pair)
            except psycopg.Error as error:
                return str(error.sqlstate)
        return "linked"

    ring = list(zip(names, names[1:] + names[0], strict=True))
    with ThreadPoolExecutor(len(ring)) as threads:
        for _ in range(10):
            assert sorted(threads.map(half, ring)) == ["AE201", "linked", "linked", "linked"]
            service.execute("DELETE FROM agent_hierarchy")


def log(service: Service) -> None:
    service.execute(
        """
        INSERT INTO agent_communication_logs
            (from_agent_id, to_agent_id, protocol, message_type, payload, payload_sha256)
        VALUES ('a', 'b', 'http', 'm', '{"name": "Ada"}', 'forged')
        """
    )


def test_logs_are_append_only(ecosystem: Ecosystem, service: Service) -> None:
    log(service)
    with ecosystem.owner() as owner:
        for statement in (
            "UPDATE agent_communication_logs SET message_type = 'other'",
            "UPDATE agent_communication_logs SET payload = '{}'",
            "DELETE FROM agent_communication_logs",
            "TRUNCATE agent_communication_logs",
            "TRUNCATE agent_communication_logs_default",
        ):
            with refused("AE301"):
                owner.execute(statement)


def test_a_payload_is_erased_and_its_hash_stays(service: Service) -> None:
    log(service)
    read = """
        SELECT payload, encode(payload_sha256, 'hex'), payload_bytes, payload_erased_at IS NOT NULL
        FROM agent_communication_logs
    """
    before = service.execute(read).fetchone()
    assert before is not None
    assert before[0] == {"name": "Ada"}
    assert service.execute("SELECT encode(sha256('{\"name\": \"Ada\"}'), 'hex')").fetchone() == (before[1],)
    service.execute("UPDATE agent_communication_logs SET payload = NULL, payload_erased_at = now()")
    assert service.execute(read).fetchone() == (None, before[1], 15, True)
    with refused("AE301"):
        service.execute("UPDATE agent_communication_logs SET payload_erased_at = now()")
