"""Any calls in any order: the queue does what the model in task_model.py says, and answers what it says."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any
from uuid import UUID, uuid5

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.full_run import FULL
from tests.schema.ecosystem.conftest import Ecosystem
from tests.schema.ecosystem.task_model import Lease, Refused, Task, TaskModel
from tests.schema.ecosystem.tasks import Service, as_batch, one

pytestmark = pytest.mark.server

RUNS = int(os.environ.get("TASK_MACHINE_RUNS", "1000" if FULL else "20"))
STEPS = 50
SEED = int(os.environ.get("TASK_MACHINE_SEED", "20261128"))

AGENTS = {"a": "executor", "b": "executor", "c": "indexing"}
NAMES = st.sampled_from(sorted(AGENTS))
CLASSES = st.sampled_from([None, None, None, "executor", "indexing"])
CALLS = (
    *("enqueue",) * 5,
    *("agent_works",) * 9,
    *("agent_changes",) * 3,
    *("time_passes",) * 3,
    *("someone_interferes",) * 2,
)
NAMESPACE = UUID(int=SEED)
Draw = st.DataObject


def moment(turn: int) -> str:
    """Return a moment long ago, later ones for later turns."""
    return f"2020-01-01T{turn // 60:02}:{turn % 60:02}:00Z"


STATE = """
    SELECT
        task_id, status::text, attempt, fencing_token, assigned_to_agent_id, delegation_strategy::text,
        CASE status WHEN 'blocked' THEN unmet_dependencies END,
        status <> 'ready' OR run_at <= clock_timestamp(), coalesce(lease_expires_at < clock_timestamp(), FALSE),
        jsonb_path_query_array(attempt_history, '$[*].outcome')
    FROM distributed_tasks
