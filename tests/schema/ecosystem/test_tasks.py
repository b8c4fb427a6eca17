"""enqueue_task(s), claim_tasks, complete_task(s), reclaim_expired, one session at a time."""

import uuid
from decimal import Decimal
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from tests.schema.ecosystem.conftest import Ecosystem, Register, refused
from tests.schema.ecosystem.tasks import Service, as_batch, claim, claimed_ids, complete, enqueue, expire_leases, status

pytestmark = pytest.mark.server


def test_a_task_from_enqueue_to_completion(service: Service, register: Register) -> None:
    register("e1")
    row = service.execute("SELECT enqueue_task('greet', '{\"name\": \"Ada\"}', priority => 3)").fetchone()
    assert row is not None
    task_id = row[0]
    claimed = service.execute(
        """
        SELECT task_id, fencing_token, task_type, payload, priority, attempt, lease_expires_at > now()
        FROM claim_tasks('e1')
        """
    ).fetchall()
    assert claimed == [(task_id, 1, "greet", {"name": "Ada"}, 3, 1, True)]
    service.execute("SELECT complete_task('e1', %s, 1, '{\"said\": \"hello\"}')", (task_id,))
    assert service.execute(
        "SELECT status, result, assigned_to_agent_id, finished_at IS NOT NULL, lease_expires_at FROM distributed_tasks"
    ).fetchone() == ("succeeded", {"said": "hello"}, "e1", True, None)
    assert claim(service, "e1") == []


def test_an_idempotency_key_makes_one_task(service: Service) -> None:
    first = enqueue(service, {"idempotency_key": "k"}, {}, {"idempotency_key": "k"})
    assert first[0] == first[2] != first[1]
    again = service.execute(
        "SELECT task_id, is_new FROM enqueue_tasks(%s)",
        (Jsonb([{"task_type": "noop", "idempotency_key": "k"}, {"task_type": "noop", "idempotency_key": "l"}]),),
    ).fetchall()
    assert again[0] == (first[0], False)
    assert again[1][1] is True
    assert service.execute("SELECT enqueue_task('noop', idempotency_key => 'k')").fetchone() == (first[0],)
    assert service.execute("SELECT count(*) FROM distributed_tasks").fetchone() == (3,)


def test_an_idempotency_key_is_its_creators(service: Service, register: Register) -> None:
    register("a")
    register("b")
    ids = {
        row[0]
        for agent in ("a", "b", "a", None)
        for row in service.execute("SELECT enqueue_task('noop', idempotency_key => 'k', agent_id => %s)", (agent,))
    }
    assert len(ids) == 3


def test_priority_then_age(service: Service, register: Register) -> None:
    register("e1")
    low, high, old = enqueue(service, {}, {"priority": 5}, {"run_at": "2020-01-01T00:00:00Z"})
    mine, other = enqueue(
        service,
        {"delegation_strategy": "direct", "assigned_to_agent_id": "e1", "priority": 2},
        {"required_agent_class": "executor", "priority": 3},
    )
    assert claimed_ids(service, "e1") == [high, other, mine, old, low]


def test_a_limit_takes_the_best_of_all_queues(service: Service, register: Register) -> None:
    register("e1")
    _, best = enqueue(service, {"required_agent_class": "executor"}, {"priority": 1})
    assert claimed_ids(service, "e1", 1) == [best]
    held = service.execute("SELECT count(*) FROM distributed_tasks WHERE status = 'leased'").fetchone()
    assert held == (1,)


def test_run_at_holds_a_task_back(service: Service, register: Register) -> None:
    register("e1")
    (later,) = enqueue(service, {"run_at": "2999-01-01T00:00:00Z", "priority": 100})
    (now,) = enqueue(service, {})
    assert claimed_ids(service, "e1") == [now]
    service.execute("UPDATE distributed_tasks SET run_at = now() WHERE task_id = %s", (later,))
    assert claimed_ids(service, "e1") == [later]


