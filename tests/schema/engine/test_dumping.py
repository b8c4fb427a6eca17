"""A schema written out as a tree of files: it describes the schema whole, and each object has its place."""

from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from infra.provider.schema.dumping import tree, write_tree
from infra.provider.schema.engine import (
    SchemaError,
    Target,
    desired_catalog,
    object_changes,
    preview_changes,
    read_catalog,
)
from infra.provider.schema.files import apply_files
from infra.provider.schema.source import SourceFile, read_files
from infra.provider.schema.target import live_target
from tests.conftest import Database
from tests.schema.engine.cases import case_folders, name_of
from tests.schema.engine.conftest import Connection, fill, others_in, session_of

pytestmark = pytest.mark.server
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("folder", case_folders(), ids=name_of)
def test_every_case_survives_the_tree(folder: Path, connection: Connection, target: Target) -> None:
    text = (folder / "new.sql").read_text()
    others = others_in(text, target)
    fill(connection, target, text)
    live = read_catalog(connection, target.schema, others=others)
    files = tree(live, target.schema)
    with connection.transaction(force_rollback=True):
        for name in (target.schema, *others):
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))
        connection.execute(f"CREATE SCHEMA {target.schema}".encode())
        for name in live.publications:  # they outlive what they publish
            connection.execute(f'DROP PUBLICATION "{name}"'.encode())
        apply_files(connection, [SourceFile(name, text) for name, text in files.items()], session_of(target))
        described = read_catalog(connection, target.schema, others=others)
    assert object_changes(live, described) == []


def test_our_own_schema_comes_back_as_the_tree_it_is_kept_in(database: Database, tmp_path: Path) -> None:
    ours = ROOT / "sql" / "schema"
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        with owner.transaction():
            apply_files(owner, read_files(ours), session_of(Target()))
        target = live_target(owner, database.owner_url, "public")
        live = read_catalog(owner, "public")
        files = tree(live, "public")
        write_tree(files, tmp_path / "tree")
        desired = desired_catalog(tmp_path / "tree", target, tmp_path / "cache")
        assert preview_changes(owner, target, desired.catalog, adopt=True).plan.steps == ()
    kept = {path.relative_to(ours).as_posix() for path in ours.glob("*/*.sql") if path.parent.name != "types"}
    written = {name for name in files if not name.startswith("types/")}
    # Of triggers, those on a partition are kept with its parent's; there is one more file for the schema's grants.
    assert kept - written == set()
    assert {name.partition("/")[0] for name in written - kept} <= {"grants", "triggers"}


def test_where_things_go(connection: Connection, target: Target) -> None:
    fill(
        connection,
        target,
        """
        CREATE TABLE "Odd name" (id serial PRIMARY KEY, at int);
        CREATE TABLE log (at int NOT NULL, PRIMARY KEY (at)) PARTITION BY RANGE (at);
        CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (1) TO (2);
        CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 2';
        REVOKE ALL ON FUNCTION f(int) FROM PUBLIC;
        CREATE MATERIALIZED VIEW mv AS SELECT 1 AS one; CREATE INDEX ON mv (one);
        GRANT SELECT ON log TO agent; GRANT SELECT (at) ON "Odd name" TO agent;
        """,
    )
    files = tree(read_catalog(connection, target.schema), target.schema)
    assert sorted(files) == [
        "functions/f.sql",
        "grants/tables.sql",
        "tables/Odd_name.sql",
        "tables/log.sql",
        "views/mv.sql",
    ]
    assert "CREATE SEQUENCE" in files["tables/Odd_name.sql"]
    assert "PARTITION OF log" in files["tables/log.sql"]
    assert files["functions/f.sql"].count("CREATE FUNCTION") == 2
    assert "REVOKE EXECUTE ON FUNCTION f(integer) FROM PUBLIC;" in files["functions/f.sql"]
    assert "CREATE INDEX" in files["views/mv.sql"]


def test_what_belongs_to_another_role_says_so(connection: Connection, admin: Connection, target: Target) -> None:
    fill(connection, target, "CREATE TABLE t (id serial); CREATE VIEW v AS SELECT 1 AS one;")
    admin.execute("ALTER TABLE app.t OWNER TO agent")
    files = tree(read_catalog(connection, target.schema), target.schema)
    assert files["tables/t.sql"].endswith("ALTER TABLE t OWNER TO agent;\n")
    assert files["tables/t.sql"].count("OWNER TO") == 1
    assert "OWNER" not in files["views/v.sql"]


def test_a_right_of_the_maker_that_the_next_owner_gave_is_written_out(
    connection: Connection, admin: Connection, target: Target
) -> None:
    """What default privileges give to the maker becomes the next owner's own: it has to be given again."""
    maker = "ecosystem_owner"
    own = f"ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO {maker}, observer;"
    fill(connection, target, f"{own} CREATE TABLE t (id int);")
    admin.execute(f"ALTER TABLE app.t OWNER TO agent; GRANT SELECT ON app.t TO {maker}")
    files = tree(read_catalog(connection, target.schema), target.schema)
    assert files["grants/tables.sql"] == f"GRANT SELECT ON TABLE t TO {maker};\n"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "kept.sql").write_text("-- mine")
    with pytest.raises(SchemaError, match=r"already holds \.sql files"):
        write_tree({"tables/t.sql": "CREATE TABLE t ();\n"}, tmp_path)
    assert [path.name for path in tmp_path.rglob("*.sql")] == ["kept.sql"]
    (tmp_path / "file").write_text("")
    with pytest.raises(SchemaError, match="can not be written"):
        write_tree({"t.sql": ""}, tmp_path / "file" / "below")
