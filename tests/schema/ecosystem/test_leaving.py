"""mark_stale_agents, deregister_agent: what becomes of the tasks of an agent that is gone."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.schema.ecosystem.conftest import Ecosystem, Register, refused
from tests.schema.ecosystem.tasks import Service, claim, claimed_ids, complete, enqueue, one, status

pytestmark = pytest.mark.server

FOR_E1 = {"delegation_strategy": "direct", "assigned_to_agent_id": "e1"}


def silence(service: Service, agent_id: str, span: str = "10 minutes") -> None:
    service.execute(
        "UPDATE agent_registry SET last_heartbeat_at = now() - %s::interval WHERE agent_id = %s", (span, agent_id)
    )


def marked(service: Service, *arguments: str) -> list[str]:
    places = ", ".join(["%s::interval"] * len(arguments))
    return sorted(row[0] for row in service.execute(f"SELECT agent_id FROM mark_stale_agents({places})", arguments))


def state(service: Service, agent_id: str) -> str:
    return str(one(service, "SELECT status::text FROM agent_registry WHERE agent_id = %s", agent_id))


def last_outcome(service: Service, task: uuid.UUID) -> str:
    return str(one(service, "SELECT outcome FROM task_attempts(%s) ORDER BY leased_at DESC LIMIT 1", task))


def test_a_lapsed_heartbeat_makes_an_agent_offline(service: Service, register: Register) -> None:
    for name in ("alive", "silent", "draining", "gone"):
        register(name)
    service.execute("UPDATE agent_registry SET status = 'draining' WHERE agent_id = 'draining'")
    service.execute("SELECT deregister_agent('gone')")
    for name in ("silent", "draining", "gone"):
        silence(service, name)
    assert marked(service, "1 hour") == []
    assert marked(service) == ["draining", "silent"]
    assert marked(service) == []
    assert [state(service, name) for name in ("alive", "silent", "gone")] == ["online", "offline", "deregistered"]
    service.execute("SELECT heartbeat('silent')")
    assert state(service, "silent") == "online"


def test_its_tasks_are_done_by_another_and_its_own_completion_is_refused(service: Service, register: Register) -> None:
    register("e1")
    register("e2")
    (task,) = enqueue(service, {})
    held = claim(service, "e1", lease="1 hour")
    silence(service, "e1")
    marked(service)
    assert last_outcome(service, task) == "agent_offline"
    again = claim(service, "e2")
    assert again == [(task, held[0][1] + 1)]
    service.execute("SELECT heartbeat('e1')")
    with refused("AE103", str(task)):
        complete(service, "e1", held)
    complete(service, "e2", again)


def test_attempts_with_agents_that_go_are_used_up_too(service: Service, register: Register) -> None:
    register("e1")
    (task,) = enqueue(service, {"max_attempts": 1})
    (after,) = enqueue(service, {"depends_on": [task]})
    claim(service, "e1")
    silence(service, "e1")
    marked(service)
    assert (status(service, task), status(service, after)) == ("dead_letter", "cancelled")


@pytest.mark.parametrize("strategy", ["least_loaded", "round_robin"])
def test_a_task_chosen_for_it_goes_to_another(service: Service, register: Register, strategy: str) -> None:
    register("e1")
    ready, root = enqueue(service, {"delegation_strategy": strategy}, {"required_agent_class": "indexing"})
    (blocked,) = enqueue(service, {"delegation_strategy": strategy, "depends_on": [root]})
    register("e2")
    register("indexer", "indexing", "1.7.1")
    assert claimed_ids(service, "e2") == []
    silence(service, "e1")
    marked(service)
    assert claimed_ids(service, "e2") == [ready]
    complete(service, "indexer", claim(service, "indexer"))
    assert claimed_ids(service, "e2") == [blocked]


def test_what_is_meant_for_it_alone_waits(service: Service, register: Register) -> None:
    register("e1")
    (task,) = enqueue(service, FOR_E1)
    silence(service, "e1")
    marked(service)
    assert status(service, task) == "ready"
    service.execute("SELECT heartbeat('e1')")
    assert claimed_ids(service, "e1") == [task]


def test_a_task_that_was_being_written_is_taken_back_by_the_next_call(
    ecosystem: Ecosystem, service: Service, register: Register
) -> None:
    register("e1")
    (task,) = enqueue(service, {})
    claim(service, "e1")
    silence(service, "e1")
    with ecosystem.owner() as other, other.transaction():
        other.execute("SELECT FROM distributed_tasks FOR UPDATE")
        assert marked(service) == ["e1"]
        assert status(service, task) == "leased"
    assert marked(service) == []
    assert status(service, task) == "ready"


def test_an_agent_that_just_gives_a_sign_of_life_is_not_marked(
    ecosystem: Ecosystem, service: Service, register: Register
) -> None:
    register("e1")
    silence(service, "e1")
    with ecosystem.owner() as beating, beating.transaction():
        beating.execute("SELECT heartbeat('e1')")
        assert marked(service) == []
    assert marked(service) == []
    assert state(service, "e1") == "online"


def test_timeouts_that_are_refused(service: Service) -> None:
    for timeout in ("'0 seconds'", "'-1 day'", "NULL"):
        with refused("AE001"):
            service.execute(f"SELECT mark_stale_agents({timeout})")


def test_an_agent_that_leaves_gives_back_what_it_has(service: Service, register: Register) -> None:
    register("e1")
    register("e2")
    held, chosen, alone, root = enqueue(
        service,
        {"priority": 9},
        {"delegation_strategy": "least_loaded"},
        {**FOR_E1, "run_at": "2999-01-01T00:00:00Z"},
        {"required_agent_class": "indexing"},
    )
    follows, later = enqueue(service, {"depends_on": [alone]}, {**FOR_E1, "depends_on": [root]})
    service.execute("UPDATE distributed_tasks SET assigned_to_agent_id = 'e1' WHERE task_id = %s", (chosen,))
    assert claimed_ids(service, "e1", 1) == [held]
    assert one(service, "SELECT deregister_agent('e1')") == 1
    assert last_outcome(service, held) == "agent_deregistered"
    assert [status(service, task) for task in (held, chosen, alone, follows)] == [
        "ready",
        "ready",
        "dead_letter",
        "cancelled",
    ]
    assert set(claimed_ids(service, "e2")) == {held, chosen}
    register("indexer", "indexing", "1.7.1")
    complete(service, "indexer", claim(service, "indexer"))
    assert status(service, later) == "dead_letter"


def test_leaving_and_coming_back(ecosystem: Ecosystem, service: Service) -> None:
    with ecosystem.session("agent") as agent:
        agent.execute("SELECT register_agent('me', 'executor', '1.8.3')")
        assert one(agent, "SELECT deregister_agent('me')") == 0
        for call in ("deregister_agent('me')", "heartbeat('me')", "claim_tasks('me')"):
            with refused("AE004", "'me'"):
                agent.execute(f"SELECT {call}")
        with refused("AE001", "no agent 'me'"):
            enqueue(service, {"delegation_strategy": "direct", "assigned_to_agent_id": "me"})
        agent.execute("SELECT register_agent('me', 'executor', '1.8.4')")
        assert claimed_ids(agent, "me") == []
    with refused("AE002"):
        service.execute("SELECT deregister_agent('nobody')")


def test_marking_beside_heartbeats_and_turns_does_not_deadlock(ecosystem: Ecosystem, register: Register) -> None:
    names = [f"e{number}" for number in range(20)]
    for name in names:
        register(name)

    def beat() -> None:
        with ecosystem.owner() as connection:
            for _ in range(30):
                connection.execute("SELECT heartbeats(%s)", (names[::-1],))

    def mark() -> None:
        with ecosystem.owner() as connection:
            for _ in range(30):
                connection.execute("UPDATE agent_registry SET last_heartbeat_at = '-infinity' WHERE agent_id = 'e7'")
                connection.execute("SELECT mark_stale_agents()")

    def take_turns() -> None:
        with ecosystem.owner() as connection:
            for _ in range(30):
                enqueue(connection, *[{"delegation_strategy": "round_robin"}] * 20)

    with ThreadPoolExecutor(3) as threads:
        for done in [threads.submit(work) for work in (beat, mark, take_turns)]:
            done.result(60)