"""


class TaskMachine(RuleBasedStateMachine):
    """A database and its model, changed by the same calls and compared after each.

    There is one rule for all calls: hypothesis leaves rules out of a run at random, and without claims little happens.
    """

    def __init__(self, service: Service, transitions: set[tuple[str, str]]) -> None:
        super().__init__()
        self.service = service
        self.model = TaskModel()
        self.model.transitions = transitions
        self.serial = 0
        self.batches: list[tuple[list[Task], str | None]] = []
        service.execute("DELETE FROM distributed_tasks")
        service.execute("DELETE FROM agent_registry")
        for name in AGENTS:
            self.register(name)

    @contextmanager
    def as_modelled(self, modelled: Callable[[], Any]) -> Iterator[list[Any]]:
        """Let the model act, then the block; the block has to be refused where the model is."""
        try:
            answer, code = [modelled()], None
        except Refused as refusal:
            answer, code = [], refusal.code
        if code is None:
            yield answer
            return
        with pytest.raises(psycopg.Error) as caught:
            yield answer
        assert caught.value.sqlstate == code, caught.value

    # Agents

    def agent_changes(self, data: Draw) -> None:
        name = data.draw(NAMES)
        how = data.draw(st.sampled_from(["registers", "registers", "beats", "drains", "falls silent", "deregisters"]))
        agent = self.model.agents[name]
        if how == "registers":
            self.register(name)
        elif how == "beats":
            with self.as_modelled(lambda: self.model.heartbeat(name)):
                self.service.execute("SELECT heartbeat(%s)", (name,))
        elif how == "deregisters":
            with self.as_modelled(lambda: self.model.deregister(name)):
                self.service.execute("SELECT deregister_agent(%s)", (name,))
        elif how == "falls silent":
            self.mark_stale(name)
        elif agent.status == "online":
            # As its parent's going does.
            agent.status = "draining"
            self.service.execute("UPDATE agent_registry SET status = 'draining' WHERE agent_id = %s", (name,))

    def register(self, name: str) -> None:
        self.model.register(name, AGENTS[name])
        self.service.execute("SELECT register_agent(%s, %s, '1.8.3')", (name, AGENTS[name]))

    def mark_stale(self, silent: str) -> None:
        self.service.execute(
            "UPDATE agent_registry SET last_heartbeat_at = now() - interval '1 hour' * (agent_id = %s)::integer",
            (silent,),
        )
        stale = [silent] if self.model.agents[silent].status in ("online", "draining") else []
        self.model.mark_stale(stale)
        marked = self.service.execute("SELECT agent_id FROM mark_stale_agents()").fetchall()
        assert [name for (name,) in marked] == stale

    # Enqueuing

    @initialize(data=st.data())
    def begin(self, data: Draw) -> None:
        self.enqueue(data)

    @rule(data=st.data(), call=st.sampled_from(CALLS))
    def someone_calls(self, data: Draw, call: str) -> None:
        getattr(self, call)(data)

    def enqueue(self, data: Draw) -> None:
        """Send a batch; or once more, whatever happened since, one whose answer was lost: its tasks all have keys."""
        creator, again = data.draw(st.none() | NAMES), data.draw(st.booleans())
        repeatable = [sent for sent in self.batches if all(task.key for task in sent[0])]
        if again and repeatable:
            batch, creator = deepcopy(data.draw(st.sampled_from(repeatable)))
        else:
            batch = []
            for _ in range(data.draw(st.integers(1, 3))):
                batch.append(self.drawn(data, batch, creator))
            self.batches.append((deepcopy(batch), creator))
        with self.as_modelled(lambda: self.model.enqueue(batch)) as answer:
            assert [self.sent(batch, creator)] == answer
        for task in batch:
            if task.strategy == "least_loaded" and self.model.tasks.get(task.task_id) is task:
                self.note_choice(task)

    def drawn(self, data: Draw, earlier: list[Task], creator: str | None) -> Task:
        self.serial += 1
        known = sorted({*self.model.tasks, *(task.task_id for task in earlier)})
        waits = data.draw(st.booleans())
        most = 3 if known and waits else 0
        needs = st.frozensets(st.sampled_from(known or [NAMESPACE]), max_size=most)
        strategy = data.draw(st.sampled_from(["capability", "capability", "capability", "direct", "least_loaded"]))
        return Task(
            task_id=uuid5(NAMESPACE, str(self.serial)),
            turn=self.serial,
            priority=data.draw(st.integers(0, 2)),
            depends_on=data.draw(needs),
            proceeds=data.draw(st.booleans()),
            max_attempts=data.draw(st.integers(1, 3)),
            agent_class=data.draw(CLASSES),
            strategy=strategy,
            assigned=data.draw(NAMES) if strategy == "direct" else None,
            creator=creator,
            key=data.draw(st.none() | st.sampled_from("xyz")),
        )

    def sent(self, batch: list[Task], creator: str | None) -> list[tuple[UUID, bool]]:
        sent = [
            {
                "task_type": "noop",
                "task_id": task.task_id,
                "run_at": moment(task.turn),
                "priority": task.priority,
                "depends_on": sorted(task.depends_on),
                "on_dependency_failure": "proceed" if task.proceeds else "cancel",
                "max_attempts": task.max_attempts,
                "required_agent_class": task.agent_class,
                "delegation_strategy": task.strategy,
                "assigned_to_agent_id": task.assigned,
                "idempotency_key": task.key,
            }
            for task in batch
        ]
        return self.service.execute("SELECT * FROM enqueue_tasks(%s, %s)", (as_batch(sent), creator)).fetchall()

    def note_choice(self, task: Task) -> None:
        """Take over which agent was chosen: one that fits, or none if none does. Which of them, test_handling asks."""
        chosen = one(
            self.service, "SELECT assigned_to_agent_id FROM distributed_tasks WHERE task_id = %s", task.task_id
        )
        fitting = [
            name
            for name, agent in self.model.agents.items()
            if agent.status == "online" and task.agent_class in (None, agent.agent_class)
        ]
        assert chosen in fitting if fitting else chosen is None
        task.assigned = chosen

    # Working

    def agent_works(self, data: Draw) -> None:
        name, number = data.draw(NAMES), data.draw(st.integers(1, 3))
        calls = ["claim", "claim", "complete", "complete and claim", "fail", "give up", "renew"]
        call = data.draw(st.sampled_from(calls))
        if call == "claim" or not self.model.granted:
            self.claim(name, number)
            return
        leases = self.some_leases(data)
        if call == "complete":
            self.complete(leases)
        elif call == "complete and claim":
            self.complete_and_claim(leases, number)
        elif call == "renew":
            self.renew(leases)
        else:
            self.fail(leases, retry=call == "fail")

    def claim(self, name: str, number: int) -> None:
        with self.as_modelled(lambda: self.model.claim(name, number)) as answer:
            assert [self.leases("claim_tasks(%s, %s)", name, number)] == answer

    def leases(self, call: str, name: str, *more: Any) -> list[Lease]:
        rows = self.service.execute(f"SELECT task_id, fencing_token FROM {call}", (name, *more)).fetchall()
        return [(name, task_id, token) for task_id, token in rows]

    def complete(self, leases: list[Lease]) -> None:
        with self.as_modelled(lambda: self.model.complete(leases)):
            self.service.execute("SELECT complete_tasks(%s, %s, %s)", as_arguments(leases))

    def complete_and_claim(self, leases: list[Lease], number: int) -> None:
        call = "complete_and_claim(%s, %s, %s, max_tasks => %s)"
        with self.as_modelled(lambda: self.model.complete_and_claim(leases, number)) as answer:
            assert [self.leases(call, *as_arguments(leases), number)] == answer

    def fail(self, leases: list[Lease], *, retry: bool) -> None:
        with self.as_modelled(lambda: self.model.fail(leases, retry=retry)):
            self.service.execute("SELECT fail_tasks(%s, %s, %s, NULL, %s)", (*as_arguments(leases), retry))

    def renew(self, leases: list[Lease]) -> None:
        with self.as_modelled(lambda: self.model.renew(leases)) as answer:
            rows = self.service.execute("SELECT task_id FROM renew_leases(%s, %s, %s)", as_arguments(leases)).fetchall()
            assert [sorted(task for (task,) in rows)] == [sorted(renewed) for renewed in answer]

    def some_leases(self, data: Draw) -> list[Lease]:
        """Draw leases of one agent: live ones as a rule, now and then any that it ever had."""
        live = [lease for lease in self.model.granted if self.model.held([lease])]
        any_of_all = data.draw(st.integers(0, 3)) == 0
        among = self.model.granted if any_of_all or not live else live
        name = data.draw(st.sampled_from(among))[0]
        mine = [lease for lease in among if lease[0] == name]
        return data.draw(st.lists(st.sampled_from(mine), min_size=1, max_size=3, unique=True))

    def someone_interferes(self, data: Draw) -> None:
        if not self.model.tasks:
            return
        name, to = data.draw(st.none() | NAMES), data.draw(st.none() | NAMES)
        if to is None:
            self.cancel(data, name)
        else:
            self.delegate(data, to, name)

    def cancel(self, data: Draw, name: str | None) -> None:
        tasks = data.draw(st.lists(self.known(), min_size=1, max_size=2, unique=True))
        with self.as_modelled(lambda: self.model.cancel(tasks, name)):
            self.service.execute("SELECT cancel_tasks(%s, agent_id => %s)", (tasks, name))

    def delegate(self, data: Draw, to: str, name: str | None) -> None:
        task = data.draw(self.known())
        token = data.draw(st.sampled_from([None, self.model.tasks[task].token]))
        with self.as_modelled(lambda: self.model.delegate(task, to, token, name)):
            self.service.execute("SELECT delegate_task(%s, %s, %s, %s)", (task, to, token, name))

    def known(self) -> st.SearchStrategy[UUID]:
        return st.sampled_from(sorted(self.model.tasks))

    # Time

    def time_passes(self, data: Draw) -> None:
        what = data.draw(st.sampled_from(["a lease lapses", "pauses end", "leases are reclaimed", "tasks are pruned"]))
        if what == "a lease lapses":
            self.let_a_lease_lapse(data)
        elif what == "pauses end":
            self.let_pauses_end()
        elif what == "leases are reclaimed":
            assert one(self.service, "SELECT reclaim_expired()") == self.model.reclaim()
        else:
            assert one(self.service, "SELECT prune_tasks('0 s', '0 s')") == self.model.prune()

    def let_a_lease_lapse(self, data: Draw) -> None:
        if leased := sorted(task.task_id for task in self.model.waiting("leased")):
            task = data.draw(st.sampled_from(leased))
            self.model.tasks[task].lapsed = True
            self.service.execute(
                "UPDATE distributed_tasks SET lease_expires_at = now() - interval '1 hour' WHERE task_id = %s", (task,)
            )

    def let_pauses_end(self) -> None:
        for task in self.model.waiting("ready"):
            if not task.due:
                self.serial += 1
                task.due, task.turn = True, self.serial
                self.service.execute(
                    "UPDATE distributed_tasks SET run_at = %s WHERE task_id = %s", (moment(task.turn), task.task_id)
                )

    # What has to be true after each

    @invariant()
    def the_database_is_as_the_model(self) -> None:
        modelled = {
            task.task_id: (
                task.status,
                task.attempt,
                task.token,
                task.assigned,
                task.strategy,
                self.model.unmet(task) if task.status == "blocked" else None,
                task.due if task.status == "ready" else True,
                task.lapsed if task.status == "leased" else False,
                task.outcomes,
            )
            for task in self.model.tasks.values()
        }
        assert {row[0]: row[1:] for row in self.service.execute(STATE)} == modelled
        agents = {name: agent.status for name, agent in self.model.agents.items()}
        assert dict(self.service.execute("SELECT agent_id, status::text FROM agent_registry").fetchall()) == agents


def as_arguments(leases: list[Lease]) -> tuple[str, list[UUID], list[int]]:
    return leases[0][0], [task for _, task, _ in leases], [token for _, _, token in leases]


def documented(service: Service, enumeration: str) -> set[tuple[str, str]]:
    """Read the transitions out of an enumeration's comment, which the reference draws as a diagram."""
    comment = str(one(service, "SELECT obj_description(%s::regtype, 'pg_type')", enumeration))
    return set(re.findall(r"(\w+) -> (\w+):", comment))


def test_the_queue_does_what_the_model_says(ecosystem: Ecosystem) -> None:
    transitions: set[tuple[str, str]] = set()
    with ecosystem.session("service_role") as service:
        run_state_machine_as_test(
            seed(SEED)(lambda: TaskMachine(service, transitions)),  # type: ignore[arg-type] # it takes functions too
            settings=settings(
                max_examples=RUNS,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                print_blob=True,
                phases=[Phase.generate],  # shrinking takes minutes: add Phase.shrink by hand, with the seed
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            ),
        )
        known = documented(service, "task_status")
        assert transitions == known if FULL else transitions <= known
