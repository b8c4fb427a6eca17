"""Who may do what: row level security, grants, and identity that cannot be put on."""

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import TupleRow

from tests.schema.ecosystem.conftest import Ecosystem, Register, connect, refused

pytestmark = pytest.mark.server

TABLES = (
    "agent_registry",
    "agent_hierarchy",
    "agent_versions",
    "realtime_channels",
    "distributed_tasks",
    "agent_communication_logs",
    "agent_performance_history",
)
VIEWS = ("agent_overview", "task_queue_health", "rollout_status", "channel_usage")
API = {
    "register_agent",
    "deregister_agent",
    "heartbeat",
    "heartbeats",
    "enqueue_task",
    "enqueue_tasks",
    "claim_tasks",
    "complete_task",
    "complete_tasks",
    "complete_and_claim",
    "renew_lease",
    "renew_leases",
    "fail_task",
    "fail_tasks",
    "cancel_task",
    "cancel_tasks",
    "delegate_task",
    "delegate_tasks",
    "attach_agent",
    "detach_agent",
    "record_connection",
}
READS = {"agent_ancestors", "agent_subtree", "find_agents"}
MESSAGES = {"can_access_channel", "check_compatibility", "read_message"}
REPORTS = {"log_messages", "publish", "record_performance"}
READ_HELPERS = {
    "is_semver",
    "passes_filters",
    "rollout_share",
    "search_words",
    "semver_bounds",
    "semver_key",
    "semver_satisfies",
    "session_is_service",
    "task_attempts",
}
"""Functions that policies, generated columns, views and searches need their readers to be able to call."""

EXECUTABLE = {
    "anon": set[str](),
    "authenticated": set[str](),
    "agent": API | READ_HELPERS | READS | MESSAGES | REPORTS | {"agent_health", "current_agent_id"},
    "orchestrator": API
    | READ_HELPERS
    | READS
    | MESSAGES
    | REPORTS
    | {"agent_health", "current_agent_id", "current_agent_subtree", "rollout_health"},
    "maintenance": {"maintain"},
    "observer": READ_HELPERS
    | READS
    | MESSAGES
    | {"agent_health", "log_digest", "rollout_health", "verify_audit_chain"},
}

LOG = """
INSERT INTO agent_communication_logs (from_agent_id, to_agent_id, protocol, message_type) VALUES (%s, %s, 'http', 'm')
"""


def count(connection: psycopg.Connection[TupleRow], relation: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(relation))).fetchone()
    assert row is not None
    return int(row[0])


def privileges(ecosystem: Ecosystem, role: str) -> dict[str, set[str]]:
    with ecosystem.admin() as admin:
        rows = admin.execute(
            """
            SELECT relname, verb
            FROM pg_class,
                unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS verb
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')
                AND has_table_privilege(%s, pg_class.oid, verb)
            """,
            (role,),
        ).fetchall()
    granted: dict[str, set[str]] = {}
    for name, verb in rows:
        granted.setdefault(name, set()).add(verb)
    return granted


@pytest.mark.parametrize("role", ["anon", "authenticated", "maintenance"])
def test_strangers_have_nothing(ecosystem: Ecosystem, role: str) -> None:
    assert privileges(ecosystem, role) == {}


@pytest.mark.parametrize("role", ["agent", "orchestrator", "observer"])
def test_readers_have_select_and_nothing_else(ecosystem: Ecosystem, role: str) -> None:
    assert privileges(ecosystem, role) == {name: {"SELECT"} for name in (*TABLES, *VIEWS)}


def test_the_service_writes_but_does_not_rewrite_history(ecosystem: Ecosystem) -> None:
    every = {"SELECT", "INSERT", "UPDATE", "DELETE"}
    append = {"SELECT", "INSERT"}
    read = {"SELECT"}
    assert privileges(ecosystem, "service_role") == {
        **dict.fromkeys(TABLES[:5], every),
        **dict.fromkeys(TABLES[5:], append),
        **dict.fromkeys(VIEWS, read),
    }


@pytest.mark.parametrize("role", sorted(EXECUTABLE))
def test_functions_a_role_may_execute(ecosystem: Ecosystem, role: str) -> None:
    with ecosystem.admin() as admin:
        rows = admin.execute(
            """
            SELECT proname FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace AND has_function_privilege(%s, oid, 'EXECUTE')
            """,
            (role,),
        ).fetchall()
    assert {name for (name,) in rows} == EXECUTABLE[role]


