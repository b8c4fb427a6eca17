"""What the queue should do, said once more in plain Python: the model that test_task_machine.py holds the SQL against.

Time does not pass in it. A task is due or not, a lease has lapsed or not; the machine says when that changes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

FINISHED = ("succeeded", "dead_letter", "cancelled")
Lease = tuple[str, UUID, int]
"""An agent, a task, and the fencing token under which it got it."""


class Refused(Exception):  # noqa: N818 - the field's word for it
    """The call changes nothing and raises this SQLSTATE."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Agent:
    agent_class: str
    status: str = "online"


@dataclass
class Task:
    """One row of distributed_tasks, as far as it decides anything. `turn` orders tasks of one priority."""

    task_id: UUID
    turn: int
    priority: int = 0
    due: bool = True
    depends_on: frozenset[UUID] = frozenset()
    proceeds: bool = False
    max_attempts: int = 5
    agent_class: str | None = None
    strategy: str = "capability"
    assigned: str | None = None
    creator: str | None = None
    key: str | None = None
    status: str = "ready"
    attempt: int = 0
    token: int = 0
    lapsed: bool = False
    outcomes: list[str] = field(default_factory=list)

    @property
    def queue(self) -> str:
        return f"@{self.assigned}" if self.assigned else self.agent_class or "*"

    @property
    def order(self) -> tuple[int, int, UUID]:
        return -self.priority, self.turn, self.task_id


