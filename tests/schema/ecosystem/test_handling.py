"""cancel_task(s), delegate_task(s), the strategies of delegation, rollouts in the claim, prune_tasks."""

import uuid

import pytest

from tests.schema.ecosystem.conftest import Ecosystem, Register, refused
from tests.schema.ecosystem.tasks import Service, claim, claimed_ids, complete, enqueue, one, status

pytestmark = pytest.mark.server


def assigned(service: Service, tasks: list[uuid.UUID]) -> list[str | None]:
    rows = service.execute(
        "SELECT task_id, assigned_to_agent_id FROM distributed_tasks WHERE task_id = ANY (%s)", (tasks,)
    ).fetchall()
    found: dict[uuid.UUID, str | None] = dict(rows)
    return [found[task] for task in tasks]


def test_a_cancelled_task_takes_what_waits_for_it_along(service: Service, register: Register) -> None:
    register("e1")
    (root,) = enqueue(service, {})
    after, anyway = enqueue(service, {"depends_on": [root]}, {"depends_on": [root], "on_dependency_failure": "proceed"})
    held = claim(service, "e1")
    assert one(service, "SELECT cancel_tasks(%s, 'not needed')", [root]) == 1
    assert [status(service, task) for task in (root, after, anyway)] == ["cancelled", "cancelled", "ready"]
    assert one(service, "SELECT last_error FROM distributed_tasks WHERE task_id = %s", root) == "not needed"
    assert one(service, "SELECT outcome FROM task_attempts(%s)", root) == "cancelled"
    with refused("AE103"):
        complete(service, "e1", held)
    with refused("AE106", "cancelled"):
        service.execute("SELECT cancel_task(%s)", (root,))


def test_cancelling_all_or_none(service: Service) -> None:
    first, second = enqueue(service, {}, {})
    service.execute("SELECT cancel_task(%s)", (second,))
    with refused("AE106", str(second)):
        service.execute("SELECT cancel_tasks(%s)", ([first, second],))
    with refused("AE104"):
        service.execute("SELECT cancel_tasks(%s)", ([first, uuid.uuid4()],))
    with refused("AE001"):
        service.execute("SELECT cancel_tasks('{}')")
    assert status(service, first) == "ready"


def test_who_has_a_say_over_a_task(ecosystem: Ecosystem, service: Service, register: Register) -> None:
    register("worker")
    register("other")
    with ecosystem.session("agent") as boss, ecosystem.session("agent") as stranger:
        boss.execute("SELECT register_agent('boss', 'executor', '1.8.3')")
        stranger.execute("SELECT register_agent('stranger', 'executor', '1.8.3')")
        service.execute("INSERT INTO agent_hierarchy VALUES ('boss', 'worker', 'pg_notify', '{\"channel\": \"c\"}')")
        own = one(boss, "SELECT enqueue_task('x')")
        below = one(service, "SELECT enqueue_task('x', agent_id => 'worker')")
        of_service = one(service, "SELECT enqueue_task('x')")
        for task in (own, below, of_service):
            with refused("AE104", str(task)):
                stranger.execute("SELECT cancel_task(%s)", (task,))
            with refused("AE104"):
                stranger.execute("SELECT delegate_task(%s, 'stranger')", (task,))
        with refused("AE003"):
            stranger.execute("SELECT cancel_task(%s, agent_id => 'boss')", (own,))
        boss.execute("SELECT delegate_task(%s, 'other')", (below,))
        boss.execute("SELECT cancel_tasks(%s)", ([own, below],))
        with refused("AE104"):
            boss.execute("SELECT cancel_task(%s)", (of_service,))
    with ecosystem.session("agent") as nobody, refused("AE003", "no agent"):
        nobody.execute("SELECT cancel_task(%s)", (of_service,))


