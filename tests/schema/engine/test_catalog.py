"""The catalog: reading, comparing, JSON, the cost of it."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.provider.schema.directives import read_renames
from infra.provider.schema.engine import (
    Catalog,
    Target,
    fingerprint,
    managed_live,
    object_changes,
    plan,
    read_catalog,
)
from infra.provider.schema.errors import SourceErrors, UnsupportedObject
from infra.provider.schema.introspect import QUERIES, outside
from infra.provider.schema.source import SourceFile
from tests.conftest import Database
from tests.schema.engine.conftest import Connection, fill

pytestmark = pytest.mark.server

RICH = """
CREATE TYPE mood AS ENUM ('ok', 'bad');
CREATE DOMAIN label AS text CHECK (value <> '');
CREATE TYPE pair AS (a int, b text);
CREATE SEQUENCE s CACHE 5;
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$ begin return new; end $$;
CREATE TABLE t (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n serial, name label UNIQUE, mood mood DEFAULT 'ok', p pair,
    g int GENERATED ALWAYS AS (id + 1) STORED, e extensions.vector(3)
);
COMMENT ON COLUMN t.id IS 'key';
CREATE INDEX t_mood ON t (mood) WHERE mood = 'bad';
CREATE TABLE child (t_id bigint REFERENCES t ON DELETE CASCADE) WITH (fillfactor = 70);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON t TO agent USING (id > 0);
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf();
CREATE VIEW v AS SELECT id FROM t;
CREATE TABLE log (at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE log_default PARTITION OF log DEFAULT;
GRANT SELECT ON t TO observer WITH GRANT OPTION;
"""


def test_json_round_trip_is_exact(describe: Callable[[str], Catalog]) -> None:
    catalog = describe(RICH)
    through_json = Catalog.from_json(json.loads(json.dumps(catalog.to_json())))
    assert through_json == catalog
    assert through_json.dependencies == catalog.dependencies
    assert fingerprint(through_json) == fingerprint(catalog)
    assert list(through_json.tables["t"].columns) == ["id", "n", "name", "mood", "p", "g", "e"]


def test_json_survives_numbers_as_floats_and_sorted_keys(describe: Callable[[str], Catalog]) -> None:
    def floated(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: floated(value[key]) for key in sorted(value)}
        if isinstance(value, list):
            return [floated(item) for item in value]
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    catalog = describe(RICH)
    assert fingerprint(Catalog.from_json(floated(catalog.to_json()))) == fingerprint(catalog)


def test_the_schemas_own_name_does_not_matter(connection: Connection, target: Target) -> None:
    other = Target(schema="Other-App")
    fill(connection, target, RICH)
    fill(connection, other, RICH)
    try:
        here, there = (read_catalog(connection, name) for name in (target.schema, other.schema))
    finally:
        connection.execute('DROP SCHEMA "Other-App" CASCADE')
    assert here == there
    assert here.functions["tf()"].settings == {"search_path": '"$schema", extensions, pg_temp'}


def test_the_callers_search_path_does_not_matter_and_stays(connection: Connection, target: Target) -> None:
    fill(connection, target, RICH)
    before = read_catalog(connection, target.schema)
    connection.execute("SET search_path = pg_catalog")
    assert read_catalog(connection, target.schema) == before
    assert connection.execute("SHOW search_path").fetchone() == ("pg_catalog",)


def test_a_missing_schema_is_empty(connection: Connection) -> None:
    assert read_catalog(connection, "no_such_schema") == Catalog()


@pytest.mark.parametrize("tables", [1, 25])
def test_the_number_of_queries_is_constant(connection: Connection, target: Target, tables: int) -> None:
    fill(connection, target, "".join(f"CREATE TABLE t{n} (id int PRIMARY KEY, a text);" for n in range(tables)))
    trace = Path(tempfile.mkstemp()[1])
    with trace.open("w") as sink:
        connection.pgconn.trace(sink.fileno())
        try:
            assert len(read_catalog(connection, target.schema).tables) == tables
        finally:
            connection.pgconn.untrace()
    lines = [line.split("\t") for line in trace.read_text().splitlines()]
    trace.unlink()
    queries = sum(line[3:4] == ["CommandComplete"] for line in lines)
    # Besides the queries: a transaction's begin and end, and, each read, set and put back, the search path and the way
    # that plans are kept.
    assert queries == len(QUERIES) + 8
    # In a pipeline they are answered together.
    assert sum(line[3:4] == ["ReadyForQuery"] for line in lines) <= 7


UNSUPPORTED = {
    "base type": "CREATE TYPE b",
    "typed table": "CREATE TYPE c AS (a int); CREATE TABLE t OF c",
    "inheritance of": "CREATE TABLE t (a int); CREATE TABLE u () INHERITS (t)",
    "operator family": "CREATE OPERATOR FAMILY fam USING btree",
    "operator class": "CREATE OPERATOR CLASS cls FOR TYPE int USING hash AS OPERATOR 1 =",
    "foreign table": "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER srv FOREIGN DATA WRAPPER w; "
    "CREATE FOREIGN TABLE ft (a int) SERVER srv",
    "CLUSTER mark on": "CREATE TABLE t (a int); CREATE INDEX i ON t (a); ALTER TABLE t CLUSTER ON i",
    "conversion": "CREATE CONVERSION conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
    "text search parser": "CREATE TEXT SEARCH PARSER p (START = prsd_start, GETTOKEN = prsd_nexttoken, "
    "END = prsd_end, LEXTYPES = prsd_lextype)",
    "function in C, or with TRANSFORM or SUPPORT:": "CREATE FUNCTION f(int, int) RETURNS int LANGUAGE internal "
    "AS 'int4pl'",
    "function hidden by one of the same name": "CREATE FUNCTION app.lower(text) RETURNS text LANGUAGE sql RETURN $1",
    "statistics target on a column of": "CREATE TABLE t (a int); CREATE INDEX i ON t ((a + 1)); "
    "ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 5",
    "publication of more than this schema:": "CREATE TABLE t (a int); CREATE SCHEMA other; "
    "CREATE TABLE other.u (a int); CREATE PUBLICATION pub FOR TABLE app.t, other.u",
    "statistics in another schema than its table": "CREATE TABLE t (a int, b int); CREATE SCHEMA other; "
    "CREATE STATISTICS other.st ON a, b FROM app.t",
    "key that does not hold in every partition:": "CREATE TABLE t (a int NOT NULL) PARTITION BY LIST (a); "
    "CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1); ALTER TABLE ONLY t ADD PRIMARY KEY (a)",
    "trigger in another state than its parent's:": "CREATE TABLE t (a int) PARTITION BY LIST (a); "
    "CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1); "
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$; "
    "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t_1 DISABLE TRIGGER tr",
    "comment on a partition's part of an index": "CREATE TABLE t (a int) PARTITION BY LIST (a); "
    "CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1); CREATE INDEX i ON t (a); COMMENT ON INDEX t_1_a_idx IS 'x'",
    "NOT NULL constraint without validation or inheritance": "CREATE TABLE t (a int); "
    "ALTER TABLE t ADD CONSTRAINT nn NOT NULL a NOT VALID",
    "name or comment of the NOT NULL of a domain:": "CREATE DOMAIN d AS int CONSTRAINT mine NOT NULL",
    "other persistence than its table's, of the sequence": "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY); "
    "ALTER SEQUENCE t_a_seq SET UNLOGGED",
}


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_what_is_not_modelled_is_named(engine_database: Database, target: Target, kind: str) -> None:
    with psycopg.connect(engine_database.admin_url) as superuser, superuser.transaction(force_rollback=True):
        fill(superuser, target, UNSUPPORTED[kind])
        found = read_catalog(superuser, target.schema).unsupported
    assert kind in {item.kind for item in found}


def test_what_is_not_modelled_stops_us_only_on_our_tables(connection: Connection, target: Target) -> None:
    fill(connection, target, "CREATE TABLE ours (a int); CREATE TABLE theirs (a int);")
    connection.execute("CREATE INDEX o ON app.ours (a); CREATE INDEX t ON app.theirs (a)")
    ours = Catalog(tables={"ours": read_catalog(connection, target.schema).tables["ours"]})
    connection.execute("ALTER TABLE app.theirs CLUSTER ON t")
    assert object_changes(managed_live(connection, target, ours), ours) == []
    connection.execute("ALTER TABLE app.ours CLUSTER ON o")
    with pytest.raises(UnsupportedObject, match=r"CLUSTER mark on app\.o"):
        managed_live(connection, target, ours)


OUTSIDE = {
    "schema other": "CREATE SCHEMA other",
    "relation in another schema: other.t": "CREATE SCHEMA other; CREATE TABLE other.t (a int)",
    "function in another schema: other.f()": "CREATE SCHEMA other; CREATE FUNCTION other.f() RETURNS int RETURN 1",
    "type in another schema: other.e": "CREATE SCHEMA other; CREATE TYPE other.e AS ENUM ()",
    "extension btree_gin": "CREATE EXTENSION btree_gin SCHEMA extensions",
    "foreign data wrapper w": "CREATE FOREIGN DATA WRAPPER w",
    "server srv": "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER srv FOREIGN DATA WRAPPER w",
    "user mapping": "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER srv FOREIGN DATA WRAPPER w; "
    "CREATE USER MAPPING FOR PUBLIC SERVER srv",
    "subscription sub": "CREATE SUBSCRIPTION sub CONNECTION '' PUBLICATION p WITH (connect = false, slot_name = NONE)",
    "default privileges for every schema: ": "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
    "comment 'theirs' on extensions": "COMMENT ON SCHEMA extensions IS 'theirs'",
    "owner observer of app": "ALTER SCHEMA app OWNER TO observer",
    "rights {postgres=X/postgres} in another schema, on extensions.similarity(": "REVOKE EXECUTE ON FUNCTION "
    "extensions.similarity(text, text) FROM PUBLIC",
    "rights {postgres=arwdDxtm/postgres} in another schema, on pg_catalog.pg_class": "REVOKE ALL ON pg_class "
    "FROM PUBLIC",
    "rights {": "GRANT CREATE ON SCHEMA extensions TO observer",
    "publication of more than this schema: pub": "CREATE PUBLICATION pub FOR TABLES IN SCHEMA app, extensions",
    "comment 'theirs' on database schema_engine": "COMMENT ON DATABASE schema_engine IS 'theirs'",
    "settings {work_mem=1MB} of database schema_engine": "ALTER DATABASE schema_engine SET work_mem = '1MB'",
    "rights {=T/ecosystem_owner,": "REVOKE CONNECT ON DATABASE schema_engine FROM PUBLIC",
    "owner observer of database schema_engine": "ALTER DATABASE schema_engine OWNER TO observer",
    "rights {postgres=U/postgres} on sql": "REVOKE USAGE ON LANGUAGE sql FROM PUBLIC",
    "large object": "DO $$ BEGIN PERFORM lo_create(0); END $$",
}


@pytest.mark.parametrize("found", OUTSIDE)
def test_what_files_make_outside_of_the_schema_is_named(engine_database: Database, target: Target, found: str) -> None:
    with psycopg.connect(engine_database.admin_url) as superuser, superuser.transaction(force_rollback=True):
        before = outside(superuser, target.schema)
        fill(superuser, target, OUTSIDE[found])
        assert any(item.startswith(found) for item in outside(superuser, target.schema) - before)


def test_an_event_trigger_is_managed_where_the_role_may(engine_database: Database, target: Target) -> None:
    text = "CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS 'begin end'; "
    with psycopg.connect(engine_database.admin_url) as superuser, superuser.transaction(force_rollback=True):
        fill(superuser, target, text)
        without = read_catalog(superuser, target.schema)
        superuser.execute(
            "CREATE EVENT TRIGGER evt ON ddl_command_end WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION app.ev()"
        )
        found = read_catalog(superuser, target.schema)
    assert plan(without, found, target.schema).sql == (
        "CREATE EVENT TRIGGER evt ON ddl_command_end WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION ev();\n"
    )
    assert plan(found, without, target.schema).sql == "DROP EVENT TRIGGER evt;\n"


def test_an_owner_that_the_files_give_is_given(engine_database: Database, target: Target) -> None:
    with psycopg.connect(engine_database.admin_url) as superuser, superuser.transaction(force_rollback=True):
        fill(
            superuser, target, "CREATE TABLE t (a int); ALTER TABLE t OWNER TO observer; CREATE VIEW v AS SELECT 1 AS x"
        )
        found = read_catalog(superuser, target.schema)
    assert found.reader == "postgres"
    assert "ALTER TABLE t OWNER TO observer;\n" in plan(Catalog(), found, target.schema).sql
    assert "OWNER TO postgres" not in plan(Catalog(), found, target.schema).sql


def test_a_directive_above_nothing_is_an_error_with_its_place() -> None:
    text = "CREATE TABLE t (a int);\n-- renamed-from: x\n\nGRANT SELECT ON t TO agent;\n"
    with pytest.raises(SourceErrors, match=r"a\.sql:2:18: renamed-from stands above nothing that has a name"):
        read_renames([SourceFile("a.sql", text)], Catalog())


def test_a_name_has_one_successor() -> None:
    text = "CREATE TABLE t (\n-- renamed-from: x\na int,\n-- renamed-from: x\nb int);\n"
    with pytest.raises(SourceErrors, match=r"a\.sql:4:18: x has two names to come"):
        read_renames([SourceFile("a.sql", text)], Catalog())


def test_a_renamed_object_is_one_row(describe: Callable[[str], Catalog]) -> None:
    old = describe("CREATE TABLE a (id int, n int);")
    new = describe("-- renamed-from: a\nCREATE TABLE b (id int, n int);")
    assert [
        (change.kind, change.name, change.operation, dict(change.paths)) for change in object_changes(old, new)
    ] == [("Table", "b", "update", {"name": "update"})]
