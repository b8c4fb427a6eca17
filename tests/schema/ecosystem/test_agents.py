"""register_agent, heartbeat, heartbeats."""

from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.schema.ecosystem.conftest import Ecosystem, Register, connect, refused

pytestmark = pytest.mark.server

Service = psycopg.Connection[TupleRow]


def one(connection: Service, query: Any, *parameters: Any) -> Any:
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return row[0] if len(row) == 1 else row


def test_registering_again_keeps_the_row(service: Service) -> None:
    register = "SELECT * FROM register_agent('e1', 'executor', '1.8.3', capabilities => '{ocr}', endpoint => %s)"
    assert one(service, register, "http://a") == ("online", "1.8.3", None, True)
    registered = one(service, "SELECT registered_at, version_changed_at FROM agent_registry")
    assert one(service, register, "http://b") == ("online", "1.8.3", None, False)
    assert one(service, "SELECT registered_at, version_changed_at FROM agent_registry") == registered
    assert one(service, "SELECT endpoint, registration_count, version_history FROM agent_registry") == (
        "http://b",
        2,
        [],
    )


def test_a_change_of_version_is_recorded(service: Service, register: Register) -> None:
    for version in ("1.8.3", "1.9.0-rc.1", "1.9.0-rc.1", "1.9.0"):
        register("e1", version=version)
    history = one(service, "SELECT version_history FROM agent_registry")
    assert [(change["from"], change["to"]) for change in history] == [("1.8.3", "1.9.0-rc.1"), ("1.9.0-rc.1", "1.9.0")]
    assert one(service, "SELECT current_version = '1.9.0' AND version_changed_at > registered_at FROM agent_registry")


def test_the_record_of_versions_keeps_the_last_fifty(service: Service, register: Register) -> None:
    for minor in range(60):
        register("e1", version=f"1.{minor}.0")
    history = one(service, "SELECT version_history FROM agent_registry")
    assert len(history) == 50
    assert history[-1]["to"] == "1.59.0"
    assert history[0]["to"] == "1.10.0"


@pytest.mark.parametrize(
    "arguments",
    [
        {"agent_id": ""},
        {"agent_id": None},
        {"agent_id": "a b"},
        {"agent_class": "Executor"},
        {"version": "1.8"},
        {"version": "1.08.0"},
        {"version": "1.8.3-01"},
        {"capabilities": ["a", None]},
        {"max_concurrent_tasks": 0},
        {"capability_embedding": "[1,2,3]"},
        {"metadata": "[]"},
    ],
)
def test_malformed_arguments_are_refused(register: Register, arguments: dict[str, Any]) -> None:
    with refused("AE001"):
        register(**{"agent_id": "e1", **arguments})


def test_embedding_and_search_text_are_stored(service: Service, register: Register) -> None:
    register("e1", capabilities=["ocr", "translate"], description="reads scans", capability_embedding=str([0.5] * 384))
    assert one(service, "SELECT search_text FROM agent_registry") == "e1 executor reads scans ocr translate"
    assert one(service, "SELECT extensions.vector_dims(capability_embedding) FROM agent_registry") == 384


def test_an_agent_registers_itself_under_its_login(ecosystem: Ecosystem) -> None:
    name, url = ecosystem.login("agent")
    with connect(url, autocommit=True) as agent:
        agent.execute("SELECT register_agent('self', 'executor', '1.0.0')")
        assert one(agent, "SELECT current_agent_id()") == "self"
        assert one(agent, "SELECT login_role FROM agent_registry") == name
        with refused("AE005", name):
            agent.execute("SELECT register_agent('another', 'executor', '1.0.0')")
        with refused("AE003"):
            agent.execute("SELECT register_agent('self', 'executor', '1.0.0', login_role => 'postgres')")


def test_an_agent_id_is_not_taken_over(ecosystem: Ecosystem, register: Register) -> None:
    register("of-the-service")
    with ecosystem.session("agent") as agent, ecosystem.session("agent") as thief:
        agent.execute("SELECT register_agent('mine', 'executor', '1.0.0')")
        for taken in ("mine", "of-the-service"):
            with refused("AE005", taken):
                thief.execute("SELECT register_agent(%s, 'executor', '6.6.6')", (taken,))


