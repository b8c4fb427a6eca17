"""A database made by hand from a script, with rows, and an application that goes on writing into it."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import Database
from tests.waiting import wait_until

SCRIPT = Path(__file__).parent / "hand_made.sql"
AGENTS = 200
TABLES = (
    "agent_registry",
    "agent_hierarchy",
    "agent_versions",
    "realtime_channels",
    "distributed_tasks",
    "agent_communication_logs",
    "agent_performance_history",
)
ROWS = """
INSERT INTO agent_registry (agent_id, agent_type, agent_class, embedding)
SELECT 'agent-' || n, 'standalone', 'executor', '[1,2,3]' FROM generate_series(1, %(agents)s) n;
INSERT INTO agent_hierarchy (parent_agent_id, child_agent_id)
SELECT 'agent-1', 'agent-' || n FROM generate_series(2, %(agents)s) n;
INSERT INTO distributed_tasks (assigned_to_agent_id, task_type) SELECT agent_id, 'index' FROM agent_registry;
INSERT INTO agent_communication_logs (from_agent_id, protocol, message)
SELECT agent_id, 'supabase_realtime', '{}' FROM agent_registry;
INSERT INTO agent_performance_history (agent_id, cpu_usage, success_rate)
SELECT agent_id, 12.5, 0.99 FROM agent_registry;
"""


@pytest.fixture
def hand_made(database: Database) -> Database:
    """Give a database as the script leaves it: everything, the extensions too, in public."""
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("DROP SCHEMA extensions CASCADE")
        for extension in ('"uuid-ossp"', "vector", "pg_trgm"):
            admin.execute(f"CREATE EXTENSION {extension} SCHEMA public".encode())
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("SET client_min_messages = error")
        owner.execute(SCRIPT.read_bytes())
        owner.execute(ROWS.replace("%(agents)s", str(AGENTS)).encode())
    return database


def contents(database: Database) -> dict[str, list[Any]]:
    """Return every row of every table, by its key, without what a writer changes all the time."""
    with psycopg.connect(database.owner_url) as owner:
        return {
            table: owner.execute(f"SELECT to_jsonb(t) - 'updated_at' FROM {table} t ORDER BY 1".encode()).fetchall()
            for table in TABLES
        }


@dataclass
class Application:
    """Writes into every table, one statement after the other, until it is stopped.

    Args:
        url: the database.
        task_ids: the tasks whose insertion was acknowledged.
        failures: what a statement failed with.
        longest: seconds of the slowest statement.
    """

    url: str
    task_ids: list[Any] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    longest: float = 0.0

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> "Application":
        self._thread.start()
        wait_until(lambda: self.task_ids or self.failures, "the application gets going")
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _write(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self._over.is_set():
                began = time.monotonic()
                try:
                    self._round(connection)
                except psycopg.Error as error:
                    self.failures.append(str(error))
                    return
                self.longest = max(self.longest, time.monotonic() - began)

    def _round(self, connection: "psycopg.Connection[Any]") -> None:
        row = connection.execute(
            "INSERT INTO distributed_tasks (assigned_to_agent_id, task_type) VALUES ('agent-1', 'new') "
            "RETURNING task_id"
        ).fetchone()
        assert row
        self.task_ids.append(row[0])
        for statement in (
            "UPDATE agent_registry SET last_heartbeat = now() WHERE agent_id = 'agent-2'",
            "INSERT INTO agent_communication_logs (from_agent_id, protocol) VALUES ('agent-3', 'pg_notify')",
            "INSERT INTO agent_performance_history (agent_id, recorded_at) VALUES ('agent-4', clock_timestamp())",
            "UPDATE realtime_channels SET message_count = message_count + 1 WHERE channel_name = 'system.health'",
            "SELECT agent_id, status FROM active_agents LIMIT 5",
        ):
            connection.execute(statement.encode())


@pytest.fixture
def application(hand_made: Database) -> Iterator[Application]:
    """An application at work; its statements are looked at when the test is over."""
    with Application(hand_made.owner_url) as working:
        yield working
    assert working.failures == []


def require_every_row(database: Database, before: dict[str, list[Any]], working: Application) -> None:
    """Require the rows there were, but for what the application changes and columns that came, and those it added."""
    acknowledged = set(working.task_ids)
    after = contents(database)
    for table, rows in before.items():
        names = sorted({name for (row,) in rows for name in row} - {"last_heartbeat", "message_count"})
        left = {_values(row, names) for (row,) in after[table]}
        for (row,) in rows:
            assert _values(row, names) in left, f"{table}: {row} is gone"
    with psycopg.connect(database.owner_url) as owner:
        found = {row[0] for row in owner.execute("SELECT task_id FROM distributed_tasks")}
    assert acknowledged <= found, "a row that was acknowledged is gone"


def _values(row: dict[str, Any], names: list[str]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in names)


def edit(folder: Path) -> None:
    """Change the tree as its new keeper would: columns, a check, indexes, a comment, the view, row level security."""
    registry = folder / "tables/agent_registry.sql"
    registry.write_text(
        registry.read_text().replace(
            "    updated_at timestamp with time zone DEFAULT now(),\n",
            "    updated_at timestamp with time zone DEFAULT now(),\n"
            "    region text NOT NULL DEFAULT 'eu',\n    max_parallel integer,\n"
            "    CONSTRAINT agent_registry_max_parallel CHECK (max_parallel > 0),\n",
        )
        + "\nCREATE INDEX agent_registry_region_idx ON agent_registry (region);\n"
        "ALTER TABLE agent_registry FORCE ROW LEVEL SECURITY;\n"
        "CREATE POLICY owner_sees_all ON agent_registry TO ecosystem_owner USING (true);\n"
    )
    tasks = folder / "tables/distributed_tasks.sql"
    tasks.write_text(tasks.read_text() + "\nCOMMENT ON TABLE distributed_tasks IS 'Work, and who does it';\n")
    view = folder / "views/active_agents.sql"
    view.write_text(view.read_text().replace("    last_heartbeat", "    last_heartbeat,\n    region"))
