"""The hierarchy's functions: who reads it, who changes it, and what becomes of children whose parent is gone."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.schema.ecosystem.conftest import Ecosystem, Register, refused
from tests.schema.ecosystem.tasks import one

pytestmark = pytest.mark.server

Session = psycopg.Connection[TupleRow]
CHANNEL = '{"channel": "c"}'
ATTACH = "SELECT attach_agent(%s, %s, 'pg_notify', %s, %s)"


def attach(session: Session, parent: str, child: str, policy: str = "to_grandparent") -> Any:
    return one(session, ATTACH, parent, child, CHANNEL, policy)


def chain(session: Session, register: Register, names: str, policy: str = "to_grandparent") -> None:
    """Register an agent a letter, each below the one before it."""
    for name in names:
        register(name)
    for parent, child in pairwise(names):
        attach(session, parent, child, policy)


def links(session: Session) -> dict[str, str]:
    return dict(session.execute("SELECT child_agent_id, parent_agent_id FROM agent_hierarchy").fetchall())


def state(session: Session, agent_id: str) -> str:
    return str(one(session, "SELECT status::text FROM agent_registry WHERE agent_id = %s", agent_id))


def transitions(session: Session, child: str) -> list[tuple[str, str]]:
    kept = one(session, "SELECT connection_transitions FROM agent_hierarchy WHERE child_agent_id = %s", child)
    return [(change["from"], change["to"]) for change in kept]


def silence(session: Session, agent_id: str, span: str) -> None:
    """Let an agent's last sign of life, and the last change of its links, lie so far back."""
    session.execute(
        "UPDATE agent_registry SET last_heartbeat_at = now() - %s::interval WHERE agent_id = %s", (span, agent_id)
    )
    session.execute(
        "UPDATE agent_hierarchy SET connection_state_changed_at = now() - %s::interval WHERE parent_agent_id = %s",
        (span, agent_id),
    )


def test_a_subtree_from_the_top_down(service: Session, register: Register) -> None:
    chain(service, register, "abc")
    chain(service, register, "xy")
    attach(service, "a", "x")
    read = "SELECT descendant_agent_id, parent_agent_id, depth, status, connection_state FROM agent_subtree(%s, %s)"
    assert service.execute(read, ("a", None)).fetchall() == [
        ("a", None, 0, "online", None),
        ("b", "a", 1, "online", "pending"),
        ("x", "a", 1, "online", "pending"),
        ("c", "b", 2, "online", "pending"),
        ("y", "x", 2, "online", "pending"),
    ]
    assert [row[0] for row in service.execute(read, ("a", 1))] == ["a", "b", "x"]
    assert [row[0] for row in service.execute(read, ("a", 0))] == ["a"]
    assert [row[0] for row in service.execute(read, ("y", None))] == ["y"]
    with refused("AE001", "-1"):
        service.execute(read, ("a", -1))
    with refused("AE002", "'nobody'"):
        service.execute(read, ("nobody", None))


def test_ancestors_from_the_nearest_up(service: Session, register: Register) -> None:
    chain(service, register, "abcd")
    read = "SELECT ancestor_agent_id, depth, status, connection_state FROM agent_ancestors(%s)"
    assert service.execute(read, ("d",)).fetchall() == [
        ("c", 1, "online", "pending"),
        ("b", 2, "online", "pending"),
        ("a", 3, "online", "pending"),
    ]
    assert service.execute(read, ("a",)).fetchall() == []
    with refused("AE002", "NULL"):
        service.execute(read, (None,))


