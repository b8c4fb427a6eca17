"""Several schemas on the command line: those that the files make, those that are named, and those that are neither."""

from pathlib import Path

import psycopg
import pytest

from tests.conftest import Database, Server, fresh_database
from tests.schema.command_line.conftest import Run
from tests.schema.command_line.test_commands import change

pytestmark = pytest.mark.server
AUDIT = (
    "CREATE SCHEMA audit;\n"
    "CREATE TABLE audit.log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, agent int REFERENCES agents);\n"
)


def tables(database: Database) -> set[str]:
    with psycopg.connect(database.owner_url) as owner:
        found = owner.execute("SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname !~ '^pg_|^info'")
        return {str(name) for (name,) in found}


def test_a_schema_of_the_files_comes_and_goes_with_them(run: Run, folder: Path, database: Database) -> None:
    (folder / "audit.sql").write_text(AUDIT)
    planned = run("plan", "--dir", folder)
    assert planned.code == 2
    assert "+ schema audit" in planned.out
    assert "+ table audit.log" in planned.out
    assert "proven on a copy" in planned.out
    assert run("apply", "--dir", folder).code == 0
    assert run("plan", "--dir", folder).code == 0
    assert run("drift", "--dir", folder).code == 0
    change(database, "INSERT INTO agents VALUES (1, 'a'); INSERT INTO audit.log (agent) VALUES (1)")
    (folder / "audit.sql").unlink()
    refused = run("plan", "--dir", folder)
    assert refused.code == 1
    assert "refused: audit.log: 1 row would be lost for good" in refused.out
    assert run("apply", "--dir", folder, "--allow", "DATA_LOSS:audit.log").code == 0
    assert "audit.log" not in tables(database)


@pytest.mark.parametrize("create", ["CREATE SCHEMA", "CREATE SCHEMA IF NOT EXISTS"])
def test_the_usual_schema_of_extensions_is_the_files_where_nobody_else_made_it(
    run: Run, folder: Path, server: Server, create: str
) -> None:
    table = "CREATE TABLE named (name extensions.citext);\n"
    (folder / "named.sql").write_text(f"{create} extensions;\nCREATE EXTENSION citext SCHEMA extensions;\n{table}")
    with fresh_database(server, "template0") as bare:
        applied = run("apply", "--dir", folder, url=bare.owner_url)
        assert applied.code == 0, applied.err
        assert "+ schema extensions" in applied.out
        assert run("plan", "--dir", folder, url=bare.owner_url).code == 0
        assert run("drift", "--dir", folder, url=bare.owner_url).code == 0
        (folder / "named.sql").unlink()
        assert run("apply", "--dir", folder, url=bare.owner_url).code == 0
        with psycopg.connect(bare.owner_url) as owner:
            assert owner.execute("SELECT to_regnamespace('extensions')::text").fetchone() == (None,)


def test_drift_in_it_is_named(run: Run, folder: Path, database: Database) -> None:
    (folder / "audit.sql").write_text(AUDIT + "CREATE INDEX log_agent ON audit.log (agent);\n")
    assert run("apply", "--dir", folder).code == 0
    change(database, "DROP INDEX audit.log_agent; ALTER TABLE audit.log ADD COLUMN sneaky int; CREATE TABLE audit.x ()")
    drifted = run("drift", "--dir", folder)
    assert drifted.code == 2
    assert "- Index audit.log_agent" in drifted.out
    assert "~ Table audit.log [+columns.sneaky]" in drifted.out
    assert "table audit.x" in drifted.out.partition("left alone")[2]
    assert run("apply", "--dir", folder, "--allow", "all").code == 0
    assert run("drift", "--dir", folder).code == 0


def test_a_schema_that_the_files_do_not_name_is_never_touched(run: Run, folder: Path, database: Database) -> None:
    change(
        database, "CREATE SCHEMA realtime; CREATE TABLE realtime.messages (id int); CREATE TABLE public.old (id int)"
    )
    (folder / "audit.sql").write_text(AUDIT)
    applied = run("apply", "--dir", folder, "--prune", "--allow", "all")
    assert applied.code == 0
    assert "realtime" not in applied.out
    assert tables(database) == {"public.agents", "audit.log", "realtime.messages", *ledger()}
    (folder / "audit.sql").unlink()
    assert run("apply", "--dir", folder, "--prune", "--allow", "all").code == 0
    assert tables(database) == {"public.agents", "realtime.messages", *ledger()}


