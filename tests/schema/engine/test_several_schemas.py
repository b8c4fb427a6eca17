"""Schemas beside the main one: which are ours, what of them is ours, and what is never touched."""

import json
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from infra.provider.schema.desired import desired_catalog
from infra.provider.schema.engine import (
    ApplyFailed,
    Catalog,
    Collision,
    ForeignDependents,
    LockRules,
    Target,
    apply_changes,
    drop_all,
    fingerprint,
    managed_live,
    object_changes,
    preview_changes,
    read_catalog,
    read_ledger,
)
from infra.provider.schema.errors import SchemaError, SourceErrors, UnsupportedObject
from infra.provider.schema.identifiers import Name, Part
from infra.provider.schema.made_schemas import made_schemas
from infra.provider.schema.model import ObjectId
from infra.provider.schema.source import SourceFile
from infra.provider.schema.target import live_target
from tests.conftest import Database
from tests.schema.engine.cases import ONLINE
from tests.schema.engine.conftest import Connection, Describe, fill

pytestmark = pytest.mark.server
AUDIT = """
    CREATE SCHEMA audit;
    COMMENT ON SCHEMA audit IS 'who did what';
    GRANT USAGE ON SCHEMA audit TO agent;
    ALTER DEFAULT PRIVILEGES IN SCHEMA audit GRANT SELECT ON TABLES TO observer;
    CREATE TYPE audit.level AS ENUM ('low', 'high');
    CREATE TABLE audit.log (id serial PRIMARY KEY, level audit.level, t int REFERENCES t);
    CREATE INDEX log_level ON audit.log (level);
    CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
"""
BASE = "CREATE TABLE t (id int PRIMARY KEY);"


@pytest.fixture
def standing(connection: Connection, target: Target, describe: Describe) -> Catalog:
    """The main schema and `audit`, as the engine made them."""
    catalog = describe(BASE + AUDIT)
    apply_changes(connection, target, catalog)
    return catalog


def there(connection: Connection, relation: str) -> bool:
    return connection.execute("SELECT to_regclass(%s) IS NOT NULL", (relation,)).fetchone() == (True,)


def has_schema(connection: Connection, name: str) -> bool:
    return connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", (name,)).fetchone() == (True,)


def test_names_survive_json(standing: Catalog) -> None:
    again = Catalog.from_json(json.loads(json.dumps(standing.to_json())))
    assert again == standing
    assert fingerprint(again) == fingerprint(standing)
    (table,) = (name for name in again.tables if name != "t")
    assert isinstance(table, Name)
    assert (table, table.schema, table.bare) == ("audit.log", "audit", "log")
    (index,) = again.tables[table].indexes
    assert isinstance(index, Name)
    owner = again.sequences["audit.log_id_seq"].owned_by
    assert isinstance(owner, Part)
    assert isinstance(owner.home, Name)
    assert owner.part == "id"


def test_the_ledger_lists_what_is_in_it(standing: Catalog, connection: Connection, target: Target) -> None:
    ledger = read_ledger(connection, target.schema)
    assert ledger is not None
    assert {ObjectId("schema", "audit"), ObjectId("table", "audit.log"), ObjectId("table", "t")} <= ledger.objects
    assert managed_live(connection, target) == standing


DRIFTS = {
    "Table audit.log": "ALTER TABLE audit.log ADD COLUMN sneaky int",
    "Index audit.log_level": "DROP INDEX audit.log_level",
    "Index audit.sneaky": "CREATE INDEX sneaky ON audit.log (t)",
    "Function audit.note()": "ALTER FUNCTION audit.note() SECURITY DEFINER",
    "Enum audit.level": "ALTER TYPE audit.level ADD VALUE 'highest'",
    "Policy audit.log.open": "CREATE POLICY open ON audit.log USING (true)",
    "Trigger audit.log.noted": "CREATE TRIGGER noted AFTER INSERT ON audit.log FOR EACH ROW EXECUTE FUNCTION "
    "audit.note()",
    "Sequence audit.log_id_seq": "ALTER SEQUENCE audit.log_id_seq INCREMENT 3",
    "Schema audit": "COMMENT ON SCHEMA audit IS 'ours'",
}


