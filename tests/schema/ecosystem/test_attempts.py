"""renew_lease(s), fail_task(s), complete_and_claim, task_attempts: attempts that do not just succeed."""

import uuid
from typing import Any

import pytest

from tests.schema.ecosystem.conftest import Ecosystem, Register, connect, refused
from tests.schema.ecosystem.tasks import Service, claim, claimed_ids, enqueue, expire_leases, one, status

pytestmark = pytest.mark.server

Held = list[tuple[uuid.UUID, int]]


def call(service: Service, function: str, agent_id: str, held: Held, *more: Any) -> list[tuple[Any, ...]]:
    places = ", %s" * len(more)
    return service.execute(
        f"SELECT * FROM {function}(%s, %s, %s{places})",
        (agent_id, [task for task, _ in held], [token for _, token in held], *more),
    ).fetchall()


def test_a_renewed_lease_lasts_longer_and_keeps_progress(service: Service, register: Register) -> None:
    register("e1")
    enqueue(service, {})
    ((task, token),) = claim(service, "e1", lease="1 minute")
    until = one(service, "SELECT renew_lease('e1', %s, %s, '1 hour', '{\"done\": 3}')", task, token)
    assert one(service, "SELECT lease_expires_at FROM distributed_tasks") == until
    assert one(service, "SELECT lease_expires_at > now() + interval '50 minutes' FROM distributed_tasks")
    one(service, "SELECT renew_lease('e1', %s, %s)", task, token)
    assert one(service, "SELECT progress FROM distributed_tasks") == {"done": 3}
    expire_leases(service)
    one(service, "SELECT renew_lease('e1', %s, %s)", task, token)
    assert claimed_ids(service, "e1") == []


def test_renewing_tells_what_is_lost(service: Service, register: Register) -> None:
    register("e1")
    mine, lost = enqueue(service, {}, {})
    held = claim(service, "e1")
    service.execute("SELECT cancel_task(%s)", (lost,))
    assert [row[0] for row in call(service, "renew_leases", "e1", held)] == [mine]
    token = dict(held)[lost]
    with refused("AE103", str(lost)):
        service.execute("SELECT renew_lease('e1', %s, %s)", (lost, token))


def test_renewals_that_are_refused(service: Service, register: Register) -> None:
    register("e1")
    task = uuid.uuid4()
    for arguments in (
        "'{}', '{}'",
        f"'{{{task}}}', '{{}}'",
        f"'{{{task}}}', '{{1}}', '0 s'",
        f"'{{{task}}}', '{{1}}', NULL",
    ):
        with refused("AE001"):
            service.execute(f"SELECT renew_leases('e1', {arguments})")
    with refused("AE001", "2 progress"):
        service.execute("SELECT renew_leases('e1', %s, '{1}', progress => '{null,null}')", ([task],))
    with refused("AE002"):
        service.execute("SELECT renew_lease('nobody', %s, 1)", (task,))


def test_a_failed_task_waits_longer_each_time(service: Service, register: Register) -> None:
    register("e1")
    (task,) = enqueue(service, {"retry_backoff": "10 seconds", "max_attempts": 4})
    for most in (10, 20, 40):
        held = claim(service, "e1")
        assert call(service, "fail_tasks", "e1", held, ["no luck"])[0][1] == "ready"
        pause = one(service, "SELECT extract(EPOCH FROM run_at - clock_timestamp()) FROM distributed_tasks")
        assert most / 2 - 5 < pause <= most
        assert claimed_ids(service, "e1") == []
        service.execute("UPDATE distributed_tasks SET run_at = now()")
    held = claim(service, "e1")
    assert one(service, "SELECT fail_task('e1', %s, %s, 'never')", *held[0]) == "dead_letter"
    assert service.execute(
        "SELECT attempt, agent_id, outcome, error, ended_at >= leased_at FROM task_attempts(%s)", (task,)
    ).fetchall() == [
        (1, "e1", "failed", "no luck", True),
        (2, "e1", "failed", "no luck", True),
        (3, "e1", "failed", "no luck", True),
        (4, "e1", "failed", "never", True),
    ]
    assert one(service, "SELECT last_error FROM distributed_tasks") == "never"


def test_a_pause_is_a_day_at_most_and_never_the_same(service: Service, register: Register) -> None:
    register("e1")
    enqueue(service, *[{"retry_backoff": "100 years", "max_attempts": 40}] * 20)
    service.execute("UPDATE distributed_tasks SET attempt = 35")
    call(service, "fail_tasks", "e1", claim(service, "e1", 20))
    pauses = {
        float(row[0])
        for row in service.execute("SELECT extract(EPOCH FROM run_at - clock_timestamp()) FROM distributed_tasks")
    }
    assert all(86400 / 2 - 60 < pause <= 86400 for pause in pauses)
    assert max(pauses) - min(pauses) > 600