def ledger() -> set[str]:
    return {f"pgstack.{name}" for name in ("managed_schema", "managed_object", "apply_progress")}


def test_the_schema_of_every_database_may_stand_beside(run: Run, folder: Path, database: Database) -> None:
    (folder / "more.sql").write_text("CREATE SCHEMA public;\nCREATE TABLE public.more (id int);\n")
    change(database, "CREATE TABLE public.theirs (id int)")
    planned = run("apply", "--dir", folder, "--schema", "app")
    assert planned.code == 0, planned.err
    assert "SCHEMA public" not in planned.out
    assert "(--prune drops them, another role's schemas if --schema names them): table public.theirs" in planned.out
    assert run("plan", "--dir", folder, "--schema", "app").code == 0
    assert tables(database) == {"app.agents", "public.more", "public.theirs", *ledger()}


def test_one_that_is_needed_and_that_others_made_stays_theirs(run: Run, folder: Path, database: Database) -> None:
    change(database, "CREATE SCHEMA auth; CREATE TABLE auth.users (id int PRIMARY KEY)")
    (folder / "auth.sql").write_text(
        "CREATE SCHEMA IF NOT EXISTS auth;\nCREATE TABLE profile (id int REFERENCES auth.users);\n"
    )
    applied = run("apply", "--dir", folder, "--prune", "--allow", "all")
    assert applied.code == 0, applied.err
    assert "auth.users" not in applied.out.replace("REFERENCES auth.users", "")
    assert run("plan", "--dir", folder).code == 0
    (folder / "more.sql").write_text("CREATE TABLE auth.more ();\n")
    refused = run("plan", "--dir", folder)
    assert refused.code == 1
    assert "relation in another schema: auth.more" in refused.err
    assert run("plan", "--dir", folder, "--schema", "public", "--schema", "auth").code == 1, "there are no users now"
    (folder / "more.sql").write_text("CREATE TABLE auth.users (id int PRIMARY KEY); CREATE TABLE auth.more ();\n")
    assert run("apply", "--dir", folder, "--schema", "public", "--schema", "auth").code == 0
    assert run("plan", "--dir", folder).code == 0, "it is known from now on"


def test_pruning_clears_the_schemas_that_are_made_or_named(run: Run, folder: Path, database: Database) -> None:
    change(
        database,
        "CREATE SCHEMA billing; CREATE TABLE billing.bill (id int); "
        "CREATE SCHEMA audit; CREATE TABLE audit.old (id int); CREATE TABLE audit.log (id int)",
    )
    (folder / "audit.sql").write_text(AUDIT)
    seen = run("plan", "--dir", folder, "--prune", "--allow", "all", "--json").document
    gone = [step["object"] for step in seen["steps"] if step["operation"] == "delete"]
    assert [item["name"] for item in gone if item["kind"] == "table"] == ["audit.old"], "audit is made by the files"
    named = ("--schema", "public", "--schema", "billing", "--schema", "audit")
    applied = run("apply", "--dir", folder, *named, "--prune", "--allow", "all")
    assert applied.code == 0, applied.err
    assert "schema public and audit and billing" in applied.out
    assert tables(database) == {"public.agents", "audit.log", *ledger()}
    assert run("plan", "--dir", folder, *named, "--prune").code == 0


def test_several_are_written_out_as_one_tree(run: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "audit.sql").write_text(
        AUDIT + "GRANT USAGE ON SCHEMA audit TO agent;\nCOMMENT ON SCHEMA audit IS 'x';\n"
    )
    assert run("apply", "--dir", folder).code == 0
    tree = tmp_path / "tree"
    dumped = run("dump", "--dir", tree, "--schema", "public", "--schema", "audit")
    assert dumped.code == 0, dumped.out
    assert "read back: the files describe it whole" in dumped.out
    assert (tree / "schemas" / "audit.sql").read_text().startswith("CREATE SCHEMA audit;\n")
    assert (tree / "tables" / "audit.log.sql").read_text().startswith("CREATE TABLE audit.log (")
    assert run("plan", "--dir", tree).code == 0


@pytest.mark.parametrize("name", ["pg_catalog", "pgstack", "extensions"])
def test_a_schema_that_is_nobodys_to_manage_is_refused(run: Run, folder: Path, name: str) -> None:
    refused = run("plan", "--dir", folder, "--schema", "public", "--schema", name, "--prune")
    assert refused.code == 1
    assert f"schema {name}" in refused.err