def test_a_task_waits_for_what_it_depends_on(service: Service, register: Register) -> None:
    register("e1")
    first, second = uuid.uuid4(), uuid.uuid4()
    ids = enqueue(
        service,
        {"task_id": first},
        {"task_id": second},
        {"depends_on": [first, second, first]},
        {"depends_on": [second]},
    )
    assert ids[:2] == [first, second]
    both, one = ids[2:]
    held = dict(claim(service, "e1"))
    assert set(held) == {first, second}
    complete(service, "e1", [(second, held[second])])
    assert (status(service, both), status(service, one)) == ("blocked", "ready")
    complete(service, "e1", [(first, held[first])])
    assert status(service, both) == "ready"
    (late,) = enqueue(service, {"depends_on": [first, second]})
    assert set(claimed_ids(service, "e1")) == {both, one, late}


def test_dependencies_completed_in_one_batch(service: Service, register: Register) -> None:
    register("e1")
    first, second = enqueue(service, {}, {})
    (both,) = enqueue(service, {"depends_on": [first, second]})
    complete(service, "e1", claim(service, "e1"))
    assert claimed_ids(service, "e1") == [both]


def test_dependencies_that_are_refused(service: Service) -> None:
    one, other = uuid.uuid4(), uuid.uuid4()
    with refused("AE102", "task 1"):
        enqueue(service, {"task_id": one, "depends_on": [other]}, {"task_id": other, "depends_on": [one]})
    with refused("AE102"):
        enqueue(service, {"task_id": one, "depends_on": [one]})
    with refused("AE101", str(other)):
        enqueue(service, {"depends_on": [other]})
    assert service.execute("SELECT count(*) FROM distributed_tasks").fetchone() == (0,)


def test_depending_on_what_cannot_succeed(service: Service) -> None:
    (dead,) = enqueue(service, {})
    service.execute("UPDATE distributed_tasks SET status = 'dead_letter', finished_at = now()")
    with refused("AE101", "dead_letter"):
        enqueue(service, {"depends_on": [dead]})
    (after,) = enqueue(service, {"depends_on": [dead], "on_dependency_failure": "proceed"})
    assert status(service, after) == "ready"


def test_depending_on_a_task_that_its_key_kept_from_being_made(service: Service) -> None:
    enqueue(service, {"idempotency_key": "k"})
    with refused("AE101"):
        again = uuid.uuid4()
        enqueue(service, {"task_id": again, "idempotency_key": "k"}, {"depends_on": [again]})


@pytest.mark.parametrize(
    ("task", "word"),
    [
        ({"task_type": ""}, "task_type"),
        ({"prioritty": 1}, "prioritty"),
        ({"delegation_strategy": "direct"}, "assigned_to_agent_id"),
        ({"assigned_to_agent_id": "e1"}, "direct"),
        ({"delegation_strategy": "gossip"}, "least_loaded"),
        ({"delegation_strategy": "broadcast", "task_id": str(uuid.UUID(int=1))}, "task_id"),
        ({"delegation_strategy": "direct", "assigned_to_agent_id": "nobody"}, "nobody"),
    ],
)
def test_malformed_tasks_are_refused(service: Service, task: dict[str, Any], word: str) -> None:
    with refused("AE001", "task 2", word):
        enqueue(service, {}, task)


@pytest.mark.parametrize("tasks", ["[]", "{}", "null", '[{"task_type": "a"}, 5]'])
def test_what_is_no_batch_is_refused(service: Service, tasks: str) -> None:
    with refused("AE001"):
        service.execute("SELECT enqueue_tasks(%s)", (tasks,))


