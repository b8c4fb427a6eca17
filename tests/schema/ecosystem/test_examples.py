"""The agents of examples/ do what they say."""

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import TupleRow

from tests.schema.ecosystem.conftest import Ecosystem, connect
from tests.schema.ecosystem.tasks import Service, enqueue, one

pytestmark = pytest.mark.server

EXAMPLES = Path(__file__).parents[3] / "examples"
PATIENCE = 60
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


@dataclass
class Api:
    """What PostgREST is to the example: a login that may become service_role, and functions called by their names."""

    session: psycopg.Connection[TupleRow]

    def rpc(self, name: str, arguments: dict[str, Any]) -> "Api":
        given = sql.SQL(", ").join(sql.SQL("{} => %s").format(sql.Identifier(each)) for each in arguments)
        values = [json.dumps(each) if isinstance(each, dict) else str(each) for each in arguments.values()]
        returns_rows = one(self.session, "SELECT proretset FROM pg_proc WHERE proname = %s", name)
        shape = "SELECT coalesce(json_agg(row), '[]') FROM {}({}) AS row" if returns_rows else "SELECT to_json({}({}))"
        try:
            answer = self.session.execute(sql.SQL(shape).format(sql.Identifier(name), given), values).fetchone()
        except psycopg.errors.DatabaseError as error:
            raise ApiError(error.sqlstate) from error
        assert answer is not None
        self.data = answer[0]
        return self

    def execute(self) -> "Api":
        return self


class ApiError(Exception):
    def __init__(self, code: str | None) -> None:
        super().__init__(code)
        self.code = code


def test_the_agent_over_the_api_works_and_leaves(
    ecosystem: Ecosystem, service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The database is real, PostgREST and its client are not: neither is at hand here."""
    good, lost, bad = enqueue(
        service,
        {"task_type": "count", "priority": 2},
        {"task_type": "count", "priority": 1},
        {"task_type": "count", "payload": {"steps": "many"}, "max_attempts": 1},
    )
    name, url = ecosystem.login("anon")
    with ecosystem.admin() as admin:
        admin.execute(sql.SQL("GRANT service_role TO {} WITH INHERIT FALSE, SET TRUE").format(sql.Identifier(name)))
    with connect(url, autocommit=True) as session:
        session.execute("SET ROLE service_role")
        library = SimpleNamespace(Client=Api, PostgrestAPIError=ApiError, create_client=lambda *_: Api(session))
        monkeypatch.setitem(sys.modules, "supabase", library)
        example = importlib.import_module("examples.agent_supabase")
        monkeypatch.setenv("SUPABASE_URL", "https://example.supabase.co")
        monkeypatch.setenv("SUPABASE_KEY", "not asked for")
        monkeypatch.setattr(example.time, "sleep", interrupted)
        renew = example.work

        def work(client: Api, held: dict[str, Any], payload: dict[str, Any]) -> Any:
            if held["task_id"] == str(lost):
                service.execute("SELECT cancel_task(%s)", (lost,))
            return renew(client, held, payload)

        monkeypatch.setattr(example, "work", work)
        example.main("executor-1")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"count {good}: done"
    assert said[1].startswith(f"count {lost}: lost")
    assert said[2].startswith(f"count {bad}: failed, now dead_letter: invalid literal")
    assert one(service, "SELECT result FROM distributed_tasks WHERE task_id = %s", good) == {"steps": 3}
    assert one(service, "SELECT status::text FROM agent_registry") == "deregistered"


def interrupted(_seconds: float) -> None:
    """Press Ctrl-C where the agent has nothing to do."""
    raise KeyboardInterrupt
