"""How plans are parted into phases, and what only a live database shows: partitions of others, small tables, caps."""

from dataclasses import replace

import psycopg
import pytest

from infra.provider.schema.comparison import Comparison
from infra.provider.schema.engine import (
    Catalog,
    LockRules,
    Plan,
    SchemaError,
    Target,
    apply_changes,
    managed_live,
    plan,
    preview_changes,
    read_ledger,
)
from infra.provider.schema.ledger import Progress, write_progress
from infra.provider.schema.model import ObjectId
from infra.provider.schema.online.graph import Graph
from infra.provider.schema.online.locks import phase_locks
from infra.provider.schema.online.phases import RELATIONS_LOCKED, in_phases
from infra.provider.schema.online.situation import Scene, Situation
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, Step
from tests.conftest import Database
from tests.schema.engine.conftest import Connection, Describe
from tests.schema.engine.doomed import ONLINE
from tests.schema.engine.test_faults import in_schema
from tests.schema.engine.twelve_changes import LEFT_BEHIND, NEW, OLD

pytestmark = pytest.mark.server


def numbered(planned: Plan) -> list[list[str]]:
    return [[step.sql.split(" ON ")[0] for step in phase] for phase in planned.phases]


def test_a_first_apply_is_one_transaction(describe: Describe) -> None:
    planned = plan(Catalog(), describe(NEW), "app")
    assert len(planned.phases) == 1
    assert not any(step.blocks for step in planned.steps)


def test_on_small_tables_the_plain_statements_do_in_one_transaction(
    connection: Connection, target: Target, describe: Describe
) -> None:
    apply_changes(connection, target, describe(OLD.replace("'new', 'done'", "'new', 'waiting', 'done'")))
    planned = preview_changes(connection, target, describe(NEW)).plan
    assert len(planned.phases) == 1
    assert "CONCURRENTLY" not in planned.sql
    assert "NOT VALID" not in planned.sql


def test_a_rewrite_has_a_transaction_without_the_others_tables(describe: Describe) -> None:
    old = "CREATE TABLE a (n int); CREATE TABLE b (n int); CREATE VIEW w AS SELECT n FROM b; CREATE TABLE c (n int);"
    new = (
        "CREATE TABLE a (n int, m int); CREATE TABLE b (n text, m int); CREATE VIEW w AS SELECT n FROM b;"
        "CREATE TABLE c (n int, m int);"
    )
    planned = plan(describe(old), describe(new), "app")
    first, second = planned.phases
    assert {step.object.name for step in first} == {"a.m", "c.m"}
    assert [step.sql.split(" ON ")[0].split(" AS")[0] for step in second] == [
        "DROP VIEW w",
        "ALTER TABLE b ALTER COLUMN n TYPE text USING n::text",
        "ALTER TABLE b ADD COLUMN m integer",
        "CREATE VIEW w",
    ]


def test_a_table_that_waits_for_the_rewrite_of_another_says_so(describe: Describe) -> None:
    old = "CREATE TABLE a (n int PRIMARY KEY); CREATE TABLE b (n int REFERENCES a);"
    planned = plan(describe(old), describe(old.replace("a (n int ", "a (n bigint ")), "app")
    hazards = [str(hazard.name) + " " + hazard.subject for hazard in planned.hazards]
    assert hazards == ["TABLE_REWRITE a.n", "LONG_LOCK b"]


def test_a_transaction_locks_no_more_tables_than_the_cap(describe: Describe) -> None:
    count = RELATIONS_LOCKED + 10
    old = "".join(f"CREATE TABLE t{n} (id int);" for n in range(count))
    planned = plan(describe(old), describe(old.replace("id int", "id int, more int")), "app")
    assert [len(phase) for phase in planned.phases] == [RELATIONS_LOCKED, 10]