def test_an_agent_sees_its_own_rows_only(
    ecosystem: Ecosystem, service: psycopg.Connection[TupleRow], register: Register
) -> None:
    register("other")
    register("stranger")
    with ecosystem.session("agent") as agent:
        agent.execute("SELECT register_agent('me', 'executor', '1.8.3')")
        service.execute("INSERT INTO agent_hierarchy VALUES ('other', 'stranger', 'pg_notify', '{\"channel\": \"c\"}')")
        service.execute("INSERT INTO agent_hierarchy VALUES ('other', 'me', 'pg_notify', '{\"channel\": \"c\"}')")
        for pair in (("other", "stranger"), ("me", "other"), ("other", "me")):
            service.execute(LOG, pair)
        for name in ("me", "other"):
            service.execute(
                """
                INSERT INTO agent_performance_history (agent_id, agent_class, agent_version)
                VALUES (%s, 'executor', '1.8.3')
                """,
                (name,),
            )
        service.execute("SELECT enqueue_task('noop')")
        agent.execute("SELECT enqueue_task('noop', required_agent_class => 'indexing')")
        assert {table: count(agent, table) for table in (*TABLES, "agent_overview")} == {
            "agent_registry": 1,
            "agent_hierarchy": 1,
            "agent_versions": 5,
            "realtime_channels": 8,
            "distributed_tasks": 1,
            "agent_communication_logs": 2,
            "agent_performance_history": 1,
            "agent_overview": 1,
        }
        agent.execute("SELECT claim_tasks('me')")
        assert count(agent, "distributed_tasks") == 2


def test_an_orchestrator_sees_its_subtree(
    ecosystem: Ecosystem, service: psycopg.Connection[TupleRow], register: Register
) -> None:
    for name in ("child", "grandchild", "elsewhere"):
        register(name)
    with ecosystem.session("orchestrator") as boss:
        boss.execute("SELECT register_agent('boss', 'orchestrator', '2.1.0')")
        for parent, child in (("boss", "child"), ("child", "grandchild")):
            service.execute(
                "INSERT INTO agent_hierarchy VALUES (%s, %s, 'pg_notify', '{\"channel\": \"c\"}')", (parent, child)
            )
        service.execute(LOG, ("grandchild", "elsewhere"))
        service.execute(LOG, ("elsewhere", "elsewhere"))
        service.execute("SELECT enqueue_task('noop', agent_id => 'grandchild')")
        service.execute("SELECT enqueue_task('noop', agent_id => 'elsewhere')")
        seen = boss.execute("SELECT agent_id FROM agent_registry ORDER BY 1").fetchall()
        assert seen == [("boss",), ("child",), ("grandchild",)]
        assert count(boss, "agent_hierarchy") == 2
        assert count(boss, "agent_communication_logs") == 1
        assert count(boss, "distributed_tasks") == 1


def test_an_agent_acts_for_itself_only(ecosystem: Ecosystem, register: Register) -> None:
    register("victim")
    calls = (
        "SELECT heartbeat('victim')",
        "SELECT heartbeats('{victim}')",
        "SELECT deregister_agent('victim')",
        "SELECT claim_tasks('victim')",
        "SELECT complete_task('victim', gen_random_uuid(), 1)",
        "SELECT complete_and_claim('victim', '{}', '{}')",
        "SELECT renew_lease('victim', gen_random_uuid(), 1)",
        "SELECT fail_task('victim', gen_random_uuid(), 1)",
        "SELECT cancel_task(gen_random_uuid(), agent_id => 'victim')",
        "SELECT delegate_task(gen_random_uuid(), 'me', agent_id => 'victim')",
        "SELECT enqueue_task('noop', agent_id => 'victim')",
        "SELECT attach_agent('me', 'victim', 'mcp', '{\"transport\": \"stdio\"}', agent_id => 'victim')",
        "SELECT detach_agent('me', agent_id => 'victim')",
        "SELECT record_connection('me', 'connected', agent_id => 'victim')",
    )
    with ecosystem.session("agent") as agent:
        with refused("AE003", "no agent"):
            agent.execute("SELECT enqueue_task('noop')")
        agent.execute("SELECT register_agent('me', 'executor', '1.8.3')")
        for call in calls:
            with refused("AE003", "'victim'"):
                agent.execute(call)


