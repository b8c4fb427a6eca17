"""Writers at full speed on every table while twelve changes apply: none fails, none waits as long as the lock timeout.

As on Supabase: the owner is no superuser, default privileges grant to roles, and event triggers look at every command.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest

from infra.provider.schema.engine import (
    Catalog,
    LockRules,
    Target,
    apply_changes,
    managed_live,
    preview_changes,
    read_ledger,
)
from tests.conftest import Database
from tests.full_run import FULL
from tests.schema.engine.conftest import Connection
from tests.schema.engine.test_faults import in_schema
from tests.schema.engine.twelve_changes import LEFT_BEHIND, NEW, OLD, ROWS

pytestmark = pytest.mark.server

ROWS_EACH = 500_000 if FULL else 20_000

RULES = LockRules(timeout=2000, retries=20, small=-1)

WRITES = {
    "agents": "UPDATE app.agents SET seen = now() WHERE id = 1 + (%s %% 1000)",
    "new agents": "INSERT INTO app.agents (name, region) VALUES ('new ' || %s, 'r')",
    "tasks": "INSERT INTO app.tasks (agent_id, priority) VALUES (1 + (%s %% 1000), 5)",
    "done tasks": "UPDATE app.tasks SET status = 'done' WHERE id = 1 + (%s %% 1000)",
    "readers": "SELECT count(*) FROM app.open_tasks WHERE id = %s",
}


@dataclass
class Writer:
    """One session that runs one statement again and again, each in a transaction of its own."""

    url: str
    statement: str
    ran: int = 0
    longest: float = 0.0
    failed: list[str] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not stop.is_set():
                began = time.monotonic()
                try:
                    connection.execute(self.statement.encode(), (self.ran,))
                except psycopg.Error as error:
                    self.failed.append(str(error))
                    return
                self.longest = max(self.longest, time.monotonic() - began)
                self.ran += 1


@contextmanager
def writing(writers: dict[str, Writer]) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=writer.run, args=(stop,)) for writer in writers.values()]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def like_supabase(connection: Connection, admin: Connection) -> Iterator[None]:
    connection.execute("CREATE SCHEMA app")
    for kind in ("TABLES", "FUNCTIONS", "SEQUENCES"):
        connection.execute(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT ALL ON {kind} TO anon, authenticated".encode()
        )
    admin.execute(
        "CREATE SCHEMA watcher; CREATE TABLE watcher.seen (tag text);"
        "CREATE FUNCTION watcher.look() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ "
        "BEGIN INSERT INTO watcher.seen VALUES (tg_tag); END $$;"
        "CREATE EVENT TRIGGER look_before ON ddl_command_start EXECUTE FUNCTION watcher.look();"
        "CREATE EVENT TRIGGER look_after ON ddl_command_end EXECUTE FUNCTION watcher.look();"
        "CREATE EVENT TRIGGER look_at_drops ON sql_drop EXECUTE FUNCTION watcher.look()"
    )
    yield
    admin.execute(
        "DROP EVENT TRIGGER look_before; DROP EVENT TRIGGER look_after; DROP EVENT TRIGGER look_at_drops;"
        "DROP SCHEMA watcher CASCADE"
    )


@pytest.mark.usefixtures("like_supabase")
def test_writers_go_on_while_twelve_changes_apply(
    connection: Connection,
    admin: Connection,
    engine_database: Database,
    target: Target,
    describe: Callable[[str], Catalog],
) -> None:
    old, new = describe(OLD), describe(NEW)
    apply_changes(connection, target, old)
    in_schema(connection, ROWS.format(ROWS_EACH))
    plan = preview_changes(connection, target, new, ["all"], rules=RULES).plan
    assert not {"TABLE_REWRITE", "LONG_LOCK"} & {str(hazard.name) for hazard in plan.hazards}

    writers = {name: Writer(engine_database.owner_url, statement) for name, statement in WRITES.items()}
    with writing(writers):
        apply_changes(connection, target, new, ["all"], rules=RULES)

    assert {name: writer.failed for name, writer in writers.items() if writer.failed} == {}
    stalls = {name: round(writer.longest, 3) for name, writer in writers.items()}
    print({name: (writer.ran, stalls[name]) for name, writer in writers.items()})
    assert max(stalls.values()) < RULES.timeout / 1000, stalls
    assert min(writer.ran for writer in writers.values()) > 10
    assert managed_live(connection, target) == new
    assert in_schema(connection, LEFT_BEHIND) == []
    ledger = read_ledger(connection, target.schema)
    assert ledger is not None
    assert ledger.progress is None
    for statement in ("SELECT count(*) FROM app.agents WHERE name LIKE 'new %'", "SELECT count(*) FROM app.tasks"):
        assert (connection.execute(statement.encode()).fetchone() or (0,))[0]
    assert (admin.execute("SELECT count(*) > 20 FROM watcher.seen").fetchone()) == (True,)