class TaskModel:
    """Agents and tasks, every change of a task's status, and every lease there ever was."""

    def __init__(self) -> None:
        self.agents: dict[str, Agent] = {}
        self.tasks: dict[UUID, Task] = {}
        self.transitions: set[tuple[str, str]] = set()
        self.granted: list[Lease] = []

    def waiting(self, status: str) -> list[Task]:
        return [task for task in self.tasks.values() if task.status == status]

    def unmet(self, task: Task) -> int:
        return sum(1 for need in task.depends_on if need in self.tasks and self.tasks[need].status not in FINISHED)

    # Agents

    def register(self, agent_id: str, agent_class: str) -> None:
        self.agents[agent_id] = Agent(agent_class)

    def heartbeat(self, agent_id: str) -> None:
        if self._present(agent_id).status == "offline":
            self.agents[agent_id].status = "online"

    def mark_stale(self, silent: Iterable[str]) -> None:
        for agent_id in silent:
            self.agents[agent_id].status = "offline"
        for agent_id, agent in self.agents.items():
            if agent.status in ("offline", "deregistered"):
                self._take_back(agent_id)

    def deregister(self, agent_id: str) -> None:
        self._present(agent_id).status = "deregistered"
        self._take_back(agent_id)

    def _present(self, agent_id: str) -> Agent:
        if self.agents[agent_id].status == "deregistered":
            raise Refused("AE004")
        return self.agents[agent_id]

    def _take_back(self, agent_id: str) -> None:
        state = self.agents[agent_id].status
        held = [task for task in self.waiting("leased") if task.assigned == agent_id]
        self._return(held, f"agent_{state}")
        for task in [task for task in self.waiting("ready") if task.assigned == agent_id]:
            if task.strategy == "least_loaded":
                task.assigned = None
            elif state == "deregistered":
                self._finish(task, "dead_letter")

    # Tasks

    def enqueue(self, batch: Sequence[Task]) -> list[tuple[UUID, bool]]:
        """Return the identity of each, and whether it is new."""
        for task in batch:
            self._check_agents(task)
        known = {(task.creator, task.key): task for task in self.tasks.values() if task.key}
        for task in batch:
            if (task.creator, task.key) not in known:
                self._check_needs(task, {other.task_id for other in batch})
        made: dict[UUID, Task] = {}
        answers: list[tuple[UUID, bool]] = []
        for task in batch:
            first = known.get((task.creator, task.key)) if task.key else None
            if first is None:
                made[task.task_id] = task
                if task.key:
                    known[task.creator, task.key] = task
            answers.append((first.task_id, False) if first else (task.task_id, True))
        if any(need not in self.tasks and need not in made for task in made.values() for need in task.depends_on):
            raise Refused("AE101")
        self.tasks |= made
        for task in made.values():
            task.status = "blocked" if self.unmet(task) else "ready"
        return answers

    def _check_agents(self, task: Task) -> None:
        if task.creator:
            self._present(task.creator)
        if task.strategy == "direct" and self.agents[str(task.assigned)].status == "deregistered":
            raise Refused("AE001")

    def _check_needs(self, task: Task, batch: set[UUID]) -> None:
        if task.depends_on - batch - self.tasks.keys():
            raise Refused("AE101")
        needs = [self.tasks[need] for need in task.depends_on if need in self.tasks]
        if not task.proceeds and any(need.status in ("dead_letter", "cancelled") for need in needs):
            raise Refused("AE101")

    def claim(self, agent_id: str, number: int) -> list[Lease]:
        """Return the leases in the order in which the agent gets them."""
        agent = self._present(agent_id)
        if agent.status != "online":
            raise Refused("AE004")
        got: list[Lease] = []
        while True:
            got += self._lease(agent_id, agent.agent_class, number - len(got))
            if len(got) == number or self.reclaim() == 0:
                self.granted += got
                return got

    def _lease(self, agent_id: str, agent_class: str, number: int) -> Iterator[Lease]:
        fitting = [
            task
            for task in self.waiting("ready")
            if task.due and task.queue in (f"@{agent_id}", agent_class, "*") and task.agent_class in (None, agent_class)
        ]
        for task in sorted(fitting, key=lambda task: task.order)[:number]:
            self._move(task, "leased")
            task.assigned, task.lapsed = agent_id, False
            task.attempt += 1
            task.token += 1
            yield agent_id, task.task_id, task.token

    def held(self, leases: Sequence[Lease]) -> list[Task]:
        """Return the tasks that are still held under these leases."""
        return [self.tasks[lease[1]] for lease in leases if self._holds(*lease)]

    def _holds(self, agent_id: str, task_id: UUID, token: int) -> bool:
        task = self.tasks.get(task_id)
        return task is not None and (task.status, task.assigned, task.token) == ("leased", agent_id, token)

    def _all_held(self, leases: Sequence[Lease]) -> list[Task]:
        self._present(leases[0][0])
        tasks = self.held(leases)
        if len(tasks) < len(leases):
            raise Refused("AE103")
        return tasks

    def complete(self, leases: Sequence[Lease]) -> None:
        tasks = self._all_held(leases)
        for task in tasks:
            self._move(task, "succeeded")
        self._settle({task.task_id for task in tasks}, succeeded=True)

    def complete_and_claim(self, leases: Sequence[Lease], number: int) -> list[Lease]:
        self._all_held(leases)
        if self.agents[leases[0][0]].status != "online":
            raise Refused("AE004")
        self.complete(leases)
        return self.claim(leases[0][0], number)

    def fail(self, leases: Sequence[Lease], *, retry: bool) -> None:
        dead = []
        for task in self._all_held(leases):
            task.outcomes.append("failed")
            if retry and task.attempt < task.max_attempts:
                self._make_ready(task)
                task.due = False
            else:
                dead.append(task)
        for task in dead:
            self._finish(task, "dead_letter")

    def renew(self, leases: Sequence[Lease]) -> list[UUID]:
        self._present(leases[0][0])
        tasks = self.held(leases)
        for task in tasks:
            task.lapsed = False
        return [task.task_id for task in tasks]

    def cancel(self, task_ids: Sequence[UUID], agent_id: str | None) -> None:
        for task in self._changeable(task_ids, agent_id):
            if task.status == "leased":
                task.outcomes.append("cancelled")
            if task.status not in FINISHED:
                self._move(task, "cancelled")
        self._settle(set(task_ids), succeeded=False)

    def delegate(self, task_id: UUID, to: str, token: int | None, agent_id: str | None) -> None:
        (task,) = self._changeable([task_id], agent_id)
        target = self.agents[to]
        if target.status == "deregistered":
            raise Refused("AE002")
        if task.agent_class not in (None, target.agent_class):
            raise Refused("AE105")
        if task.status == "leased":
            if (task.assigned, task.token) != (agent_id, token):
                raise Refused("AE103")
            task.outcomes.append("delegated")
            task.attempt -= 1
            self._move(task, "ready")
        task.strategy, task.assigned = "direct", to

    def reclaim(self) -> int:
        """Take back what has lapsed; return how many are ready again."""
        lapsed = [task for task in self.waiting("leased") if task.lapsed]
        return self._return(lapsed, "lease_expired")

    def prune(self) -> int:
        """Delete what is finished, unless something blocked names it; return how many went."""
        named = {need for task in self.waiting("blocked") for need in task.depends_on}
        finished = [
            task.task_id for task in self.tasks.values() if task.status in FINISHED and task.task_id not in named
        ]
        for task_id in finished:
            del self.tasks[task_id]
        return len(finished)

    def _changeable(self, task_ids: Sequence[UUID], agent_id: str | None) -> list[Task]:
        if agent_id is not None:
            self._present(agent_id)
        tasks = [self.tasks[task_id] for task_id in task_ids]
        if agent_id is not None and any(agent_id not in (task.creator, task.assigned) for task in tasks):
            raise Refused("AE104")
        if any(task.status in FINISHED for task in tasks):
            raise Refused("AE106")
        return tasks

    def _return(self, tasks: list[Task], outcome: str) -> int:
        dead = []
        for task in tasks:
            task.outcomes.append(outcome)
            if task.attempt < task.max_attempts:
                self._make_ready(task)
            else:
                dead.append(task)
        for task in dead:
            self._finish(task, "dead_letter")
        return len(tasks) - len(dead)

    def _make_ready(self, task: Task) -> None:
        self._move(task, "ready")
        if task.strategy != "direct":
            task.assigned = None

    def _finish(self, task: Task, status: str) -> None:
        self._move(task, status)
        self._settle({task.task_id}, succeeded=status == "succeeded")

    def _settle(self, ended: set[UUID], *, succeeded: bool) -> None:
        """Do to what waits for these what it wants."""
        for task in [task for task in self.waiting("blocked") if task.depends_on & ended]:
            if task.status != "blocked":
                continue  # it was reached another way meanwhile
            if not succeeded and not task.proceeds:
                self._finish(task, "cancelled")
            elif self.unmet(task) == 0:
                self._move(task, "ready")
                if task.assigned and self.agents[task.assigned].status in ("offline", "deregistered"):
                    self._take_back(task.assigned)

    def _move(self, task: Task, status: str) -> None:
        self.transitions.add((task.status, status))
        task.status = status