def test_a_held_task_is_passed_on(service: Service, register: Register) -> None:
    register("e1")
    register("e2")
    (task,) = enqueue(service, {"max_attempts": 1})
    held = claim(service, "e1")
    with refused("AE103", str(task)):
        service.execute("SELECT delegate_task(%s, 'e2', %s, 'e1')", (task, held[0][1] + 1))
    with refused("AE103"):
        service.execute("SELECT delegate_task(%s, 'e2')", (task,))
    service.execute("SELECT delegate_task(%s, 'e2', %s, 'e1')", (task, held[0][1]))
    with refused("AE103"):
        complete(service, "e1", held)
    assert claimed_ids(service, "e1") == []
    again = claim(service, "e2")
    assert again == [(task, held[0][1] + 1)]
    complete(service, "e2", again)
    assert service.execute("SELECT attempt, delegated_by_agent_id FROM distributed_tasks").fetchone() == (1, "e1")
    assert service.execute("SELECT agent_id, outcome FROM task_attempts(%s)", (task,)).fetchall() == [
        ("e1", "delegated"),
        ("e2", "succeeded"),
    ]


def test_delegations_that_are_refused(service: Service, register: Register) -> None:
    register("e1")
    register("indexer", "indexing", "1.7.1")
    register("gone")
    service.execute(
        "UPDATE agent_registry SET status = 'deregistered', deregistered_at = now() WHERE agent_id = 'gone'"
    )
    (task, open_task) = enqueue(
        service,
        {"required_agent_class": "executor", "agent_version_range": ">=1.9.0"},
        {"required_capabilities": ["ocr"]},
    )
    for target in ("indexer", "e1"):
        with refused("AE105", target, str(task)):
            service.execute("SELECT delegate_task(%s, %s)", (task, target))
    with refused("AE105"):
        service.execute("SELECT delegate_task(%s, 'e1')", (open_task,))
    for missing in ("gone", "nobody", None):
        with refused("AE002"):
            service.execute("SELECT delegate_task(%s, %s)", (task, missing))
    with refused("AE001"):
        service.execute("SELECT delegate_tasks(%s, 'e1', '{1,2}')", ([task],))
    service.execute("SELECT cancel_task(%s)", (task,))
    with refused("AE106"):
        service.execute("SELECT delegate_task(%s, 'e1')", (task,))


def test_a_blocked_task_that_is_passed_on_stays_blocked(service: Service, register: Register) -> None:
    register("e1")
    (root,) = enqueue(service, {})
    (task,) = enqueue(service, {"depends_on": [root]})
    service.execute("SELECT delegate_task(%s, 'e1')", (task,))
    assert status(service, task) == "blocked"


def test_round_robin_goes_on_where_it_stopped(service: Service, register: Register) -> None:
    for name in ("a", "b", "c"):
        register(name)
    register("other", "indexing", "1.7.1")
    turn = {"delegation_strategy": "round_robin", "required_agent_class": "executor"}
    assert assigned(service, enqueue(service, *[turn] * 4)) == ["a", "b", "c", "a"]
    assert assigned(service, enqueue(service, turn)) == ["b"]
    assert assigned(service, enqueue(service, turn, turn)) == ["c", "a"]
    service.execute("UPDATE agent_registry SET status = 'offline' WHERE agent_id = 'b'")
    assert assigned(service, enqueue(service, turn, turn)) == ["c", "a"]


def test_the_least_loaded_agent_gets_the_next_task(service: Service, register: Register) -> None:
    register("big", max_concurrent_tasks=4)
    register("small", max_concurrent_tasks=2)
    register("skilled", max_concurrent_tasks=1, capabilities=["ocr"])
    load = {"delegation_strategy": "least_loaded", "required_agent_class": "executor"}
    service.execute("UPDATE agent_registry SET status = 'draining' WHERE agent_id = 'skilled'")
    got = assigned(service, enqueue(service, *[load] * 6))
    assert (got.count("big"), got.count("small")) == (4, 2)
    claim(service, "small")
    assert assigned(service, enqueue(service, load)) == ["big"]
    service.execute("UPDATE agent_registry SET status = 'online'")
    picky = {**load, "required_capabilities": ["ocr"]}
    assert assigned(service, enqueue(service, picky, {}, picky)) == ["skilled", None, "skilled"]


def test_where_no_agent_fits_the_class_waits(service: Service, register: Register) -> None:
    wish = {"required_agent_class": "executor", "agent_version_range": "^2.0.0"}
    tasks = enqueue(
        service, {"delegation_strategy": "least_loaded", **wish}, {"delegation_strategy": "round_robin", **wish}
    )
    assert assigned(service, tasks) == [None, None]
    register("late", "executor", "2.1.0")
    assert set(claimed_ids(service, "late")) == set(tasks)