def test_settings_and_roles_put_on_change_nothing(ecosystem: Ecosystem, register: Register) -> None:
    register("victim")
    name, url = ecosystem.login("agent")
    with ecosystem.admin() as admin:
        # As Supabase's authenticator: it may become service_role, it is not by itself.
        admin.execute(sql.SQL("GRANT service_role TO {} WITH INHERIT FALSE, SET TRUE").format(sql.Identifier(name)))
    with connect(url, autocommit=True) as agent:
        agent.execute("SELECT register_agent('me', 'executor', '1.8.3')")
        agent.execute('SET request.jwt.claims = \'{"role": "service_role", "agent_id": "victim"}\'')
        agent.execute("SET ROLE service_role")
        with refused("AE003"):
            agent.execute("SELECT heartbeat('victim')")


def test_a_temporary_table_does_not_stand_in_for_ours(ecosystem: Ecosystem, register: Register) -> None:
    register("victim")
    with ecosystem.session("agent") as agent:
        agent.execute("SELECT register_agent('me', 'executor', '1.8.3')")
        agent.execute(
            "CREATE TEMPORARY TABLE agent_registry AS SELECT 'victim' AS agent_id, session_user AS login_role"
        )
        agent.execute("SET search_path TO pg_temp, public, extensions")
        assert agent.execute("SELECT public.current_agent_id()").fetchone() == ("me",)
        with refused("AE003"):
            agent.execute("SELECT public.heartbeat('victim')")


@pytest.mark.parametrize(
    ("group", "statement"),
    [
        ("observer", "UPDATE agent_registry SET status = 'offline'"),
        ("observer", "DELETE FROM distributed_tasks"),
        ("observer", "INSERT INTO realtime_channels (channel_name, channel_type) VALUES ('x', 'broadcast')"),
        ("observer", "SELECT heartbeat('e1')"),
        ("agent", "UPDATE agent_registry SET capabilities = '{root}'"),
        ("agent", "INSERT INTO distributed_tasks (task_type) VALUES ('x')"),
        ("agent", "SELECT reclaim_expired()"),
        ("orchestrator", "SELECT prune_tasks()"),
        ("orchestrator", "SELECT mark_stale_agents()"),
        ("agent", "SELECT take_back_tasks('{e1}')"),
        ("orchestrator", "SELECT maintain('seal')"),
        ("maintenance", "SELECT prune_tasks('0', '0')"),
        ("maintenance", "SELECT * FROM agent_registry"),
        ("orchestrator", "SELECT reparent_children()"),
        ("agent", "SELECT lock_hierarchy()"),
        ("observer", "SELECT detach_agent('e1')"),
        ("agent", "SELECT seal()"),
        ("agent", "SELECT erase_payloads('{1}')"),
        ("orchestrator", "SELECT start_rollout('executor', '1.8.3')"),
        ("observer", "SELECT maintain_partitions()"),
        ("agent", "SELECT * FROM agent_communication_logs_default"),
        ("agent", "TRUNCATE distributed_tasks"),
        ("service_role", "SELECT * FROM agent_communication_logs_default"),
        ("service_role", "DELETE FROM agent_communication_logs"),
        ("anon", "SELECT * FROM realtime_channels"),
        ("anon", "SELECT heartbeat('e1')"),
        ("authenticated", "SELECT * FROM agent_versions"),
    ],
)
def test_what_roles_may_not_do(ecosystem: Ecosystem, group: str, statement: str) -> None:
    with ecosystem.session(group) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute(statement)


def test_the_observer_reads_everything(ecosystem: Ecosystem, register: Register) -> None:
    register("e1")
    with ecosystem.session("observer") as observer:
        assert count(observer, "agent_registry") == 1
        assert count(observer, "agent_overview") == 1
        for table in (*TABLES, *VIEWS):
            count(observer, table)


def test_the_backup_role_reads_everything(
    ecosystem: Ecosystem, service: psycopg.Connection[TupleRow], register: Register
) -> None:
    register("e1")
    service.execute(LOG, ("e1", "e1"))
    with connect(ecosystem.database.backup_url, autocommit=True) as backup:
        assert count(backup, "agent_registry") == 1
        assert count(backup, "agent_communication_logs_default") == 1
        assert count(backup, "agent_versions") == 5
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            backup.execute("DELETE FROM agent_registry")
