"""An update that dies after any statement, with its connection or its process: the next finishes, nothing is lost."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from infra.provider.schema.engine import (
    ApplyFailed,
    Catalog,
    LockRules,
    PartlyApplied,
    Target,
    apply_changes,
    managed_live,
    object_changes,
    preview_changes,
    read_ledger,
)
from tests.conftest import Database
from tests.full_run import FULL
from tests.schema.engine.conftest import Connection, Describe
from tests.schema.engine.doomed import LONG_WAITS, ONLINE, Doomed
from tests.schema.engine.twelve_changes import KEPT, LEFT_BEHIND, NEW, OLD, ROWS

pytestmark = pytest.mark.server


STATEMENTS = 28
"""Of the plan: a test checks it. Each run of the suite kills after some of them, AGENT_ECOSYSTEM_FULL=1 after each."""

EVERY = 1 if FULL else 4


@pytest.fixture
def old(connection: Connection, target: Target, describe: Describe) -> Catalog:
    catalog = describe(OLD)
    apply_changes(connection, target, catalog)
    in_schema(connection, ROWS.format(50))
    return catalog


@pytest.fixture
def new(describe: Describe) -> Catalog:
    return describe(NEW)


def in_schema(connection: Connection, text: str) -> list[tuple[object, ...]]:
    with connection.transaction():
        connection.execute("SET LOCAL search_path = app, extensions")
        cursor = connection.execute(text.encode())
        return cursor.fetchall() if cursor.description else []


def statements(connection: Connection, target: Target, new: Catalog) -> list[str]:
    plan = preview_changes(connection, target, new, ["all"], rules=ONLINE).plan
    return [step.sql for step in plan.steps]


def check_finished_by_the_next(
    connection: Connection, target: Target, old: Catalog, new: Catalog, kept: object
) -> None:
    assert in_schema(connection, KEPT) == kept, "rows were lost"
    ledger = read_ledger(connection, target.schema)
    assert ledger is not None
    if ledger.progress is None and managed_live(connection, target) != new:
        assert managed_live(connection, target) == old, "half of something was done and nothing says so"
    apply_changes(connection, target, new, ["all"], rules=ONLINE)
    assert managed_live(connection, target) == new
    assert preview_changes(connection, target, new).plan.steps == ()
    assert in_schema(connection, LEFT_BEHIND) == []
    assert in_schema(connection, KEPT) == kept
    ledger = read_ledger(connection, target.schema)
    assert ledger is not None
    assert ledger.progress is None


def test_there_are_twelve_changes_and_none_is_a_rewrite(
    connection: Connection, target: Target, old: Catalog, new: Catalog
) -> None:
    plan = preview_changes(connection, target, new, ["all"], rules=ONLINE).plan
    assert sum(max(1, len(change.paths)) for change in object_changes(old, new)) >= 12
    assert not {"TABLE_REWRITE", "LONG_LOCK"} & {str(hazard.name) for hazard in plan.hazards}
    assert len(plan.steps) == STATEMENTS
    assert len(plan.phases) > 5


@pytest.mark.parametrize("last", range(1, STATEMENTS + 1, EVERY))
def test_a_connection_that_dies_after_a_statement(
    connection: Connection, engine_database: Database, target: Target, old: Catalog, new: Catalog, last: int
) -> None:
    kept = in_schema(connection, KEPT)
    with Doomed.connect(engine_database.owner_url, autocommit=True) as doomed:
        doomed.admin_url, doomed.last = engine_database.admin_url, last
        doomed.statements = frozenset(sql.encode() for sql in statements(connection, target, new))
        with pytest.raises((psycopg.OperationalError, PartlyApplied)):
            apply_changes(doomed, target, new, ["all"], rules=ONLINE)
        assert doomed.ran == last
    check_finished_by_the_next(connection, target, old, new, kept)


@pytest.mark.parametrize("last", range(2, STATEMENTS + 1, EVERY))
def test_a_process_that_dies_after_a_statement(
    connection: Connection,
    engine_database: Database,
    target: Target,
    old: Catalog,
    new: Catalog,
    tmp_path: Path,
    last: int,
) -> None:
    kept = in_schema(connection, KEPT)
    told = {"statements": statements(connection, target, new), "last": last, "desired": new.to_json()}
    (tmp_path / "told.json").write_text(json.dumps(told))
    child = subprocess.run(
        [sys.executable, "-m", "tests.schema.engine.doomed", tmp_path / "told.json"],
        input=engine_database.owner_url,
        text=True,
        check=False,
        timeout=120,
    )
    assert child.returncode == -signal.SIGKILL
    wait_until_the_server_noticed(connection)
    check_finished_by_the_next(connection, target, old, new, kept)


def wait_until_the_server_noticed(connection: Connection) -> None:
    """A backend finishes its statement before it sees that its client is gone; so it holds the lock until then."""
    for _ in range(100_000):
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).fetchone()
        if row == (0,):
            return
    raise AssertionError("the killed process' session is still there")


def test_a_build_that_dies_in_the_middle_leaves_an_invalid_index_that_the_next_update_replaces(
    connection: Connection, engine_database: Database, target: Target, old: Catalog, describe: Describe
) -> None:
    kept, new = in_schema(connection, KEPT), describe(OLD + "CREATE INDEX tasks_agent ON tasks (agent_id);")
    with (
        psycopg.connect(engine_database.owner_url) as writer,
        psycopg.connect(engine_database.owner_url, autocommit=True) as victim,
    ):
        writer.execute("UPDATE app.tasks SET priority = priority WHERE id = 1")
        killer = threading.Thread(target=kill_when_building, args=(engine_database.admin_url, victim.info.backend_pid))
        killer.start()
        with pytest.raises(psycopg.OperationalError):
            apply_changes(victim, target, new, rules=LONG_WAITS)
        killer.join()
        assert in_schema(connection, LEFT_BEHIND) == [("tasks_agent",)]
    plan = preview_changes(connection, target, new, rules=ONLINE).plan
    assert [step.sql.split(" ON ")[0] for step in plan.steps] == [
        "DROP INDEX CONCURRENTLY tasks_agent",
        "CREATE INDEX CONCURRENTLY tasks_agent",
    ]
    check_finished_by_the_next(connection, target, old, new, kept)


def kill_when_building(url: str, pid: int) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        for _ in range(100_000):
            row = admin.execute("SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone()
            if row == ("Lock",):
                admin.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
                return


@pytest.mark.usefixtures("old")
def test_a_blocked_build_is_tried_again_and_leaves_nothing_once_it_gets_through(
    connection: Connection, engine_database: Database, target: Target, describe: Describe
) -> None:
    new = describe(OLD + "CREATE INDEX tasks_agent ON tasks (agent_id);")
    rules = LockRules(timeout=200, retries=1, small=-1)
    with psycopg.connect(engine_database.owner_url, application_name="a writer") as writer:
        writer.execute("UPDATE app.tasks SET priority = priority WHERE id = 1")
        with pytest.raises(ApplyFailed, match=r"no lock after 2 attempts[\s\S]*a writer[\s\S]*INDEX CONCURRENTLY"):
            apply_changes(connection, target, new, rules=rules)
        assert in_schema(connection, LEFT_BEHIND) == [("tasks_agent",)], "the writer is in the way of dropping it, too"
    apply_changes(connection, target, new, rules=rules)
    assert in_schema(connection, LEFT_BEHIND) == []
    assert managed_live(connection, target) == new


def test_a_build_that_the_rows_refuse_leaves_nothing_behind(
    connection: Connection, target: Target, old: Catalog, describe: Describe
) -> None:
    in_schema(connection, "UPDATE agents SET name = 'agent 1' WHERE id = 2")
    new = describe(OLD.replace("name text NOT NULL", "name text NOT NULL UNIQUE"))
    with pytest.raises(ApplyFailed, match=r"could not create unique index[\s\S]*\(agent 1\) is duplicated"):
        apply_changes(connection, target, new, rules=ONLINE)
    assert in_schema(connection, LEFT_BEHIND) == []
    assert managed_live(connection, target) == old
