"""Every role, table and verb, on one's own row and on another's: a new table without a line here fails."""

from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.schema.ecosystem.conftest import Ecosystem, Register, connect

pytestmark = pytest.mark.server

Session = psycopg.Connection[TupleRow]
Outcome = int | str

OWN = {
    "agent_registry": "agent_id = {name}",
    "agent_hierarchy": "child_agent_id = {name}",
    "agent_versions": "agent_class = {agent_class}",
    "realtime_channels": "channel_name = 'agents.' || {agent_class}",
    "distributed_tasks": "assigned_to_agent_id = {name}",
    "agent_communication_logs": "from_agent_id = {name}",
    "agent_performance_history": "agent_id = {name}",
}
"""What makes a row an agent's own, or its class's."""

NEW = {
    "agent_registry": "(agent_id, agent_type, agent_class, current_version) "
    "VALUES ({name} || '-2', 'standalone', {agent_class}, '1.0.0')",
    "agent_hierarchy": "(parent_agent_id, child_agent_id, communication_protocol, protocol_settings) "
    "VALUES ({name}, 'free', 'pg_notify', '{{\"channel\": \"c\"}}')",
    "agent_versions": "(agent_class, version) VALUES ({agent_class}, '7.0.0')",
    "realtime_channels": "(channel_name, channel_type) VALUES ({agent_class} || '.new', 'broadcast')",
    "distributed_tasks": "(task_type, assigned_to_agent_id) VALUES ('t', {name})",
    "agent_communication_logs": "(from_agent_id, to_agent_id, protocol, message_type) VALUES ({name}, 'x', 'mcp', 'm')",
    "agent_performance_history": "(agent_id, agent_class, agent_version) VALUES ({name}, {agent_class}, '1.0.0')",
}
TOUCHED = {"agent_registry": "description", "agent_hierarchy": "last_error", "realtime_channels": "description"}
TOUCHED |= {"agent_versions": "description", "distributed_tasks": "last_error", "agent_communication_logs": "error"}
TOUCHED |= {"agent_performance_history": "metrics"}

VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE")
NOTHING: list[Outcome] = ["denied"] * 8
READS_OWN: list[Outcome] = [1, 0, *NOTHING[2:]]
READS_ALL: list[Outcome] = [1, 1, *NOTHING[2:]]
WRITES: list[Outcome] = [1] * 8
APPENDS: list[Outcome] = [1, 1, 1, 1, *NOTHING[4:]]


def agents(shared: list[Outcome], others: list[Outcome]) -> dict[str, list[Outcome]]:
    """Return what roles may do with a table that agents see as `shared` says, and the service as `others` says."""
    strangers = dict.fromkeys(("anon", "authenticated", "maintenance"), NOTHING)
    readers = {"observer": READS_ALL, "backup": READS_ALL}
    return {**strangers, **readers, "agent": shared, "orchestrator": shared, "service_role": others}


EXPECTED = {
    "agent_registry": agents(READS_OWN, WRITES),
    "agent_hierarchy": agents(READS_OWN, WRITES),
    "agent_versions": agents(READS_ALL, WRITES),
    "realtime_channels": agents(READS_ALL, WRITES),
    "distributed_tasks": agents(READS_OWN, WRITES),
    "agent_communication_logs": agents(READS_OWN, APPENDS),
    "agent_performance_history": agents(READS_OWN, APPENDS),
}
"""For each verb in turn: rows reached of one's own, of another's. An orchestrator's own is one of an agent below it."""

ROLES = sorted(EXPECTED["agent_registry"])


@pytest.fixture
def sessions(ecosystem: Ecosystem, service: Session, register: Register) -> Iterator[dict[str, Session]]:
    """A session a role: `agent` is agent me, below the orchestrator's boss; stranger is below nobody they know."""
    with ExitStack() as stack:
        opened = {
            role: stack.enter_context(
                connect(ecosystem.database.backup_url, autocommit=True) if role == "backup" else ecosystem.session(role)
            )
            for role in ROLES
        }
        opened["agent"].execute("SELECT register_agent('me', 'executor', '1.8.3')")
        opened["orchestrator"].execute("SELECT register_agent('boss', 'orchestrator', '2.1.0')")
        for name, agent_class in (("stranger", "indexing"), ("lead", "orchestrator"), ("free", "research")):
            register(name, agent_class)
        for parent, child in (("boss", "me"), ("lead", "stranger")):
            service.execute(
                "INSERT INTO agent_hierarchy VALUES (%s, %s, 'pg_notify', '{\"channel\": \"c\"}')", (parent, child)
            )
        for name, agent_class in (("me", "executor"), ("stranger", "indexing")):
            for table in ("distributed_tasks", "agent_communication_logs", "agent_performance_history"):
                new = NEW[table].format(name="%(n)s", agent_class="%(c)s")
                service.execute(f"INSERT INTO {table} {new}", {"n": name, "c": agent_class})
        yield opened


def outcome(session: Session, verb: str, table: str, name: str, agent_class: str) -> Outcome:
    """Return how many rows the statement reached, or that it was denied; nothing of it stays."""
    own = OWN[table]
    text = {
        "SELECT": f"SELECT FROM {table} WHERE {own}",
        "INSERT": f"INSERT INTO {table} {NEW[table]}",
        "UPDATE": f"UPDATE {table} SET {TOUCHED[table]} = {TOUCHED[table]} WHERE {own}",
        "DELETE": f"DELETE FROM {table} WHERE {own}",
    }[verb].format(name="%(n)s::text", agent_class="%(c)s::text")
    try:
        with session.transaction(force_rollback=True):
            return session.execute(text, {"n": name, "c": agent_class}).rowcount
    except psycopg.errors.InsufficientPrivilege:
        return "denied"


def test_every_role_table_and_verb(ecosystem: Ecosystem, sessions: dict[str, Session]) -> None:
    with ecosystem.admin() as admin:
        rows = admin.execute(
            """
            SELECT relname FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            """
        ).fetchall()
    assert {name for (name,) in rows} == set(EXPECTED)
    found = {
        table: {
            role: [
                outcome(session, verb, table, *whose)
                for verb in VERBS
                for whose in (("me", "executor"), ("stranger", "indexing"))
            ]
            for role, session in sessions.items()
        }
        for table in EXPECTED
    }
    assert found == EXPECTED