def test_readers_see_of_it_what_their_rows_allow(ecosystem: Ecosystem, service: Session, register: Register) -> None:
    chain(service, register, "abcd")
    subtree = "SELECT descendant_agent_id FROM agent_subtree(%s)"
    ancestors = "SELECT ancestor_agent_id, status FROM agent_ancestors(%s)"
    with (
        ecosystem.session("agent") as agent,
        ecosystem.session("orchestrator") as boss,
        ecosystem.session("observer") as observer,
    ):
        agent.execute("SELECT register_agent('me', 'executor', '1.8.3')")
        boss.execute("SELECT register_agent('boss', 'orchestrator', '2.1.0')")
        for parent, child in (("b", "me"), ("me", "c"), ("a", "boss"), ("boss", "b")):
            attach(service, parent, child)
        assert agent.execute(subtree, ("me",)).fetchall() == [("me",), ("c",)]
        assert agent.execute(ancestors, ("me",)).fetchall() == [("b", None)]
        assert boss.execute(subtree, ("boss",)).fetchall() == [("boss",), ("b",), ("me",), ("c",), ("d",)]
        assert boss.execute(ancestors, ("c",)).fetchall()[-1] == ("a", None)
        assert len(observer.execute(subtree, ("a",)).fetchall()) == 6
        for session in (agent, boss):
            with refused("AE002", "'a'"):
                session.execute(subtree, ("a",))
            with refused("AE002", "'a'"):
                session.execute(ancestors, ("a",))


def test_attaching_again_moves_and_says_where_from(service: Session, register: Register) -> None:
    chain(service, register, "abc")
    assert attach(service, "a", "c") == "b"
    assert links(service) == {"b": "a", "c": "a"}
    service.execute("SELECT record_connection('c', 'connected')")
    assert attach(service, "a", "c", "orphan") == "a"
    assert transitions(service, "c") == [("pending", "connected")]
    assert attach(service, "b", "c") == "a"
    assert transitions(service, "c") == [("pending", "connected"), ("connected", "pending")]
    assert one(service, "SELECT detach_agent('c')") == "b"
    assert attach(service, "a", "c") is None


def test_links_that_are_refused(service: Session, register: Register) -> None:
    chain(service, register, "abc")
    for parent, child in (("c", "a"), ("b", "b"), ("b", "a")):
        with refused("AE201", f"'{parent}'"):
            attach(service, parent, child)
    for pair in (("nobody", "a"), ("a", "nobody"), (None, "a")):
        with refused("AE002", "nobody" if "nobody" in pair else "NULL"):
            service.execute(ATTACH, (*pair, CHANNEL, "orphan"))
    service.execute("SELECT deregister_agent('c')")
    with refused("AE004", "'c'"):
        attach(service, "c", "a")
    with pytest.raises(psycopg.errors.CheckViolation):
        service.execute(ATTACH, ("a", "b", "{}", "orphan"))
    for call in ("attach_agent('a', 'b', 'mcp', '{\"transport\": \"stdio\"}')", "detach_agent('b')"):
        with refused("AE202"), service.transaction():
            service.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            service.execute(f"SELECT {call}")
    with refused("AE203", "'a'"):
        service.execute("SELECT detach_agent('a')")
    with refused("AE002", "'nobody'"):
        service.execute("SELECT detach_agent('b', agent_id => 'nobody')")


def test_nobody_is_taken_by_one_who_does_not_lead_it(
    ecosystem: Ecosystem, service: Session, register: Register
) -> None:
    """Otherwise a login that registers as an agent could read and cancel what is another's."""
    chain(service, register, "abc")
    register("free")
    with ecosystem.session("agent") as agent, ecosystem.session("orchestrator") as boss:
        agent.execute("SELECT register_agent('me', 'executor', '1.8.3')")
        boss.execute("SELECT register_agent('boss', 'orchestrator', '2.1.0')")
        for parent, child in (("boss", "free"), ("boss", "b"), ("a", "free"), ("boss", "me")):
            with refused("AE203", f"'{child}'"):
                attach(boss, parent, child)
        assert attach(agent, "boss", "me") is None
        with refused("AE203", "'me'"):
            attach(agent, "a", "me")
        for call in ("detach_agent('me')", "detach_agent('b')", "record_connection('c', 'connected')"):
            with refused("AE203"):
                agent.execute(f"SELECT {call}")
        attach(service, "boss", "b")
        assert attach(boss, "me", "c") == "b"
        with refused("AE203", "'c'"):
            attach(boss, "a", "c")
        assert one(boss, "SELECT detach_agent('c')") == "me"
        assert one(boss, "SELECT detach_agent('me')") == "boss"
    with ecosystem.session("agent") as stranger, refused("AE003", "no agent"):
        stranger.execute("SELECT detach_agent('b')")


