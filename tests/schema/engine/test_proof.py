"""A plan is proven on a copy of the live schema: what the planner gets wrong never reaches the live one."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from infra.provider.schema.desired import Desired, desired_catalog
from infra.provider.schema.engine import (
    CannotPlan,
    Plan,
    Preview,
    SchemaError,
    Target,
    apply_changes,
    drop_all,
    preview_changes,
    read_catalog,
)
from infra.provider.schema.errors import NotProven
from infra.provider.schema.pg_dump import differences
from infra.provider.schema.proof import Proof, differences_left, prove
from infra.provider.schema.scratch.beside import database_beside, sweep
from infra.provider.schema.target import live_target
from tests.conftest import Database
from tests.schema.engine.conftest import Connection
from tests.waiting import wait_until

pytestmark = pytest.mark.server
ROOT = Path(__file__).parents[3]


class Live:
    """A live database, and what it takes to plan and to prove."""

    def __init__(self, database: Database, connection: Connection, folder: Path) -> None:
        self.database = database
        self.connection = connection
        self.folder = folder
        self.cache = folder / "cache"
        (folder / "sql").mkdir()

    @property
    def target(self) -> Target:
        return live_target(self.connection, self.database.owner_url, "public")

    def plan(self, text: str) -> tuple[Desired, Preview]:
        (self.folder / "sql" / "all.sql").write_text(text)
        desired = desired_catalog(self.folder / "sql", self.target, self.cache)
        return desired, preview_changes(self.connection, self.target, desired.catalog, adopt=True)

    def prove(self, desired: Desired, preview: Preview, planned: Plan | None = None, scratch: str = "auto") -> Proof:
        return prove(self.target, planned or preview.plan, desired, preview.ours, self.cache, scratch)


@pytest.fixture
def live(database: Database, tmp_path: Path) -> Iterator[Live]:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        yield Live(database, connection, tmp_path)


def test_a_good_plan_is_proven_once(live: Live) -> None:
    live.connection.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
    desired, preview = live.plan(
        "CREATE TABLE t (id int PRIMARY KEY, e extensions.vector(3)); CREATE VIEW v AS TABLE t"
    )
    assert live.prove(desired, preview).passed
    nowhere = "postgresql://127.0.0.1:1/nowhere"
    assert live.prove(desired, preview, scratch=nowhere).passed, "the same proof was made again"
    live.connection.execute("CREATE TABLE other (id int)")
    assert not live.prove(desired, preview, scratch=nowhere).passed, "a proof was believed of another live schema"


def test_our_own_schema_is_proven(live: Live) -> None:
    # Read with the roles in the order in which the stack names them, which is not that of the live server.
    desired = desired_catalog(ROOT / "sql" / "schema", Target(url=live.database.owner_url), live.cache)
    preview = preview_changes(live.connection, live.target, desired.catalog)
    assert live.prove(desired, preview).passed
    apply_changes(live.connection, live.target, desired.catalog, proven=preview.plan)
    # What the ecosystem makes as it runs, partitions and seals, is no drift.
    live.connection.execute("SELECT maintain_partitions(); SELECT seal()")
    now = read_catalog(live.connection, "public", "extensions")
    assert any(name.startswith("agent_communication_logs_p") for name in now.tables)
    assert differences_left(live.target, desired, now, preview.ours) == []
    drop_all(live.connection, live.target)
    assert read_catalog(live.connection, "public", "extensions").tables == {}
    assert live.connection.execute("SELECT to_regnamespace('pgstack') IS NULL").fetchone() == (True,)


def test_a_plan_that_forgets_something_is_refused(live: Live) -> None:
    desired, preview = live.plan("CREATE TABLE t (id int); CREATE INDEX i ON t (id); COMMENT ON TABLE t IS 'x'")
    for number, step in enumerate(preview.plan.steps[1:], start=1):
        rest = [other for place, other in enumerate(preview.plan.steps) if place != number]
        with pytest.raises(NotProven) as refused:
            live.prove(desired, preview, replace(preview.plan, steps=tuple(rest)))
        assert step.object.name in str(refused.value)
    assert read_catalog(live.connection, "public").tables == {}


def test_a_statement_that_fails_on_the_copy_is_refused(live: Live) -> None:
    desired, preview = live.plan("CREATE TABLE t (id int)")
    broken = replace(preview.plan, steps=(replace(preview.plan.steps[0], sql="CREATE TABLE t (id nonsense)"),))
    with pytest.raises(NotProven, match='type "nonsense" does not exist'):
        live.prove(desired, preview, broken)


def test_other_peoples_objects_and_partitions_made_at_run_time_are_no_difference(live: Live) -> None:
    mine = "CREATE TABLE log (at int, note text) PARTITION BY RANGE (at); CREATE INDEX log_at_idx ON log (at);"
    live.connection.execute(mine.encode())
    live.connection.execute(
        """
        CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (1) TO (2);
        CREATE TABLE "their own" (id int PRIMARY KEY, c int CHECK (c > 0)); CREATE INDEX ON "their own" (c);
        CREATE FUNCTION theirs(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
        CREATE AGGREGATE their_sum (int) (SFUNC = int4pl, STYPE = int);
        CREATE VIEW view_of_log AS SELECT * FROM log;
        CREATE TABLE todos (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
        CREATE TABLE "their ""others"" too" (id bigint GENERATED BY DEFAULT AS IDENTITY);
        GRANT USAGE ON SEQUENCE todos_id_seq TO anon;
        """
    )
    desired, preview = live.plan(mine + "CREATE INDEX log_note_idx ON log (note); CREATE TABLE t (id int);")
    assert live.prove(desired, preview).passed
    apply_changes(live.connection, live.target, desired.catalog, adopt=True, proven=preview.plan)
    now = read_catalog(live.connection, "public")
    assert differences_left(live.target, desired, now, preview.ours) == []


def test_what_prints_another_way_after_a_restore_is_no_difference(live: Live) -> None:
    text = "CREATE TABLE t (s varchar(9) CHECK (s IN ('a', 'b')), d date CHECK (d IN ('2020-01-01', '2020-01-02')));"
    live.connection.execute(text.encode())
    desired, preview = live.plan(text + "CREATE INDEX i ON t (s) WHERE s IN ('a', 'b');")
    assert [step.operation for step in preview.plan.steps] == ["create"]
    assert live.prove(desired, preview).passed


def test_an_and_within_another_is_no_difference(live: Live) -> None:
    """Files written from what PostgreSQL prints for people have one AND where the live check has two."""
    nested = "CHECK (a > 0 AND (b > 0 AND c > 0))"
    files = "CREATE TABLE t (a int, b int, c int, CONSTRAINT positive {});"
    live.connection.execute(files.format(nested).encode())
    desired, preview = live.plan(files.format(nested.replace("(b", "b").replace("))", ")")) + "CREATE TABLE u ();")
    assert [step.object.name for step in preview.plan.steps] == ["u"]
    assert live.prove(desired, preview).passed


def test_what_lies_beside_the_schema_is_copied(live: Live) -> None:
    live.connection.execute(
        """
        CREATE SCHEMA auth; CREATE TABLE auth.users (id int PRIMARY KEY);
        CREATE FUNCTION auth.uid() RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE TABLE t (id int); CREATE VIEW auth.leans_on_ours AS TABLE t;
        """
    )
    text = "CREATE TABLE t (id int REFERENCES auth.users, who int DEFAULT auth.uid());"
    desired, preview = live.plan(text)
    assert live.prove(desired, preview).passed
    assert live.plan(text)[0].entry == desired.entry
    live.connection.execute("ALTER TABLE auth.users ADD COLUMN email text")
    assert live.plan(text)[0].entry != desired.entry, "files were believed to be as read beside other tables"


def test_a_schema_that_may_not_be_read_is_said_to_be_missing(live: Live) -> None:
    with psycopg.connect(live.database.admin_url, autocommit=True) as admin:
        admin.execute(
            "CREATE SCHEMA closed; CREATE TABLE closed.users (id int PRIMARY KEY);"
            "GRANT USAGE ON SCHEMA closed TO PUBLIC; GRANT REFERENCES ON closed.users TO PUBLIC"
        )
    live.connection.execute("CREATE TABLE t (id int REFERENCES closed.users)")
    assert live.target.server is not None
    assert live.target.server.surroundings.closed == ("closed",)
    text = "CREATE TABLE other (id int);"
    desired, preview = live.plan(text)
    proof = live.prove(desired, preview)
    assert not proof.passed
    assert "closed" in str(proof.missing)


def test_another_plan_than_the_proven_one_is_not_applied(live: Live) -> None:
    desired, preview = live.plan("CREATE TABLE t (id int, more int)")
    live.connection.execute("CREATE TABLE t (id int)")
    with pytest.raises(SchemaError, match="changed since the plan was made and proven"):
        apply_changes(live.connection, live.target, desired.catalog, adopt=True, proven=preview.plan)
    assert list(read_catalog(live.connection, "public").tables["t"].columns) == ["id"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("jsonb", "int[]", "cannot cast type jsonb to integer[]"),
        ("date", "boolean", "cannot cast type date to boolean"),
        ("int[]", "uuid", "cannot cast type integer[] to uuid"),
    ],
)
def test_a_type_without_a_cast_is_refused_by_the_plan(live: Live, old: str, new: str, words: str) -> None:
    live.connection.execute(f"CREATE TABLE t (c {old})".encode())
    with pytest.raises(CannotPlan) as refused:
        live.plan(f"CREATE TABLE t (c {new})")
    assert f"column t.c: {words}" in str(refused.value)


@pytest.mark.parametrize("new", ["mood", "beside.mood", "pair"])
def test_a_type_of_the_plans_own_is_no_exception(live: Live, new: str) -> None:
    live.connection.execute("CREATE TABLE t (c int)")
    made = (
        "CREATE TYPE mood AS ENUM ('a'); CREATE TYPE pair AS (x int); CREATE SCHEMA beside; "
        "CREATE TYPE beside.mood AS ENUM ('a');"
    )
    with pytest.raises(CannotPlan, match=f"cannot cast type integer to {new}"):
        live.plan(f"{made} CREATE TABLE t (c {new})")


@pytest.mark.parametrize(("old", "new"), [("text", "int"), ("int", "text"), ("text", "mood"), ("mood", "text")])
def test_a_type_with_a_cast_is_planned_and_proven(live: Live, old: str, new: str) -> None:
    kind = "CREATE TYPE mood AS ENUM ('a', 'b');"
    live.connection.execute(f"{kind if old == 'mood' else ''} CREATE TABLE t (c {old})".encode())
    desired, preview = live.plan(f"{kind if 'mood' in (old, new) else ''} CREATE TABLE t (c {new})")
    assert live.prove(desired, preview).passed


def test_differences_say_which_statement_is_wanted() -> None:
    def entry(kind: str, name: str, text: str) -> str:
        return f"--\n-- Name: {name}; Type: {kind}; Schema: app; Owner: me\n--\n\n{text}\n\n"

    reached = entry("TABLE", "t", "CREATE TABLE app.t (\n    b integer,\n    a integer\n);") + entry(
        "RULE", "t r", "x;"
    )
    wanted = entry("TABLE", "t", "CREATE TABLE app.t (\n    a integer,\n    b bigint\n);")
    table, rule = sorted(differences(reached, wanted), key=lambda found: found.kind, reverse=True)
    assert str(table) == "TABLE t: differs (+ wanted, - reached)\n    + b bigint\n    - b integer"
    assert str(rule).startswith("RULE t r: left over")
    assert differences(reached, wanted, apart=["t"]) == []
    assert differences("-- an empty database", "-- another one") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "CREATE TABLE t (a int)\nWITH (fillfactor='50', n='1');",
            "CREATE TABLE t (a int)\nWITH (n='1', fillfactor='50');",
        ),
        ("CREATE POLICY p ON t TO b, a USING (true);", "CREATE POLICY p ON t TO a, b USING (true);"),
        (
            "CREATE POLICY p ON t FOR INSERT TO b, a WITH CHECK (x);",
            "CREATE POLICY p ON t FOR INSERT TO a, b WITH CHECK (x);",
        ),
        ("CREATE POLICY p ON t TO b, a;", "CREATE POLICY p ON t TO a, b;"),
        ("ALTER TABLE t ALTER COLUMN a SET (x=1, b=2);", "ALTER TABLE t ALTER COLUMN a SET (b=2, x=1);"),
        ("GRANT SELECT ON t TO a;\nGRANT SELECT ON t TO b;", "GRANT SELECT ON t TO b;\nGRANT SELECT ON t TO a;"),
        ("CREATE TABLE t (\n    a int CONSTRAINT n NOT NULL\n);", "CREATE TABLE t (\n    a int NOT NULL\n);"),
    ],
)
def test_the_order_in_which_a_list_was_made_is_no_difference(one: str, other: str) -> None:
    head = "--\n-- Name: t; Type: TABLE; Schema: app; Owner: me\n--\n\n"
    assert differences(head + one, head + other) == []
    assert differences(head + one, head + other.replace("a", "z")) != []


def test_scratch_databases_of_killed_runs_are_swept_and_no_others(database: Database) -> None:
    script = (
        "import sys, time\n"
        "from infra.provider.schema.scratch.beside import database_beside\n"
        "with database_beside(sys.stdin.readline().strip()) as scratch:\n"
        "    print(scratch.connection.info.dbname, flush=True)\n"
        "    time.sleep(600)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child, psycopg.connect(database.owner_url, autocommit=True) as owner:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(database.owner_url + "\n")
        child.stdin.flush()
        name = child.stdout.readline().strip()
        assert sweep(owner) == [], "a living run's scratch database was dropped"
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        wait_until(lambda: _sessions(owner, name) == 0, f"the sessions of {name} end")
        with database_beside(database.owner_url):
            left = owner.execute("SELECT datname FROM pg_database WHERE datname = %s", (name,)).fetchall()
        assert left == []


def _sessions(connection: Connection, name: str) -> int:
    row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", (name,)).fetchone()
    assert row is not None
    return int(str(row[0]))