def test_a_broadcast_reaches_each_agent_once(service: Service, register: Register) -> None:
    for name in ("b", "a"):
        register(name)
    register("elsewhere", "indexing", "1.7.1")
    call = {"delegation_strategy": "broadcast", "required_agent_class": "executor", "idempotency_key": "k"}
    before, *copies, after = enqueue(service, {}, call, {})
    assert assigned(service, [before, *copies, after]) == [None, "a", "b", None]
    register("c")
    again = enqueue(service, call)
    assert again[:2] == copies
    assert assigned(service, again) == ["a", "b", "c"]
    assert set(claimed_ids(service, "a")) == {before, after, copies[0]}
    with refused("AE105", "task 2"):
        enqueue(service, {}, {"delegation_strategy": "broadcast", "required_agent_class": "research"})


def test_a_malformed_range_is_refused(service: Service, register: Register) -> None:
    register("e1")
    for strategy in ("capability", "round_robin"):
        with refused("AE001"):
            enqueue(service, {"agent_version_range": "newest", "delegation_strategy": strategy})


@pytest.mark.parametrize(
    ("state", "percentage", "gets_class_tasks"),
    [("running", 100, True), ("running", 0, False), ("paused", 0, False), ("rolled_back", 100, False)],
)
def test_an_agent_outside_the_ring_gets_its_own_tasks_only(
    service: Service, register: Register, state: str, percentage: int, gets_class_tasks: bool
) -> None:
    register("canary", "executor", "1.8.3")
    service.execute(
        """
        UPDATE agent_versions SET
            rollout_state = %s, rollout_percentage = %s, rollout_started_at = now(),
            rollout_finished_at = CASE %s WHEN 'rolled_back' THEN now() END
        WHERE agent_class = 'executor'
        """,
        (state, percentage, state),
    )
    shared, own = enqueue(
        service,
        {"required_agent_class": "executor"},
        {"delegation_strategy": "direct", "assigned_to_agent_id": "canary"},
    )
    assert set(claimed_ids(service, "canary")) == ({shared, own} if gets_class_tasks else {own})


def test_what_a_blocked_task_names_is_not_pruned(service: Service, register: Register) -> None:
    """Its task_id could come back, and the task would be released while it still waits for another."""
    register("e1")
    done, open_ = enqueue(service, {}, {"required_capabilities": ["none has it"]})
    (blocked,) = enqueue(service, {"depends_on": [done, open_]})
    complete(service, "e1", claim(service, "e1", 1))
    assert one(service, "SELECT prune_tasks('0 days', '0 days')") == 0
    assert one(service, "SELECT cancel_tasks(%s, 'not needed')", [blocked]) == 1
    assert one(service, "SELECT prune_tasks('0 days', '0 days')") == 2


def test_finished_tasks_are_pruned_when_their_time_is_over(service: Service, register: Register) -> None:
    register("e1")
    old_dead, old_done, new_done, waiting = enqueue(service, {"max_attempts": 1}, {}, {}, {})
    (blocked,) = enqueue(service, {"depends_on": [waiting]})
    held = dict(claim(service, "e1", 4))
    service.execute("SELECT fail_task('e1', %s, %s)", (old_dead, held[old_dead]))
    complete(service, "e1", [(task, held[task]) for task in (old_done, new_done)])
    service.execute("UPDATE distributed_tasks SET created_at = created_at - interval '40 days'")
    service.execute(
        "UPDATE distributed_tasks SET finished_at = now() - interval '31 days' WHERE task_id = ANY (%s)",
        ([old_dead, old_done],),
    )
    assert one(service, "SELECT prune_tasks()") == 1
    left = {row[0] for row in service.execute("SELECT task_id FROM distributed_tasks")}
    assert left == {old_dead, new_done, waiting, blocked}
    assert one(service, "SELECT prune_tasks('1 day', '30 days')") == 1
    assert one(service, "SELECT prune_tasks('0 days', '0 days', 10)") == 1
    for arguments in ("'-1 day'", "'90 days', '1 day'", "NULL", "max_tasks => 0", "max_tasks => NULL"):
        with refused("AE001"):
            service.execute(f"SELECT prune_tasks({arguments})")
