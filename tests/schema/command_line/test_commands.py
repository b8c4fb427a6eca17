"""plan, apply and drift: exit codes, what is ours and what is not, what a person reads."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.conftest import Database
from tests.schema.command_line.conftest import ROOT, Run

pytestmark = pytest.mark.server


def change(database: Database, text: str) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute(text.encode())


def test_a_plan_an_apply_and_nothing_more_to_do(run: Run, folder: Path, database: Database) -> None:
    planned = run("plan", "--dir", folder)
    assert planned.code == 2
    assert "+ table agents" in planned.out
    assert "CREATE TABLE agents (" in planned.out
    assert "proven on a copy, in the embedded server" in planned.out
    assert planned.out.splitlines()[-1].endswith("1 step over 1 object; planned, nothing was changed.")
    assert "\x1b" not in planned.out
    applied = run("apply", "--dir", folder)
    assert applied.code == 0
    assert "applied in" in applied.out.splitlines()[-1]
    again = run("plan", "--dir", folder)
    assert (again.code, again.err) == (0, "")
    assert "nothing to do" in again.out
    assert run("apply", "--dir", folder).code == 0
    with psycopg.connect(database.owner_url) as owner:
        assert owner.execute("SELECT count(*) FROM agents").fetchone() == (0,)


def test_another_schema_is_made_and_filled(run: Run, folder: Path, database: Database) -> None:
    assert run("apply", "--dir", folder, "--schema", "My App").code == 0
    with psycopg.connect(database.owner_url) as owner:
        assert owner.execute("""SELECT count(*) FROM "My App".agents""").fetchone() == (0,)
    assert run("plan", "--dir", folder, "--schema", "My App").code == 0


def test_a_loss_is_refused_until_it_is_allowed_by_name(run: Run, folder: Path, database: Database) -> None:
    run("apply", "--dir", folder)
    change(database, "INSERT INTO agents VALUES (1, 'a'), (2, 'b')")
    (folder / "agents.sql").write_text("CREATE TABLE agents (id int PRIMARY KEY);\n")
    for command in ("plan", "apply"):
        refused = run(command, "--dir", folder)
        assert refused.code == 1
        assert "refused: agents.name: 2 values would be lost for good" in refused.out
        assert "--allow DATA_LOSS:agents.name" in refused.out
    assert run("plan", "--dir", folder, "--allow", "DATA_LOSS:agents.name").code == 2
    assert run("apply", "--dir", folder, "--allow", "all").code == 0
    with psycopg.connect(database.owner_url) as owner:
        assert owner.execute("SELECT * FROM agents").fetchall() == [(1,), (2,)]


def test_drift_is_named_object_by_object_and_apply_repairs_it(run: Run, folder: Path, database: Database) -> None:
    (folder / "index.sql").write_text("CREATE INDEX agents_name_idx ON agents (name);\n")
    run("apply", "--dir", folder)
    assert run("drift", "--dir", folder).code == 0
    change(
        database, "DROP INDEX agents_name_idx; ALTER TABLE agents ADD COLUMN sneaky int; CREATE VIEW mine AS SELECT 1"
    )
    drifted = run("drift", "--dir", folder)
    assert drifted.code == 2
    assert "- Index agents_name_idx" in drifted.out
    assert "~ Table agents [+columns.sneaky]" in drifted.out
    assert "view mine" in drifted.out.partition("left alone")[2]
    assert run("apply", "--dir", folder).code == 0
    assert run("drift", "--dir", folder).code == 0


def test_files_that_were_never_applied_are_said_to_be(run: Run, folder: Path, database: Database) -> None:
    change(database, "CREATE TABLE agents (id int PRIMARY KEY)")
    drifted = run("drift", "--dir", folder)
    assert drifted.code == 2
    assert "never applied here" in drifted.out
    assert not run("drift", "--dir", folder, "--json").document["files_applied"]


def test_objects_of_our_names_are_adopted_or_refused_by_name(run: Run, folder: Path, database: Database) -> None:
    change(database, "CREATE TABLE agents (id int PRIMARY KEY); INSERT INTO agents SELECT generate_series(1, 3)")
    (folder / "agents.sql").write_text("CREATE TABLE agents (id int PRIMARY KEY, name text);\n")
    refused = run("plan", "--dir", folder, "--no-adopt")
    assert refused.code == 1
    assert "already holds objects of these names" in refused.err
    assert "table agents" in refused.err
    assert run("apply", "--dir", folder).code == 0
    with psycopg.connect(database.owner_url) as owner:
        assert owner.execute("SELECT count(*) FROM agents").fetchone() == (3,)
    assert run("plan", "--dir", folder, "--no-adopt").code == 0


def test_another_kind_under_our_name_is_refused_even_when_adopting(run: Run, folder: Path, database: Database) -> None:
    change(database, "CREATE VIEW agents AS SELECT 1 AS id")
    refused = run("apply", "--dir", folder)
    assert refused.code == 1
    assert "view agents" in refused.err


def test_what_is_not_ours_stays_unless_pruned(run: Run, folder: Path, database: Database) -> None:
    change(database, "CREATE TABLE theirs (id int); CREATE VIEW view_of_theirs AS SELECT * FROM theirs")
    kept = run("apply", "--dir", folder)
    assert kept.code == 0
    assert "left alone" in kept.out
    assert "table theirs, view view_of_theirs" in kept.out
    pruned = run("apply", "--dir", folder, "--prune")
    assert pruned.code == 0, pruned.err
    with psycopg.connect(database.owner_url) as owner:
        assert owner.execute("SELECT to_regclass('theirs'), to_regclass('agents')").fetchone() == (None, "agents")
    change(database, "CREATE TABLE full_one (id int); INSERT INTO full_one VALUES (1)")
    refused = run("apply", "--dir", folder, "--prune")
    assert refused.code == 1
    assert "--allow DATA_LOSS:full_one" in refused.out


def test_prune_replaces_an_object_of_another_kind(run: Run, folder: Path, database: Database) -> None:
    change(database, "CREATE VIEW agents AS SELECT 1 AS id")
    assert run("apply", "--dir", folder, "--prune").code == 0
    with psycopg.connect(database.owner_url) as owner:
        assert owner.execute("SELECT relkind FROM pg_class WHERE relname = 'agents'").fetchone() == ("r",)


def test_prune_spares_partitions_made_at_run_time(run: Run, folder: Path, database: Database) -> None:
    parent = "CREATE TABLE log (at int) PARTITION BY RANGE (at);\nCREATE TABLE log_rest PARTITION OF log DEFAULT;\n"
    (folder / "log.sql").write_text(parent)
    change(database, parent + "CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (1) TO (2);")
    assert run("apply", "--dir", folder, "--prune").code == 0
    named = "CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (2) TO (3);\n"
    with psycopg.connect(database.owner_url) as owner:
        assert owner.execute("SELECT to_regclass('log_1')").fetchone() == ("log_1",)
    (folder / "log.sql").write_text(parent + named)
    assert run("apply", "--dir", folder, "--prune").code == 0
    with psycopg.connect(database.owner_url) as owner:
        assert owner.execute("SELECT to_regclass('log_1'), to_regclass('log_2')").fetchone() == (None, "log_2")


def test_prune_takes_default_privileges_and_what_the_files_name(run: Run, folder: Path, database: Database) -> None:
    change(database, "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO observer WITH GRANT OPTION")
    change(database, "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT ON TABLES TO observer")
    (folder / "rights.sql").write_text("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO observer;")
    assert run("apply", "--dir", folder, "--prune").code == 0
    with psycopg.connect(database.owner_url) as owner:
        rights = "SELECT g.privilege_type, g.is_grantable FROM pg_default_acl d, aclexplode(d.defaclacl) g"
        named = f"{rights} WHERE g.grantee = 'observer'::regrole AND d.defaclnamespace = 'public'::regnamespace"
        assert owner.execute(named).fetchall() == [("SELECT", False)]


def test_an_empty_schema_is_written_out_as_no_files(run: Run, tmp_path: Path) -> None:
    written = run("dump", "--dir", tmp_path / "tree")
    assert (written.code, written.err) == (0, "")
    assert "0 files below" in written.out
    assert list((tmp_path / "tree").iterdir()) == []


def test_the_schema_public_is_closed_by_the_files_and_written_out_closed(
    run: Run, folder: Path, database: Database, tmp_path: Path
) -> None:
    (folder / "rights.sql").write_text("REVOKE ALL ON SCHEMA public FROM PUBLIC;")
    planned = run("plan", "--dir", folder)
    assert "REVOKE USAGE ON SCHEMA public FROM PUBLIC" in planned.out
    assert run("apply", "--dir", folder).code == 0
    assert run("plan", "--dir", folder).code == 0
    with psycopg.connect(database.owner_url) as owner:
        assert owner.execute("SELECT has_schema_privilege('observer', 'public', 'USAGE')").fetchone() == (False,)
    assert run("dump", "--dir", tmp_path / "tree").code == 0
    assert (tmp_path / "tree/grants/schema.sql").read_text() == "REVOKE USAGE ON SCHEMA public FROM PUBLIC;\n"
    assert run("plan", "--dir", tmp_path / "tree").code == 0
    change(database, "GRANT USAGE ON SCHEMA public TO PUBLIC")
    assert run("drift", "--dir", folder).code == 2
    assert run("apply", "--dir", folder).code == 0
    assert run("drift", "--dir", folder).code == 0


def test_a_mistake_in_a_file_is_shown_where_it_is(run: Run, folder: Path) -> None:
    (folder / "agents.sql").write_text("CREATE TABLE agents (\n    id int,\n    nme txt\n);\n")
    broken = run("plan", "--dir", folder)
    assert broken.code == 1
    assert "agents.sql:3:9: type" in broken.err
    assert "nme txt" in broken.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["plan"], "--dir"),
        (["plan", "--dir", "/nowhere"], "error: /nowhere: there is no such folder"),
        (["plan", "--dir", ".", "--schema", "pg_catalog"], "belongs to PostgreSQL"),
        (["plan", "--dir", ".", "--allow", "LOSS:t"], "'LOSS:t' is neither all nor HAZARD:OBJECT"),
        (["plan", "--dir", ".", "--scratch", "nonsense"], "scratch is none of auto, embedded, target"),
        (["plan", "--dir", ".", "--lock-timeout", "0"], "'0' is no whole number above 0"),
        (["explode", "--dir", "."], "invalid choice: 'explode'"),
    ],
)
def test_a_wrong_argument_is_one_clear_error(run: Run, folder: Path, arguments: list[str], words: str) -> None:
    ran = run(*(str(folder) if argument == "." else argument for argument in arguments))
    assert ran.code == 1
    assert words in ran.err


def test_on_a_terminal_it_is_coloured(folder: Path, database: Database) -> None:
    terminal, end = pty.openpty()
    command = [sys.executable, "-m", "infra.provider.schema", "plan", "--no-proof", "--dir", str(folder)]
    environment = {**os.environ, "DATABASE_URL": database.owner_url, "TERM": "xterm"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=end) as process:
        os.close(end)
        seen = b""
        while True:
            try:
                part = os.read(terminal, 65_536)
            except OSError:  # the terminal's other end is closed
                break
            if not part:
                break
            seen += part
    os.close(terminal)
    assert process.returncode == 2
    assert b"\x1b[32m  + table agents" in seen