@pytest.mark.parametrize("shown", DRIFTS)
def test_a_drift_is_seen_and_repaired(standing: Catalog, connection: Connection, target: Target, shown: str) -> None:
    connection.execute(DRIFTS[shown].encode())
    seen = object_changes(managed_live(connection, target), standing)
    assert [f"{change.kind} {change.name}" for change in seen] == [shown]
    apply_changes(connection, target, standing, ["all"])
    assert managed_live(connection, target) == standing
    assert preview_changes(connection, target, standing).plan.steps == ()


@pytest.mark.parametrize(
    "statement",
    [
        "REVOKE USAGE ON SCHEMA audit FROM agent",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA audit REVOKE SELECT ON TABLES FROM observer",
    ],
)
def test_rights_that_the_files_give_on_it_come_back(
    standing: Catalog, connection: Connection, target: Target, statement: str
) -> None:
    connection.execute(statement.encode())
    assert [change.name for change in object_changes(managed_live(connection, target), standing)] == ["audit"]
    apply_changes(connection, target, standing, ["all"])
    assert managed_live(connection, target) == standing


def test_rights_that_others_give_on_it_stay(standing: Catalog, connection: Connection, target: Target) -> None:
    connection.execute("GRANT USAGE ON SCHEMA audit TO maintenance")
    connection.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA audit GRANT SELECT ON TABLES TO maintenance")
    assert managed_live(connection, target) == standing
    assert preview_changes(connection, target, standing).plan.steps == ()


def test_a_schema_that_we_made_goes_with_the_files(standing: Catalog, connection: Connection, target: Target) -> None:
    assert "audit" in standing.schemas
    plan = apply_changes(connection, target, read_base(connection, target), ["all"]).sql
    assert plan.endswith("DROP SCHEMA audit;\n")
    assert not has_schema(connection, "audit")
    assert there(connection, "app.t")


def test_one_with_somebody_elses_table_is_never_dropped(
    standing: Catalog, connection: Connection, target: Target
) -> None:
    assert "audit" in standing.schemas
    connection.execute("CREATE TABLE audit.theirs (id int)")
    with pytest.raises(ForeignDependents, match=r"DROP SCHEMA audit"):
        apply_changes(connection, target, read_base(connection, target), ["all"])
    assert there(connection, "audit.theirs")
    assert there(connection, "audit.log")


def test_everything_goes_at_the_end_but_what_is_theirs(
    standing: Catalog, connection: Connection, target: Target
) -> None:
    assert "audit" in standing.schemas
    connection.execute("CREATE TABLE audit.theirs (id int)")
    drop_all(connection, target)
    assert there(connection, "audit.theirs")
    assert not there(connection, "audit.log")
    apply_changes(connection, target, standing, adopt=True)
    connection.execute("DROP TABLE audit.theirs")
    drop_all(connection, target)
    assert has_schema(connection, "audit"), "others made it before us"


def read_base(connection: Connection, target: Target) -> Catalog:
    live = read_catalog(connection, target.schema)
    return Catalog(tables={"t": live.tables["t"]}, reader=live.reader, names_not_null=live.names_not_null)


SHARED = """
    CREATE SCHEMA IF NOT EXISTS auth;
    CREATE TABLE auth.ours (id int PRIMARY KEY);
"""


@pytest.fixture
def auth(connection: Connection, admin: Connection) -> Connection:
    """Somebody else's schema, in which we may make things."""
    admin.execute(
        "CREATE SCHEMA auth; GRANT USAGE, CREATE ON SCHEMA auth TO ecosystem_owner WITH GRANT OPTION; "
        "GRANT USAGE ON SCHEMA auth TO anon; COMMENT ON SCHEMA auth IS 'theirs'; "
        "CREATE TABLE auth.users (id int PRIMARY KEY)"
    )
    return connection


def test_a_schema_of_others_is_shared(auth: Connection, admin: Connection, target: Target, describe: Describe) -> None:
    desired = describe_beside(describe, SHARED)
    plan = apply_changes(auth, target, desired, ["all"]).sql
    assert plan.startswith("CREATE TABLE auth.ours (")
    assert ";\n" not in plan[:-2], "nothing is done to the schema itself"
    preview = preview_changes(auth, target, desired, ["all"])
    assert preview.plan.steps == ()
    assert [str(item) for item in preview.foreign] == ["table auth.users"]
    assert managed_live(auth, target) == managed_live(auth, target, desired)
    # It is nowhere in the files any more: what is ours in it goes, and it stays.
    gone = apply_changes(auth, target, Catalog(reader=desired.reader), ["all"]).sql
    assert gone == "DROP TABLE auth.ours;\n"
    rights = admin.execute("SELECT has_schema_privilege('anon', 'auth', 'USAGE'), to_regclass('auth.users') IS NULL")
    assert rights.fetchone() == (True, False)


