"""The agents of examples/ do what they say: one runs here, of the one over Supabase's API every call is checked."""

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.schema.ecosystem.conftest import Ecosystem
from tests.schema.ecosystem.tasks import Service, enqueue, one

pytestmark = pytest.mark.server

EXAMPLES = Path(__file__).parents[3] / "examples"
PATIENCE = 20
"""Seconds after which what should have happened has not."""


@contextmanager
def agent(url: str, agent_id: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, EXAMPLES / "agent.py", agent_id],
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline()


@pytest.mark.timeout(3 * PATIENCE)
def test_the_agent_works_and_leaves(ecosystem: Ecosystem, service: Service) -> None:
    good, bad = enqueue(
        service,
        {"task_type": "count", "payload": {"steps": 2}, "priority": 1},
        {"task_type": "count", "payload": {"steps": "many"}, "max_attempts": 1},
    )
    name, url = ecosystem.login("agent")
    with agent(url, "executor-1") as process:
        assert said(process) == f"count {good}: done\n"
        assert said(process).startswith(f"count {bad}: failed, now dead_letter: invalid literal")
        (late,) = enqueue(service, {"task_type": "count"})
        assert said(process) == f"count {late}: done\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert service.execute("SELECT result, progress FROM distributed_tasks WHERE task_id = %s", (good,)).fetchone() == (
        {"steps": 2},
        {"step": 2, "of": 2},
    )
    assert service.execute("SELECT status::text, login_role FROM agent_registry").fetchone() == ("deregistered", name)


@pytest.mark.timeout(3 * PATIENCE)
def test_the_agent_drops_what_it_has_lost(ecosystem: Ecosystem, service: Service) -> None:
    """A trigger of the test takes the task away once the agent has begun to work on it."""
    with ecosystem.owner() as owner:
        owner.execute(
            """
            CREATE FUNCTION take_away() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                new.fencing_token := new.fencing_token + 1;
                RETURN new;
            END
            $$
            """
        )
        owner.execute(
            """
            CREATE TRIGGER take_away BEFORE UPDATE ON distributed_tasks
            FOR EACH ROW WHEN (new.progress IS DISTINCT FROM old.progress) EXECUTE FUNCTION take_away()
            """
        )
    (task_id,) = enqueue(service, {"task_type": "count"})
    with agent(ecosystem.login("agent")[1], "executor-1") as process:
        assert said(process).startswith(f"count {task_id}: lost")
    assert one(service, "SELECT status::text FROM distributed_tasks WHERE task_id = %s", task_id) == "leased"


def calls() -> list[tuple[str, set[str]]]:
    """Return the functions that examples/agent_supabase.py calls, each with the arguments it names literally."""
    tree = ast.parse((EXAMPLES / "agent_supabase.py").read_text())
    found = []
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "rpc":
            name, arguments = call.args
            assert isinstance(name, ast.Constant)
            keys = arguments.keys if isinstance(arguments, ast.Dict) else []
            found.append((str(name.value), {str(key.value) for key in keys if isinstance(key, ast.Constant)}))
    return found


def test_the_agent_over_the_api_calls_what_there_is(service: psycopg.Connection[TupleRow]) -> None:
    functions = {
        str(name): set(arguments)
        for name, arguments in service.execute(
            "SELECT proname, proargnames FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND pronargs > 0"
        )
        if arguments
    }
    made = calls()
    assert {name for name, _ in made} == {
        "register_agent", "heartbeat", "claim_tasks", "renew_lease", "complete_task", "fail_task", "deregister_agent"
    }  # fmt: skip
    for name, arguments in made:
        assert arguments <= functions[name], name
