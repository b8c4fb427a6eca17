"""The catalog: reading, comparing, JSON, the cost of it."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.provider.schema.engine import Catalog, Target, fingerprint, managed_live, object_changes, read_catalog
from infra.provider.schema.errors import UnsupportedObject
from infra.provider.schema.introspect import QUERIES
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
    # Besides the queries: a transaction's begin and end, the search path read, set and put back.
    assert queries == len(QUERIES) + 5
    # In a pipeline they are answered together.
    assert sum(line[3:4] == ["ReadyForQuery"] for line in lines) <= 7


UNSUPPORTED = {
    "rule": "CREATE TABLE t (a int); CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING",
    "statistics object": "CREATE TABLE t (a int, b int); CREATE STATISTICS st ON a, b FROM t",
    "aggregate": "CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int)",
    "operator": "CREATE FUNCTION eq(int, text) RETURNS bool LANGUAGE sql RETURN true; "
    "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = text, FUNCTION = eq)",
    "cast": "CREATE TYPE c AS (a int); CREATE FUNCTION to_int(c) RETURNS int LANGUAGE sql RETURN 1; "
    "CREATE CAST (c AS int) WITH FUNCTION to_int(c)",
    "text search configuration": "CREATE TEXT SEARCH CONFIGURATION cfg (PARSER = default)",
    "text search dictionary": "CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = simple)",
    "range or base type": "CREATE TYPE r AS RANGE (subtype = int)",
    "collation": "CREATE COLLATION col (provider = builtin, locale = 'C.UTF-8')",
    "inheritance of": "CREATE TABLE t (a int); CREATE TABLE u () INHERITS (t)",
    "typed table": "CREATE TYPE c AS (a int); CREATE TABLE t OF c",
    "operator family": "CREATE OPERATOR FAMILY fam USING btree",
    "default privileges": "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO observer",
    "publication of": "CREATE TABLE t (a int); CREATE PUBLICATION pub FOR TABLE app.t",
    "event trigger": "CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS 'begin end'; "
    "CREATE EVENT TRIGGER evt ON ddl_command_end EXECUTE FUNCTION ev()",
    "foreign table": "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER srv FOREIGN DATA WRAPPER w; "
    "CREATE FOREIGN TABLE ft (a int) SERVER srv",
    "CLUSTER mark on": "CREATE TABLE t (a int); CREATE INDEX i ON t (a); ALTER TABLE t CLUSTER ON i",
    "function hidden by one of the same name": "CREATE FUNCTION app.lower(text) RETURNS text LANGUAGE sql RETURN $1",
    "NOT NULL constraint without validation or inheritance": "CREATE TABLE t (a int); "
    "ALTER TABLE t ADD CONSTRAINT nn NOT NULL a NOT VALID",
}


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_what_is_not_modelled_is_named(engine_database: Database, target: Target, kind: str) -> None:
    with psycopg.connect(engine_database.admin_url) as superuser, superuser.transaction(force_rollback=True):
        fill(superuser, target, UNSUPPORTED[kind])
        found = read_catalog(superuser, target.schema).unsupported
    assert kind in {item.kind for item in found}


def test_what_is_not_modelled_stops_us_only_on_our_tables(connection: Connection, target: Target) -> None:
    fill(connection, target, "CREATE TABLE ours (a int, b int); CREATE TABLE theirs (a int, b int);")
    ours = Catalog(tables={"ours": read_catalog(connection, target.schema).tables["ours"]})
    connection.execute("CREATE STATISTICS app.st ON a, b FROM app.theirs")
    assert object_changes(managed_live(connection, target, ours), ours) == []
    connection.execute("CREATE STATISTICS app.st2 ON a, b FROM app.ours")
    with pytest.raises(UnsupportedObject, match=r"statistics object app\.st2"):
        managed_live(connection, target, ours)
