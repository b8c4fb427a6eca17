"""examples/swarm plays its run through: processes that claim, one that is killed, a version that is rolled out."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.schema.ecosystem.conftest import Ecosystem, refused

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[3]
TOPICS, TASKS, WORKERS = 4, 13, 7
LIMIT = 60
"""Seconds after which a run is given up; it takes about ten, most of them the starts of eight Pythons."""


def play(url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "examples.swarm", f"--topics={TOPICS}", "--seconds=0", f"--limit={LIMIT}"]
    return subprocess.run(
        [*command, *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=2 * LIMIT,
        check=False,
    )


@pytest.fixture
def observer(ecosystem: Ecosystem) -> Iterator[psycopg.Connection[TupleRow]]:
    with ecosystem.session("observer") as connection:
        yield connection


def test_every_task_is_done_exactly_once(
    ecosystem: Ecosystem, observer: psycopg.Connection[TupleRow], service: psycopg.Connection[TupleRow]
) -> None:
    _, url = ecosystem.login("service_role")
    run = play(url)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{TASKS} of {TASKS} tasks succeeded, {TASKS} completions in the log" in run.stdout
    assert f"{WORKERS} agents below the orchestrator" in run.stdout
    assert ecosystem.server.password not in run.stdout + run.stderr

    done = observer.execute(
        """
        SELECT task.status::text, count(log.log_id), count(DISTINCT log.from_agent_id), min(task.attempt)
        FROM distributed_tasks AS task
        LEFT JOIN agent_communication_logs AS log
            ON task.task_id = log.task_id AND log.message_type = 'task.completed'
        GROUP BY task.task_id
        """
    ).fetchall()
    assert len(done) == TASKS
    assert {row[:3] for row in done} == {("succeeded", 1, 1)}

    early = observer.execute(
        """
        SELECT task.task_type
        FROM distributed_tasks AS task
        CROSS JOIN LATERAL unnest(task.depends_on) AS need
        INNER JOIN distributed_tasks AS other ON need = other.task_id
        CROSS JOIN LATERAL task_attempts(task.task_id) AS attempt
        WHERE attempt.leased_at < other.finished_at
        """
    ).fetchall()
    assert early == []
    links = observer.execute("SELECT sum(cardinality(depends_on)) FROM distributed_tasks").fetchone()
    assert links == (2 * TOPICS + TOPICS // 2 + TOPICS // 2,)

    _killed_worker_lost_its_task(observer, service)
    _executors_upgraded_meanwhile(observer)


def _killed_worker_lost_its_task(observer: psycopg.Connection[TupleRow], service: psycopg.Connection[TupleRow]) -> None:
    lost = observer.execute(
        """
        SELECT task.task_id, attempt.agent_id, task.assigned_to_agent_id, task.payload ->> 'stall'
        FROM distributed_tasks AS task
        CROSS JOIN LATERAL task_attempts(task.task_id) AS attempt
        WHERE attempt.outcome = 'lease_expired' AND attempt.attempt = 1 AND (task.payload ->> 'stall')::boolean
        """
    ).fetchall()
    assert len(lost) == 1
    task_id, killed, successor, _ = lost[0]
    assert killed != successor
    service.execute(
        """
        SELECT register_agent(agent_id, agent_class, current_version) FROM agent_registry WHERE agent_id = %s
        """,
        (killed,),
    )
    with refused("AE103", str(task_id)):
        service.execute("SELECT complete_task(%s, %s, 1)", (killed, task_id))


def _executors_upgraded_meanwhile(observer: psycopg.Connection[TupleRow]) -> None:
    executors = observer.execute(
        """
        SELECT agent_id, current_version::text, version_history -> -1 ->> 'from', registration_count
        FROM agent_registry WHERE agent_class = 'executor'
        """
    ).fetchall()
    assert [row[1:] for row in executors] == [("1.9.0", "1.8.3", 2)] * 3
    rollout = observer.execute(
        """
        SELECT
            rollout_state::text,
            rollout_started_at > (SELECT min(finished_at) FROM distributed_tasks),
            rollout_finished_at < (SELECT max(finished_at) FROM distributed_tasks)
        FROM agent_versions WHERE agent_class = 'executor' AND version = '1.9.0'
        """
    ).fetchone()
    assert rollout is not None
    assert rollout[:2] == ("completed", True)
    needed = observer.execute(
        """
        SELECT DISTINCT log.payload ->> 'version'
        FROM agent_communication_logs AS log
        INNER JOIN distributed_tasks AS task ON log.task_id = task.task_id
        WHERE task.agent_version_range IS NOT NULL
        """
    ).fetchall()
    assert needed == [("1.9.0",)]


def test_a_run_that_cannot_go_on_says_why_and_leaves_nothing(
    ecosystem: Ecosystem, service: psycopg.Connection[TupleRow]
) -> None:
    service.execute("INSERT INTO agent_versions (agent_class, version) VALUES ('executor', '9.0.0')")
    service.execute("SELECT start_rollout('executor', '9.0.0', 'canary')")
    run = play(ecosystem.login("service_role")[1])
    assert run.returncode == 1
    assert "the rollout of executor 9.1.0 cannot start" in run.stdout
    assert "rollback_rollout()" in run.stdout
    left = service.execute(
        """
        SELECT
            (SELECT count(*) FROM agent_registry WHERE status <> 'deregistered'),
            (SELECT count(*) FROM distributed_tasks WHERE finished_at IS NULL)
        """
    ).fetchone()
    assert left == (0, 0)
