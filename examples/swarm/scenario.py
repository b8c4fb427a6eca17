"""What happens in a run: agents start, one is killed at work, a new version is rolled out, every task is done."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

import psycopg
from psycopg.rows import DictRow

from examples.swarm import narration
from examples.swarm.processes import Processes
from examples.swarm.session import Identity, Session, connect

CLASSES = {"research": 2, "indexing": 2, "executor": 3}
"""How many workers of each class there are."""
ORCHESTRATOR_VERSION = "2.1.0"
OPEN = ("blocked", "ready", "leased")


class SwarmError(Exception):
    """The run did not come to its end; the message says what was left."""


@dataclass
class Run:
    """A run as it stands: what a screen shows of it, and a test asks."""

    name: str
    correlation_id: str
    old_version: str
    new_version: str
    tasks: list[DictRow] = field(default_factory=list)
    agents: list[DictRow] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    killed: str | None = None
    led: int = 0
    rollout: str = "not_started"
    started: float = field(default_factory=time.monotonic)

    def note(self, event: str) -> None:
        """Add to `events`, with the seconds since the run began."""
        self.events.append(f"{time.monotonic() - self.started:5.1f} s  {event}")

    @property
    def finished(self) -> bool:
        """Whether no task is open any more, and every executor runs the new version."""
        executors = [agent for agent in self.agents if agent["agent_class"] == "executor"]
        upgraded = all(agent["current_version"] == self.new_version for agent in executors)
        return bool(self.tasks) and not _open_tasks(self) and self.rollout == "completed" and upgraded


def _open_tasks(run: Run) -> list[DictRow]:
    return [task for task in run.tasks if task["status"] in OPEN]


def play(topics: int, seconds: float, limit: float, show: Callable[[Run], None]) -> Run:
    """Play a run through on the database of the environment; return how it ended.

    Args:
        topics: how large the graph of tasks is.
        seconds: how long each piece of work is to take.
        limit: seconds after which the run is given up.
        show: called a few times a second with the run as it stands.

    Raises:
        SwarmError: time was up, or an agent's process ended that was not killed.
        psycopg.Error: the database refuses; AE402: another rollout of executors is under way.
    """
    give_up = time.monotonic() + limit
    with connect() as session:
        run = _begin(session)
        try:
            with Processes() as processes:
                _start(processes, run, topics, seconds)
                session.execute("LISTEN distributed_tasks")
                while not run.finished:
                    _look(session, run)
                    _kill_who_stalls(processes, run)
                    _roll_out(session, run)
                    show(run)
                    _check(processes, run, give_up)
                    list(session.notifies(timeout=0.2, stop_after=1))
        finally:
            _clear_up(session, run)
        _look(session, run)
        show(run)
    return run


def _begin(session: Session) -> Run:
    """Release the version that the executors will upgrade to, one above all there are."""
    row = session.execute(
        """
        SELECT
            (
                SELECT known.version FROM agent_versions AS known
                WHERE known.agent_class = 'executor' AND known.withdrawn_at IS NULL
                    AND known.release_type = 'stable' AND known.rollout_state IN ('not_started', 'completed')
                ORDER BY known.version_key DESC
                LIMIT 1
            ) AS old_version,
            (
                SELECT format('%s.%s.0', known.version_major, known.version_minor + 1) FROM agent_versions AS known
                WHERE known.agent_class = 'executor'
                ORDER BY known.version_key DESC
                LIMIT 1
            ) AS new_version
        """
    ).fetchone()
    if row is None or row["old_version"] is None:
        raise SwarmError("agent_versions has no release of executors to begin with: apply sql/seeds, as `make up` does")
    correlation_id = str(uuid4())
    run = Run(correlation_id[:8], correlation_id, row["old_version"], row["new_version"])
    session.execute(
        "INSERT INTO agent_versions (agent_class, version, description) VALUES ('executor', %s, %s)",
        (run.new_version, f"Released by run {run.name} of examples/swarm"),
    )
    return run


def _start(processes: Processes, run: Run, topics: int, seconds: float) -> None:
    leader = f"swarm-{run.name}/orchestrator"
    orchestrator = Identity(leader, "orchestrator", ORCHESTRATOR_VERSION, run.correlation_id, leader, seconds)
    processes.start(
        "orchestrator", orchestrator, workers=sum(CLASSES.values()), topics=topics, new_version=run.new_version
    )
    versions = {"executor": run.old_version, "indexing": "1.7.1", "research": "1.9.0"}
    for agent_class, number in CLASSES.items():
        for nth in range(1, number + 1):
            agent_id = f"swarm-{run.name}/{agent_class}-{nth}"
            version = versions[agent_class]
            processes.start("worker", Identity(agent_id, agent_class, version, run.correlation_id, leader, seconds))
    run.note(f"{1 + sum(CLASSES.values())} agents started, executors at version {run.old_version}")


def _look(session: Session, run: Run) -> None:
    tasks = session.execute(
        "SELECT * FROM distributed_tasks WHERE correlation_id = %s ORDER BY created_at, task_id",
        (run.correlation_id,),
    ).fetchall()
    agents = session.execute(
        """
        SELECT agent_registry.*, agent_hierarchy.parent_agent_id
        FROM agent_registry
        LEFT JOIN agent_hierarchy ON agent_registry.agent_id = agent_hierarchy.child_agent_id
        WHERE agent_registry.agent_id LIKE %s
        ORDER BY agent_registry.agent_type, agent_registry.agent_class, agent_registry.agent_id
        """,
        (f"swarm-{run.name}/%",),
    ).fetchall()
    for event in (*narration.of_tasks(run.tasks, tasks), *narration.of_agents(run.agents, agents)):
        run.note(event)
    led = sum(agent["parent_agent_id"] is not None for agent in agents)
    if led > run.led:
        run.led = led
        run.note(f"{led} agents below the orchestrator")
    run.tasks, run.agents = tasks, agents


def _kill_who_stalls(processes: Processes, run: Run) -> None:
    for task in run.tasks:
        if run.killed is None and task["status"] == "leased" and (task["progress"] or {}).get("stalled"):
            run.killed = task["assigned_to_agent_id"]
            processes.kill(run.killed)
            run.note(f"kill -9 {run.killed.partition('/')[2]}, in the midst of a {task['task_type']} task")


def _roll_out(session: Session, run: Run) -> None:
    """Start the rollout once a third of the tasks is done; go a step further when all that were told have upgraded."""
    done = sum(task["status"] == "succeeded" for task in run.tasks)
    if run.rollout == "not_started" and run.tasks and 3 * done >= len(run.tasks):
        start = "SELECT * FROM start_rollout('executor', %s, 'rolling', '{50,100}')"
        _note_rollout(session, run, start, run.new_version)
    elif run.rollout == "running":
        told = [agent for agent in run.agents if agent["desired_version"] == run.new_version]
        if all(agent["current_version"] == run.new_version for agent in told):
            _note_rollout(session, run, "SELECT * FROM advance_rollout(%s)", "executor")


def _note_rollout(session: Session, run: Run, statement: str, argument: str) -> None:
    row = session.execute(statement.encode(), (argument,)).fetchone()
    if row:
        run.rollout = row["rollout_state"]
        run.note(
            f"rollout of executor {run.new_version}: {row['rollout_percentage']:g} %, {row['agents_told']} agents told"
        )


def _check(processes: Processes, run: Run, give_up: float) -> None:
    lost = [agent_id for agent_id in processes.ended() if agent_id != run.killed]
    if lost:
        raise SwarmError(f"the process of {', '.join(lost)} ended; what it said is above")
    if time.monotonic() > give_up:
        left = [f"{task['task_type']} {task['task_id']} is {task['status']}" for task in _open_tasks(run)]
        raise SwarmError(
            f"time is up. Left: {'; '.join(left) or f'rollout {run.rollout}, {len(run.tasks)} tasks done'}"
        )


def _clear_up(session: Session, run: Run) -> None:
    """Leave nothing that goes on: no rollout, no task that may be claimed, no agent that seems to live."""
    if run.rollout == "running":
        session.execute("SELECT rollback_rollout('executor', %s)", (f"run {run.name} of examples/swarm ended early",))
    _look(session, run)
    left = [task["task_id"] for task in _open_tasks(run)]
    if left:
        session.execute("SELECT cancel_tasks(%s)", (left,))
    for agent in session.execute(
        "SELECT agent_id FROM agent_registry WHERE agent_id LIKE %s AND status <> 'deregistered'",
        (f"swarm-{run.name}/%",),
    ).fetchall():
        with suppress(psycopg.DatabaseError):  # it left just now
            session.execute("SELECT deregister_agent(%s)", (agent["agent_id"],))