def test_a_failure_that_is_not_to_be_tried_again(service: Service, register: Register) -> None:
    register("e1")
    (task,) = enqueue(service, {})
    ((_, token),) = claim(service, "e1")
    assert one(service, "SELECT fail_task('e1', %s, %s, retry => false)", task, token) == "dead_letter"
    assert one(service, "SELECT last_error FROM distributed_tasks") == "failed"


def test_failures_that_are_refused(service: Service, register: Register) -> None:
    register("e1")
    good, bad = enqueue(service, {}, {})
    held = claim(service, "e1")
    with refused("AE103", str(bad)):
        call(service, "fail_tasks", "e1", [(task, token + (task == bad)) for task, token in held])
    assert status(service, good) == "leased"
    with refused("AE103", "twice"):
        call(service, "fail_tasks", "e1", [held[0], held[0]])
    with refused("AE001", "1 errors"):
        call(service, "fail_tasks", "e1", held, ["one"])
    with refused("AE002"):
        call(service, "fail_tasks", "nobody", held)


def test_what_waits_for_a_dead_letter(service: Service, register: Register) -> None:
    """Cancelled through two levels, released where the policy says so, at whatever distance."""
    register("e1")
    (root,) = enqueue(service, {"priority": 9, "max_attempts": 1})
    (child, brave) = enqueue(
        service, {"depends_on": [root]}, {"depends_on": [root], "on_dependency_failure": "proceed"}
    )
    (grandchild, late) = enqueue(
        service,
        {"depends_on": [child, root]},
        {"depends_on": [child, brave], "on_dependency_failure": "proceed"},
    )
    held = claim(service, "e1", 1)
    call(service, "fail_tasks", "e1", held, ["broken"])
    assert [status(service, task) for task in (root, child, brave, grandchild, late)] == [
        "dead_letter",
        "cancelled",
        "ready",
        "cancelled",
        "blocked",
    ]
    assert str(root) in one(service, "SELECT last_error FROM distributed_tasks WHERE task_id = %s", child)
    service.execute("SELECT complete_tasks('e1', %s, %s)", tuple(map(list, zip(*claim(service, "e1"), strict=True))))
    assert status(service, late) == "ready"


def test_a_lease_that_runs_out_for_the_last_time_cancels_what_waits(service: Service, register: Register) -> None:
    register("e1")
    (root,) = enqueue(service, {"max_attempts": 1})
    (child,) = enqueue(service, {"depends_on": [root]})
    claim(service, "e1")
    expire_leases(service)
    assert service.execute("SELECT reclaim_expired()").fetchone() == (0,)
    assert (status(service, root), status(service, child)) == ("dead_letter", "cancelled")


def test_complete_and_claim_is_a_workers_loop(service: Service, register: Register) -> None:
    register("e1")
    enqueue(service, *[{}] * 5)
    seen: list[uuid.UUID] = []
    held: Held = []
    while True:
        rows = call(service, "complete_and_claim", "e1", held, None, 2)
        held = [(row[0], row[1]) for row in rows]
        if not held:
            break
        seen += [task for task, _ in held]
    assert len(set(seen)) == len(seen) == 5
    assert one(service, "SELECT count(*) FROM distributed_tasks WHERE status = 'succeeded'") == 5


def test_complete_and_claim_does_both_or_neither(service: Service, register: Register) -> None:
    register("e1")
    enqueue(service, {}, {})
    ((task, token),) = claim(service, "e1", 1)
    with refused("AE103"):
        call(service, "complete_and_claim", "e1", [(task, token + 1)])
    service.execute("UPDATE agent_registry SET status = 'draining'")
    with refused("AE004"):
        call(service, "complete_and_claim", "e1", [(task, token)])
    assert status(service, task) == "leased"


def test_idle_workers_are_woken(ecosystem: Ecosystem, service: Service, register: Register) -> None:
    """One message a queue and transaction; none for what cannot be claimed yet."""
    register("e1")
    with connect(ecosystem.login("agent")[1], autocommit=True) as worker:
        worker.execute("LISTEN distributed_tasks")

        def woken() -> list[str]:
            worker.execute("SELECT 1")
            return sorted(notice.payload for notice in worker.notifies(timeout=0))

        first, *_ = enqueue(
            service,
            {"required_agent_class": "executor"},
            {"required_agent_class": "executor"},
            {"delegation_strategy": "direct", "assigned_to_agent_id": "e1"},
        )
        assert woken() == ["@e1", "executor"]
        enqueue(service, {"run_at": "2999-01-01T00:00:00Z"}, {"depends_on": [first]})
        assert woken() == []
        held = dict(claim(service, "e1"))
        service.execute("SELECT complete_task('e1', %s, %s)", (first, held[first]))
        assert woken() == ["*"]
        expire_leases(service)
        service.execute("SELECT reclaim_expired()")
        assert woken() == ["@e1", "executor"]