def test_a_claim_respects_class_capabilities_and_version(service: Service, register: Register) -> None:
    register("plain", "executor", "1.8.3")
    register("skilled", "executor", "2.0.0-rc.1", capabilities=["ocr", "gpu"])
    register("indexer", "indexing", "1.7.1", capabilities=["ocr"])
    for_indexing, for_gpu, for_both, for_old, for_new = enqueue(
        service,
        {"required_agent_class": "indexing"},
        {"required_capabilities": ["gpu"]},
        {"required_capabilities": ["gpu", "ocr"], "required_agent_class": "executor"},
        {"agent_version_range": "<2.0.0-alpha", "required_agent_class": "executor"},
        {"agent_version_range": "1.2.3 || >=1.10.0", "required_agent_class": "executor"},
    )
    assert claimed_ids(service, "plain") == [for_old]
    assert set(claimed_ids(service, "indexer")) == {for_indexing}
    assert set(claimed_ids(service, "skilled")) == {for_gpu, for_both, for_new}


def test_a_direct_task_is_for_one_agent(service: Service, register: Register) -> None:
    register("e1")
    register("e2")
    (task,) = enqueue(service, {"delegation_strategy": "direct", "assigned_to_agent_id": "e2"})
    assert claimed_ids(service, "e1") == []
    assert claimed_ids(service, "e2") == [task]
    expire_leases(service)
    assert claimed_ids(service, "e1") == []
    assert claimed_ids(service, "e2") == [task]


def test_a_stale_holder_is_refused(service: Service, register: Register) -> None:
    register("slow")
    register("fast")
    (task,) = enqueue(service, {})
    stale = claim(service, "slow")
    expire_leases(service)
    fresh = claim(service, "fast")
    assert fresh == [(task, stale[0][1] + 1)]
    with refused("AE103", str(task)):
        complete(service, "slow", stale)
    with refused("AE103"):
        complete(service, "slow", fresh)
    complete(service, "fast", fresh)
    with refused("AE103"):
        complete(service, "fast", fresh)
    row = service.execute("SELECT assigned_to_agent_id, attempt, attempt_history FROM distributed_tasks").fetchone()
    assert row is not None
    assert row[:2] == ("fast", 2)
    assert [(past["attempt"], past["agent_id"], past["outcome"]) for past in row[2]] == [(1, "slow", "lease_expired")]


def test_the_same_agent_with_an_old_token_is_refused(service: Service, register: Register) -> None:
    register("e1")
    enqueue(service, {})
    stale = claim(service, "e1")
    expire_leases(service)
    claim(service, "e1")
    with refused("AE103"):
        complete(service, "e1", stale)


def test_an_expired_lease_nobody_took_still_completes(service: Service, register: Register) -> None:
    register("e1")
    (task,) = enqueue(service, {})
    held = claim(service, "e1")
    expire_leases(service)
    complete(service, "e1", held)
    assert status(service, task) == "succeeded"


def test_a_batch_is_completed_whole_or_not_at_all(service: Service, register: Register) -> None:
    register("e1")
    good, bad = enqueue(service, {}, {})
    held = claim(service, "e1")
    wrong = [(task, token + (task == bad)) for task, token in held]
    with refused("AE103", str(bad)):
        complete(service, "e1", wrong)
    assert status(service, good) == "leased"
    with refused("AE103", "twice"):
        complete(service, "e1", [held[0], held[0]])


def test_completions_that_are_malformed(service: Service, register: Register) -> None:
    register("e1")
    for arguments in (
        "'{}', '{}'",
        "NULL, NULL",
        f"'{{{uuid.uuid4()}}}', '{{}}'",
        f"'{{{uuid.uuid4()}}}', '{{1}}', '{{}}'",
    ):
        with refused("AE001"):
            service.execute(f"SELECT complete_tasks('e1', {arguments})")


def test_attempts_are_used_up(service: Service, register: Register) -> None:
    register("e1")
    (task,) = enqueue(service, {"max_attempts": 2})
    for _ in range(2):
        assert claimed_ids(service, "e1") == [task]
        expire_leases(service)
    assert claimed_ids(service, "e1") == []
    assert status(service, task) == "dead_letter"
    assert service.execute("SELECT reclaim_expired()").fetchone() == (0,)