def test_how_a_link_fares(ecosystem: Ecosystem, service: Session, register: Register) -> None:
    chain(service, register, "ab")
    with ecosystem.session("agent") as agent:
        agent.execute("SELECT register_agent('me', 'executor', '1.8.3')")
        attach(agent, "b", "me")
        agent.execute("SELECT record_connection('me', 'connected')")
        agent.execute("SELECT record_connection('me', 'degraded', 'slow')")
        agent.execute("SELECT record_connection('me', 'degraded')")
        service.execute("SELECT record_connection('me', 'disconnected', agent_id => 'a')")
        read = "SELECT connection_state, last_error FROM agent_hierarchy"
        assert agent.execute(read).fetchall() == [("disconnected", "slow")]
        assert transitions(agent, "me") == [
            ("pending", "connected"),
            ("connected", "degraded"),
            ("degraded", "disconnected"),
        ]
        for given in ("'pending'", "NULL"):
            with refused("AE001"):
                agent.execute(f"SELECT record_connection('me', {given})")
    with refused("AE203", "'a'"):
        service.execute("SELECT record_connection('a', 'connected')")


def test_the_record_of_a_link_keeps_the_last_fifty(service: Session, register: Register) -> None:
    chain(service, register, "ab")
    for number in range(60):
        service.execute("SELECT record_connection('b', %s)", ("degraded" if number % 2 else "connected",))
    assert len(transitions(service, "b")) == 50
    assert transitions(service, "b")[-1] == ("connected", "degraded")


@pytest.mark.parametrize(
    ("policy", "parent", "status"),
    [("to_grandparent", "a", "online"), ("orphan", None, "online"), ("drain", None, "draining")],
)
def test_children_of_a_parent_that_leaves(
    service: Session, register: Register, policy: str, parent: str | None, status: str
) -> None:
    chain(service, register, "abcd")
    attach(service, "b", "c", policy)
    service.execute("SELECT record_connection('c', 'connected')")
    service.execute("SELECT deregister_agent('b')")
    assert links(service) == {"b": "a", "d": "c"} | ({"c": parent} if parent else {})
    assert state(service, "c") == status
    if parent:
        assert transitions(service, "c") == [("pending", "connected"), ("connected", "pending")]


def test_the_nearest_that_is_not_gone_is_heir(service: Session, register: Register) -> None:
    chain(service, register, "abcde")
    service.execute(
        "UPDATE agent_registry SET status = 'deregistered', deregistered_at = now() WHERE agent_id IN ('b', 'c', 'd')"
    )
    moved = service.execute("SELECT * FROM reparent_children()").fetchall()
    assert moved == [(child, old, "a", "to_grandparent") for old, child in (("b", "c"), ("c", "d"), ("d", "e"))]
    assert links(service) == dict.fromkeys("bcde", "a")
    service.execute("SELECT deregister_agent('a')")
    assert links(service) == {}


def test_an_hour_offline_and_a_parent_is_gone(service: Session, register: Register) -> None:
    chain(service, register, "abc")
    silence(service, "b", "2 hours")
    service.execute("SELECT mark_stale_agents()")
    assert links(service) == {"b": "a", "c": "b"}, "the hour starts when it is marked: an outage moves nobody"
    assert transitions(service, "c") == transitions(service, "b") == [("pending", "disconnected")]
    silence(service, "b", "59 minutes")
    service.execute("SELECT mark_stale_agents()")
    assert links(service)["c"] == "b"
    silence(service, "b", "61 minutes")
    service.execute("SELECT mark_stale_agents()")
    assert links(service) == {"b": "a", "c": "a"}
    service.execute("SELECT heartbeat('b')")
    service.execute("SELECT mark_stale_agents()")
    assert links(service) == {"b": "a", "c": "a"}