def test_what_is_dropped_to_be_made_again_waits_for_all_that_its_maker_waits_for() -> None:
    def step(kind: str, operation: str, **more: bool) -> Step:
        return Step(ObjectId(kind, kind), operation, f"{operation} {kind}", ACCESS_EXCLUSIVE, **more)  # type: ignore[arg-type]

    steps = [step("policy", "delete"), step("column", "update"), step("index", "create"), step("policy", "create")]
    steps[2] = replace(steps[2], alone=True, transactional=False)
    graph = Graph(steps, [(0, 1), (1, 3), (2, 3), (0, 3)])
    scene = Scene(Comparison(Catalog(), Catalog(), "app"), Situation())
    assert [(found.sql, found.phase) for found in in_phases(graph, scene)] == [
        ("create index", 1),
        ("delete policy", 2),
        ("update column", 2),
        ("create policy", 2),
    ]


def test_locks_are_taken_as_users_take_theirs_a_table_before_the_one_it_refers_to(describe: Describe) -> None:
    old = "CREATE TABLE a (n int PRIMARY KEY); CREATE TABLE b (n int PRIMARY KEY REFERENCES a);"
    old += "CREATE TABLE c (n int REFERENCES b);"
    planned = plan(describe(old), describe(old.replace("(n int", "(m int, n int")), "app")
    locks = phase_locks(planned, planned.phases[0])
    assert list(locks.items()) == [(name, ACCESS_EXCLUSIVE) for name in "cba"]


PARTITIONED = "CREATE TABLE log (at date NOT NULL, n int, note text) PARTITION BY RANGE (at);"


def test_an_index_reaches_partitions_of_others_without_blocking_them(
    connection: Connection, target: Target, describe: Describe
) -> None:
    apply_changes(connection, target, describe(PARTITIONED))
    connection.execute(
        "CREATE SCHEMA elsewhere;"
        "CREATE TABLE elsewhere.y25 PARTITION OF app.log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');"
        "CREATE TABLE app.y26 PARTITION OF app.log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"
        "CREATE INDEX pgstack_new_left ON elsewhere.y25 (n)"
    )
    try:
        for columns, name in (("n, lower(note)", "n_lower_idx"), ("n DESC) INCLUDE (note", "n_note_idx")):
            wanted = describe(f"{PARTITIONED} CREATE INDEX log_n ON log ({columns});")
            planned = apply_changes(connection, target, wanted, rules=ONLINE)
            assert [step.transactional for step in planned.steps].count(False) >= 2
            assert managed_live(connection, target) == wanted
            assert preview_changes(connection, target, wanted).plan.steps == ()
            rows = connection.execute(
                "SELECT indexrelid::regclass::text FROM pg_index i JOIN pg_inherits ON inhrelid = indexrelid "
                "WHERE indisvalid AND indrelid IN ('elsewhere.y25'::regclass, 'app.y26'::regclass) ORDER BY 1"
            ).fetchall()
            assert rows == [(f"app.y26_{name}",), (f"elsewhere.y25_{name}",)]
        assert connection.execute("SELECT relname FROM pg_class WHERE relname LIKE 'pgstack%'").fetchall() == []
        assert in_schema(connection, LEFT_BEHIND) == []
    finally:
        connection.execute("DROP SCHEMA elsewhere CASCADE")


def test_two_updates_at_once_wait_for_each_other_and_not_for_ever(
    connection: Connection, engine_database: Database, target: Target, describe: Describe
) -> None:
    with psycopg.connect(engine_database.owner_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('pgstack:app', 0))")
        with pytest.raises(
            SchemaError, match=f"another update of schema app is running .pid {other.info.backend_pid}."
        ):
            apply_changes(connection, target, describe(OLD), rules=LockRules(timeout=100, retries=1))
    apply_changes(connection, target, describe(OLD), rules=LockRules(timeout=100, retries=1))


def test_between_two_phases_the_ledger_says_so_and_lists_what_is_to_come(
    connection: Connection, target: Target, describe: Describe
) -> None:
    apply_changes(connection, target, describe(OLD))
    with connection.transaction():
        notes = [ObjectId("table", "notes")]
        write_progress(connection, target.schema, notes, Progress("mark", 1, 3), made_schema=False)
    ledger = read_ledger(connection, target.schema)
    assert ledger is not None
    assert ledger.progress == Progress("mark", 1, 3)
    assert {*notes, ObjectId("table", "tasks")} <= ledger.objects
    apply_changes(connection, target, describe(OLD))
    ledger = read_ledger(connection, target.schema)
    assert ledger is not None
    assert ledger.progress is None
    assert not {*notes} & ledger.objects