def describe_beside(describe: Describe, text: str) -> Catalog:
    """Read what files describe where the schema is not there, as in a scratch database."""
    data = json.dumps(describe(text.replace("auth", "auth_to_be")).to_json())
    return Catalog.from_json(json.loads(data.replace("auth_to_be", "auth")))


def test_a_stub_does_not_take_the_place_of_the_real_thing(
    auth: Connection, admin: Connection, target: Target, describe: Describe
) -> None:
    admin.execute("ALTER TABLE auth.users ADD COLUMN secret text")
    stub = describe_beside(describe, SHARED + "CREATE TABLE auth.users (id int PRIMARY KEY);")
    with pytest.raises(
        Collision, match=r"(?s)table auth\.users\nThey belong to another role, in a schema that is not yours"
    ):
        apply_changes(auth, target, stub, ["all"], adopt=True)
    named = replace(target, also=("auth",))
    assert "ALTER TABLE auth.users DROP COLUMN secret" in preview_changes(auth, named, stub, adopt=True).plan.sql


def test_even_pruning_leaves_what_was_not_named(auth: Connection, target: Target, describe: Describe) -> None:
    auth.execute("CREATE SCHEMA realtime; CREATE TABLE realtime.messages (id int); CREATE TABLE auth.more (id int)")
    auth.execute(
        "CREATE FUNCTION auth.same(auth.more, auth.more) RETURNS boolean LANGUAGE sql RETURN true; "
        "CREATE OPERATOR auth.=== (FUNCTION = auth.same, LEFTARG = auth.more, RIGHTARG = auth.more); "
        "CREATE TYPE auth.side AS (x int); CREATE TYPE auth.other AS (x int); "
        "CREATE FUNCTION auth.turned(auth.side) RETURNS auth.other LANGUAGE sql RETURN ROW(1)::auth.other; "
        "CREATE CAST (auth.side AS auth.other) WITH FUNCTION auth.turned(auth.side); "
        "CREATE AGGREGATE auth.total(int) (SFUNC = int4pl, STYPE = int); "
        "CREATE RULE quiet AS ON DELETE TO auth.more DO INSTEAD NOTHING; "
        "CREATE PUBLICATION theirs FOR TABLE auth.more"
    )
    desired = describe_beside(describe, SHARED + BASE)
    preview = preview_changes(auth, target, desired, ["all"], adopt=True, prune=True)
    assert "DROP" not in preview.plan.sql
    apply_changes(auth, target, desired, ["all"], adopt=True, prune=True)
    assert there(auth, "auth.users")
    assert there(auth, "auth.more")
    assert there(auth, "realtime.messages")


def test_pruning_clears_what_was_named(database: Database) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute(
            "CREATE SCHEMA billing; CREATE TABLE billing.t (id int); CREATE SCHEMA other; CREATE TABLE other.t ()"
        )
        target = live_target(owner, database.owner_url, "public", ["billing"])
        desired = Catalog(reader=target.owner)
        listed = preview_changes(owner, target, desired).foreign
        assert [str(item) for item in listed] == ["schema billing", "table billing.t"]
        apply_changes(owner, target, desired, ["all"], prune=True)
        assert not has_schema(owner, "billing")
        assert there(owner, "other.t")


def test_names_of_ours_that_are_taken_are_told(
    connection: Connection, admin: Connection, target: Target, describe: Describe
) -> None:
    admin.execute("CREATE SCHEMA audit AUTHORIZATION ecosystem_owner; CREATE TABLE audit.log (id int)")
    with pytest.raises(Collision, match=r"table audit\.log"):
        preview_changes(connection, target, describe(BASE + AUDIT))