def test_a_batch_with_dependencies_reads_in_proportion(ecosystem: Ecosystem, service: Service) -> None:
    """Four times the tasks read about four times the pages, not sixteen: none looks through the whole table."""

    def pages(number: int) -> int:
        before = enqueue(service, *[{}] * number)
        batch = as_batch([{"depends_on": [need]} for need in before])
        with ecosystem.owner() as owner:
            explain = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT enqueue_tasks(%s)"
            row = owner.execute(explain, (batch,)).fetchone()
        assert row is not None
        plan = row[0][0]["Plan"]
        return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])

    few, many = pages(500), pages(2000)
    assert many < 6 * few


def test_a_batch_whose_answer_was_lost_is_sent_again(service: Service, register: Register) -> None:
    """Whatever became of it meanwhile, it is known: the same identities, and nothing new."""
    register("e1")
    root, child = uuid.uuid4(), uuid.uuid4()
    batch = as_batch(
        [
            {"task_id": root, "idempotency_key": "root"},
            {"task_id": child, "idempotency_key": "child", "depends_on": [root]},
        ]
    )
    send = "SELECT task_id, is_new FROM enqueue_tasks(%s)"
    assert service.execute(send, (batch,)).fetchall() == [(root, True), (child, True)]
    assert service.execute(send, (batch,)).fetchall() == [(root, False), (child, False)]
    service.execute("SELECT cancel_task(%s)", (root,))
    assert service.execute(send, (batch,)).fetchall() == [(root, False), (child, False)]
    service.execute("DELETE FROM distributed_tasks WHERE task_id = %s", (root,))
    after = as_batch([{"task_id": child, "idempotency_key": "child", "depends_on": [root]}])
    assert service.execute(send, (after,)).fetchall() == [(child, False)]
    with refused("AE101"):
        service.execute("SELECT enqueue_tasks(%s, 'e1')", (after,))


def test_claims_that_are_refused(service: Service, register: Register) -> None:
    register("e1")
    for arguments in ("0", "1001", "NULL", "1, '0 seconds'", "1, '2 days'", "1, NULL"):
        with refused("AE001"):
            service.execute(f"SELECT claim_tasks('e1', {arguments})")
    with refused("AE002"):
        claim(service, "nobody")
    for state in ("draining", "offline"):
        service.execute("UPDATE agent_registry SET status = %s", (state,))
        with refused("AE004", state):
            claim(service, "e1")


def test_views_count_what_is_there(service: Service, register: Register) -> None:
    register("e1")
    register("boss", "orchestrator", "2.1.0")
    service.execute("INSERT INTO agent_hierarchy VALUES ('boss', 'e1', 'pg_notify', '{\"channel\": \"c\"}')")
    done, dep, *_ = enqueue(
        service,
        {"priority": 9, "required_agent_class": "executor"},
        {"priority": 8, "required_agent_class": "executor"},
        {"required_agent_class": "executor"},
        {"required_agent_class": "executor", "run_at": "2999-01-01T00:00:00Z"},
    )
    enqueue(service, {"required_agent_class": "executor", "depends_on": [dep]})
    held = claim(service, "e1", 2)
    complete(service, "e1", [pair for pair in held if pair[0] == done])
    assert service.execute(
        """
        SELECT ready, scheduled, blocked, leased, lease_expired, dead_letters, succeeded_per_minute
        FROM task_queue_health
        """
    ).fetchall() == [(1, 1, 1, 1, 0, 0, Decimal("0.2"))]
    assert service.execute(
        "SELECT agent_id, leased_tasks, parent_agent_id, children FROM agent_overview ORDER BY agent_id"
    ).fetchall() == [("boss", 0, None, 1), ("e1", 1, "boss", 0)]