def test_the_class_of_an_agent_does_not_change(register: Register) -> None:
    register("e1", "executor")
    with refused("AE005"):
        register("e1", "orchestrator")


def test_heartbeat_brings_an_agent_back_and_tells_its_version(service: Service, register: Register) -> None:
    register("e1", version="1.8.2")
    service.execute(
        """
        UPDATE agent_registry
        SET status = 'offline', desired_version = '1.8.3', last_heartbeat_at = now() - interval '1 day'
        """
    )
    assert one(service, "SELECT * FROM heartbeat('e1', 3, '{\"cpu\": 0.5}')") == ("online", "1.8.2", "1.8.3")
    assert one(
        service,
        "SELECT active_tasks, performance_metrics, last_heartbeat_at > now() - interval '1 minute' FROM agent_registry",
    ) == (3, {"cpu": 0.5}, True)
    service.execute("SELECT heartbeat('e1')")
    assert one(service, "SELECT active_tasks, performance_metrics FROM agent_registry") == (3, {"cpu": 0.5})


def test_heartbeat_leaves_a_draining_agent_draining(service: Service, register: Register) -> None:
    register("e1")
    service.execute("UPDATE agent_registry SET status = 'draining'")
    assert one(service, "SELECT status FROM heartbeat('e1')") == "draining"


def test_heartbeats_that_are_refused(service: Service, register: Register) -> None:
    register("e1")
    with refused("AE001"):
        service.execute("SELECT heartbeat('e1', -1)")
    with refused("AE001"):
        service.execute("SELECT heartbeat('e1', performance_metrics => '[1]')")
    with refused("AE002", "'e2'"):
        service.execute("SELECT heartbeat('e2')")
    service.execute("UPDATE agent_registry SET status = 'deregistered', deregistered_at = now()")
    with refused("AE004", "'e1'"):
        service.execute("SELECT heartbeat('e1')")
    register("e1")
    service.execute("SELECT heartbeat('e1')")


def test_heartbeats_are_hot_updates(service: Service, register: Register) -> None:
    """HOT: no index is touched, whatever else the wide row has indexed."""
    for number in range(50):
        register(f"e{number}", capabilities=["ocr"], capability_embedding=str([number + 1.0] * 384))
    counted = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'agent_registry'"
    service.execute("SELECT pg_stat_force_next_flush()")
    before = one(service, counted)
    for beat in range(200):
        service.execute("SELECT heartbeat(%s, %s, '{\"cpu\": 0.5}')", (f"e{beat % 50}", beat))
    service.execute("SELECT heartbeats(%s, %s)", ([f"e{number}" for number in range(50)], [2] * 50))
    service.execute("SELECT pg_stat_force_next_flush()")
    after = one(service, counted)
    assert [now - then for now, then in zip(after, before, strict=True)] == [250, 250]


def test_a_batch_of_heartbeats(service: Service, register: Register) -> None:
    for name in ("a", "b", "c"):
        register(name)
    rows = service.execute("SELECT agent_id, status FROM heartbeats(%s, %s)", (["b", "a", "b"], [1, 2, 3])).fetchall()
    assert sorted(rows) == [("a", "online"), ("b", "online")]
    assert service.execute("SELECT agent_id, active_tasks FROM agent_registry ORDER BY 1").fetchall() == [
        ("a", 2),
        ("b", 3),
        ("c", 0),
    ]


def test_a_batch_of_heartbeats_is_whole_or_not_at_all(service: Service, register: Register) -> None:
    register("a")
    with refused("AE002", "'nobody'"):
        service.execute("SELECT heartbeats('{a,nobody}', '{5,5}')")
    assert one(service, "SELECT active_tasks FROM agent_registry") == 0
    for arguments in ("'{}'", "NULL", "'{a}', '{1,2}'", "'{a}', '{-1}'"):
        with refused("AE001"):
            service.execute(f"SELECT heartbeats({arguments})")


def test_a_heartbeat_does_not_wait_for_the_disk(service: Service, register: Register) -> None:
    register("a")
    with service.transaction():
        service.execute("SELECT heartbeat('a')")
        assert one(service, "SHOW synchronous_commit") == "off"
    assert one(service, "SHOW synchronous_commit") == "on"