def test_a_parent_that_comes_back_in_time_keeps_its_children(service: Session, register: Register) -> None:
    chain(service, register, "ab")
    silence(service, "a", "2 hours")
    service.execute("SELECT mark_stale_agents()")
    silence(service, "a", "2 hours")
    service.execute("SELECT heartbeat('a')")
    service.execute("SELECT mark_stale_agents()")
    assert links(service) == {"b": "a"}


def test_each_time_a_parent_goes_the_hour_starts_anew(service: Session, register: Register) -> None:
    """Its link may be disconnected still, from the time before."""
    chain(service, register, "ab")
    for _ in range(2):
        silence(service, "a", "2 hours")
        assert service.execute("SELECT agent_id FROM mark_stale_agents()").fetchall() == [("a",)]
        assert links(service) == {"b": "a"}
        service.execute("SELECT heartbeat('a')")
    assert transitions(service, "b") == [("pending", "disconnected")]


def test_a_child_that_is_offline_drains_when_it_is_back(service: Session, register: Register) -> None:
    chain(service, register, "ab", "drain")
    silence(service, "b", "10 minutes")
    service.execute("SELECT mark_stale_agents()")
    service.execute("SELECT deregister_agent('a')")
    assert (links(service), state(service, "b")) == ({"b": "a"}, "offline")
    service.execute("SELECT heartbeat('b')")
    service.execute("SELECT mark_stale_agents()")
    assert (links(service), state(service, "b")) == ({}, "draining")


def test_a_child_whose_row_is_held_drains_at_the_next_call(
    ecosystem: Ecosystem, service: Session, register: Register
) -> None:
    chain(service, register, "ab", "drain")
    service.execute("SET lock_timeout = '5s'")
    with ecosystem.owner() as beating, beating.transaction():
        beating.execute("SELECT heartbeat('b')")
        service.execute("SELECT deregister_agent('a')")
        assert links(service) == {"b": "a"}
    service.execute("SELECT mark_stale_agents()")
    assert (links(service), state(service, "b")) == ({}, "draining")


def test_how_long_offline_is_no_time(service: Session) -> None:
    for given in ("'-1 hour'", "NULL"):
        with refused("AE001"):
            service.execute(f"SELECT reparent_children(NULL, {given})")


def test_agents_that_move_at_once_never_form_a_ring(ecosystem: Ecosystem, service: Session, register: Register) -> None:
    """Every session links the agents in another way, and others leave: whatever wins, following parents ends."""
    names = "abcdef"
    for name in names:
        register(name)
    start = threading.Barrier(len(names))

    def work(own: str) -> set[str]:
        seen = set()
        with ecosystem.owner() as connection:
            connection.execute("SET statement_timeout = '30s'")  # in a ring, what follows parents never ends
            start.wait(30)
            for step in range(1, 25):
                other = names[(names.index(own) + step) % len(names)]
                try:
                    if step % 8:
                        attach(connection, other, own)
                    else:
                        connection.execute("SELECT deregister_agent(%s)", (own,))
                        connection.execute("SELECT register_agent(%s, 'executor', '1.8.3')", (own,))
                except psycopg.Error as error:
                    seen.add(str(error.sqlstate))
        return seen

    with ThreadPoolExecutor(len(names)) as threads:
        seen = set().union(*threads.map(work, names))
    assert "AE201" in seen
    assert seen <= {"AE201", "AE004"}, "deadlocks among them would be 40P01"
    above = links(service)
    for name in names:
        steps = 0
        while name in above:
            name, steps = above[name], steps + 1  # noqa: PLW2901
            assert steps < len(names), above