def test_a_name_that_reads_as_one_of_another_schema_is_refused(connection: Connection, target: Target) -> None:
    fill(connection, target, 'CREATE SCHEMA audit; CREATE TABLE audit.t (a int); CREATE TABLE "audit.t" (b int)')
    (found,) = read_catalog(connection, target.schema, others=["audit"]).unsupported
    assert str(found) == 'relation whose name reads as one of another schema app."audit.t"'
    assert read_catalog(connection, target.schema).unsupported == ()


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ('CREATE SCHEMA a; create schema if not exists "B c" authorization x; CREATE SCHEMA app;', ["B c", "a"]),
        ("CREATE SCHEMA AUTHORIZATION joe; CREATE SCHEMA s CREATE TABLE t (a int);", ["joe", "s"]),
        ("SELECT 'CREATE SCHEMA a'; -- CREATE SCHEMA b;\nDO $$ BEGIN CREATE SCHEMA c; END $$;", []),
        (
            "CREATE SCHEMA extensions; CREATE SCHEMA pg_mine; CREATE SCHEMA pgstack; CREATE SCHEMA information_schema",
            [],
        ),
    ],
)
def test_which_schemas_files_make(text: str, made: list[str], target: Target) -> None:
    assert list(made_schemas([SourceFile("a.sql", text)], target)) == made


def test_files_are_read_with_the_schemas_they_make(tmp_path: Path, target: Target) -> None:
    cache = tmp_path / "cache"
    tmp_path /= "files"
    tmp_path.mkdir()
    (tmp_path / "a.sql").write_text(AUDIT)
    (tmp_path / "b.sql").write_text(BASE)
    assert set(desired_catalog(tmp_path, target, cache).catalog.tables) == {"audit.log", "t"}
    (tmp_path / "c.sql").write_text("CREATE TABLE nowhere.t ();")
    with pytest.raises(SourceErrors, match=r'c\.sql:1:14: schema "nowhere" does not exist'):
        desired_catalog(tmp_path, target, cache)
    (tmp_path / "c.sql").write_text("DO $$ BEGIN CREATE SCHEMA nowhere; CREATE TABLE nowhere.t (); END $$;")
    with pytest.raises(UnsupportedObject, match=r"relation in another schema: nowhere\.t"):
        desired_catalog(tmp_path, target, cache)
    (tmp_path / "c.sql").write_text(
        "CREATE FUNCTION audit.broken() RETURNS int LANGUAGE sql\nAS $$ SELECT missing FROM t $$;"
    )
    with pytest.raises(SourceErrors, match=r'c\.sql:2:14: column "missing" does not exist \(in audit\.broken\(\)\)'):
        desired_catalog(tmp_path, target, cache)


@pytest.mark.parametrize("name", ["pg_mine", "information_schema", "pgstack", "extensions"])
def test_a_schema_that_is_no_users_is_not_named(database: Database, name: str) -> None:
    with psycopg.connect(database.owner_url) as owner, pytest.raises(SchemaError, match=name):
        live_target(owner, database.owner_url, "public", [name])


@pytest.mark.usefixtures("standing")
def test_an_index_that_failed_in_it_is_cleared_away(connection: Connection, target: Target, describe: Describe) -> None:
    connection.execute("INSERT INTO audit.log (level) VALUES ('low'), ('low')")
    unique = describe(BASE + AUDIT + "CREATE UNIQUE INDEX one_each ON audit.log (level);")
    with pytest.raises(ApplyFailed, match="could not create unique index"):
        apply_changes(connection, target, unique, ["all"], rules=ONLINE)
    assert not there(connection, "audit.one_each")
    connection.execute("INSERT INTO audit.log (level) VALUES ('high'); DELETE FROM audit.log WHERE level = 'low'")
    apply_changes(connection, target, unique, ["all"], rules=ONLINE)
    assert managed_live(connection, target) == unique


@pytest.mark.usefixtures("standing")
def test_who_holds_a_table_in_it_is_named(
    connection: Connection, admin: Connection, target: Target, describe: Describe
) -> None:
    wider = describe(BASE + AUDIT.replace("level audit.level,", "level audit.level, more int,"))
    with admin.transaction():
        admin.execute("LOCK TABLE audit.log IN ACCESS SHARE MODE")
        holder = admin.info.backend_pid
        with pytest.raises(
            ApplyFailed, match=rf"(?s)no lock.*Held at the end by:\n  - pid {holder}, .*ALTER TABLE audit\.log"
        ):
            apply_changes(connection, target, wider, ["all"], rules=LockRules(timeout=200, retries=1))
    apply_changes(connection, target, wider, ["all"])
    assert managed_live(connection, target) == wider
