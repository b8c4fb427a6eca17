"""Applying to a live database: ownership, collisions, drift, hazards with numbers, kills."""

from dataclasses import replace

import psycopg
import pytest

from infra.provider.schema import engine
from infra.provider.schema.engine import (
    ApplyFailed,
    Catalog,
    Collision,
    ForeignDependents,
    LockRules,
    Refused,
    SchemaError,
    Target,
    apply_changes,
    drop_all,
    managed_live,
    object_changes,
    preview_changes,
    read_catalog,
    read_ledger,
)
from infra.provider.schema.measuring import measure
from infra.provider.schema.model import ObjectId
from tests.conftest import OWNER, Database
from tests.schema.engine.conftest import Connection, Describe, fill

pytestmark = pytest.mark.server


BASE = "CREATE TABLE agents (id int PRIMARY KEY, region text, note text); CREATE TABLE tasks (id int PRIMARY KEY);"


def applied(connection: Connection, target: Target, describe: Describe, text: str) -> Catalog:
    catalog = describe(text)
    apply_changes(connection, target, catalog, allow=["all"])
    return catalog


def test_the_ledger_knows_what_is_ours(connection: Connection, target: Target, describe: Describe) -> None:
    catalog = applied(connection, target, describe, BASE)
    ledger = read_ledger(connection, target.schema)
    assert ledger is not None
    assert ledger.objects == {ObjectId("table", "agents"), ObjectId("table", "tasks")}
    assert ledger.fingerprint == engine.fingerprint(catalog)
    first = ledger.applied_at
    apply_changes(connection, target, catalog)
    again = read_ledger(connection, target.schema)
    assert again is not None
    assert again.applied_at == first, "a run with nothing to do writes nothing"


def test_objects_of_others_are_neither_touched_nor_drift(
    connection: Connection, target: Target, describe: Describe
) -> None:
    catalog = applied(connection, target, describe, BASE)
    connection.execute("CREATE TABLE app.theirs (id int); CREATE VIEW app.their_view AS SELECT id FROM app.tasks")
    assert preview_changes(connection, target, catalog).plan.steps == ()
    assert managed_live(connection, target) == catalog
    wider = applied(connection, target, describe, BASE + "CREATE TABLE more (id int);")
    assert "theirs" in read_catalog(connection, target.schema).tables
    assert managed_live(connection, target) == wider


def test_grants_on_a_shared_schema_are_ours_or_theirs_one_by_one(
    connection: Connection, admin: Connection, target: Target, describe: Describe
) -> None:
    admin.execute("CREATE SCHEMA app AUTHORIZATION ecosystem_owner; GRANT USAGE ON SCHEMA app TO anon")
    with_grant = BASE + "GRANT USAGE ON SCHEMA app TO agent, observer;"
    catalog = describe(with_grant)
    assert dict(catalog.grants) == {"agent": ("USAGE",), "observer": ("USAGE",)}
    apply_changes(connection, target, catalog)
    assert managed_live(connection, target) == catalog
    fewer = describe(BASE + "GRANT USAGE ON SCHEMA app TO agent;")
    assert apply_changes(connection, target, fewer).sql == "REVOKE USAGE ON SCHEMA app FROM observer;\n"
    assert managed_live(connection, target) == fewer
    drop_all(connection, target)
    left = read_catalog(connection, target.schema).grants
    assert dict(left) == {"anon": ("USAGE",)}


def test_collisions_are_listed_and_adopted_on_request(
    connection: Connection, target: Target, describe: Describe
) -> None:
    connection.execute("CREATE SCHEMA app; CREATE TABLE app.agents (id int PRIMARY KEY, region text)")
    connection.execute("INSERT INTO app.agents VALUES (1, 'eu')")
    catalog = describe(BASE)
    with pytest.raises(Collision, match="table agents") as caught:
        preview_changes(connection, target, catalog)
    assert caught.value.objects == (ObjectId("table", "agents"),)
    with pytest.raises(Collision):
        apply_changes(connection, target, catalog)
    done = apply_changes(connection, target, catalog, adopt=True)
    assert "ALTER TABLE agents ADD COLUMN note text" in done.sql
    assert managed_live(connection, target) == catalog
    assert connection.execute("SELECT region FROM app.agents").fetchall() == [("eu",)]


def test_a_name_held_by_another_kind_is_never_adopted(
    connection: Connection, target: Target, describe: Describe
) -> None:
    connection.execute("CREATE SCHEMA app; CREATE VIEW app.agents AS SELECT 1 AS id")
    with pytest.raises(Collision, match="view agents"):
        preview_changes(connection, target, describe(BASE), adopt=True)


def test_drift_is_shown_and_repaired_unless_it_holds_values(
    connection: Connection, target: Target, describe: Describe
) -> None:
    catalog = applied(connection, target, describe, BASE)
    connection.execute("ALTER TABLE app.agents ADD COLUMN extra text; CREATE INDEX extra_i ON app.agents (region)")
    changes = object_changes(catalog, managed_live(connection, target))
    assert [(change.kind, change.name, change.operation, dict(change.paths)) for change in changes] == [
        ("Index", "extra_i", "create", {}),
        ("Table", "agents", "update", {"columns.extra": "add"}),
    ]
    connection.execute("INSERT INTO app.agents (id, extra) VALUES (1, 'x'), (2, NULL), (3, 'y')")
    preview = preview_changes(connection, target, catalog)
    assert [refusal.hazard.key for refusal in preview.refused] == ["DATA_LOSS:agents.extra"]
    assert "2 values would be lost for good" in str(preview.refused[0])
    with pytest.raises(Refused, match=r"agents\.extra"):
        apply_changes(connection, target, catalog)
    connection.execute("UPDATE app.agents SET extra = NULL")
    assert preview_changes(connection, target, catalog).refused == []
    apply_changes(connection, target, catalog)
    assert managed_live(connection, target) == catalog


def test_partitions_made_at_run_time_belong_to_their_table(
    connection: Connection, target: Target, describe: Describe
) -> None:
    text = (
        "CREATE TABLE log (at date NOT NULL, n int) PARTITION BY RANGE (at);"
        "CREATE TABLE log_default PARTITION OF log DEFAULT; CREATE INDEX log_n ON log (n);"
    )
    catalog = applied(connection, target, describe, text)
    connection.execute("CREATE TABLE app.log_26 PARTITION OF app.log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')")
    connection.execute("INSERT INTO app.log VALUES ('2026-05-05', 1)")
    assert preview_changes(connection, target, catalog).plan.steps == ()
    assert managed_live(connection, target) == catalog
    wider = applied(connection, target, describe, text.replace("n int)", "n int, note text DEFAULT 'x')"))
    assert managed_live(connection, target) == wider
    drop_all(connection, target)
    assert not read_catalog(connection, target.schema).tables


def test_dropping_a_column_counts_its_values(connection: Connection, target: Target, describe: Describe) -> None:
    applied(connection, target, describe, BASE)
    connection.execute(
        "INSERT INTO app.agents SELECT n, CASE WHEN n <= 1204 THEN 'eu' END FROM generate_series(1, 2000) n"
    )
    narrower = describe(BASE.replace("region text, ", ""))
    preview = preview_changes(connection, target, narrower)
    assert str(preview.refused[0]) == (
        "agents.region: 1,204 values would be lost for good (drops the column). "
        "To go ahead, add DATA_LOSS:agents.region to allow."
    )
    assert connection.execute("SELECT count(region) FROM app.agents").fetchone() == (1204,)
    apply_changes(connection, target, narrower, allow=["DATA_LOSS:agents.region"])
    assert connection.execute("SELECT count(*) FROM app.agents").fetchone() == (2000,)


def test_a_count_that_takes_too_long_becomes_an_estimate(
    connection: Connection, target: Target, describe: Describe
) -> None:
    applied(connection, target, describe, BASE)
    connection.execute(
        "INSERT INTO app.agents SELECT n, CASE WHEN n <= 3000 THEN 'eu' END FROM generate_series(1, 12000) n"
    )
    connection.execute("ANALYZE app.agents")
    narrower = describe(BASE.replace("region text, ", ""))
    planned = engine.plan(managed_live(connection, target), narrower, target.schema)
    connection.execute("SET statement_timeout = 0")
    with connection.transaction():
        slow = "CREATE FUNCTION pg_temp.slow() RETURNS bool LANGUAGE sql AS 'SELECT pg_sleep(30) IS NULL'"
        connection.execute(slow.encode())
    (step,) = planned.steps
    (hazard,) = step.hazards
    assert hazard.probe is not None
    slower = replace(hazard, probe=replace(hazard.probe, condition="pg_temp.slow()"))
    measured = measure(
        connection,
        replace(planned, steps=(replace(step, hazards=(slower,)),)),
        target.schema,
        timeout=100,
    )
    assert "about 3,000 values (estimate)" in measured.hazards[0].sentence


def test_rows_hidden_by_row_level_security_are_not_overlooked(
    connection: Connection, admin: Connection, target: Target, describe: Describe
) -> None:
    hidden = BASE + "ALTER TABLE agents ENABLE ROW LEVEL SECURITY; ALTER TABLE agents FORCE ROW LEVEL SECURITY;"
    applied(connection, target, describe, hidden)
    admin.execute("INSERT INTO app.agents VALUES (1, 'eu'), (2, 'us')")
    narrower = describe(hidden.replace("region text, ", ""))
    assert connection.execute("SELECT count(*) FROM app.agents").fetchone() == (0,)
    preview = preview_changes(connection, target, narrower)
    assert "unknown number of values" in str(preview.refused[0])
    visible = hidden + "CREATE POLICY all_rows ON agents TO ecosystem_owner USING (true);"
    applied(connection, target, describe, visible)
    preview = preview_changes(connection, target, describe(visible.replace("region text, ", "")))
    assert "2 values" in str(preview.refused[0])


def test_offending_rows_are_counted_beforehand(connection: Connection, target: Target, describe: Describe) -> None:
    applied(connection, target, describe, BASE)
    connection.execute("INSERT INTO app.agents VALUES (1, NULL, 'abc'), (2, 'eu', 'a')")
    stricter = describe(
        BASE.replace("region text", "region text NOT NULL").replace("note text", "note text CHECK (length(note) > 2)")
    )
    sentences = [str(hazard) for hazard in preview_changes(connection, target, stricter).plan.hazards]
    assert any("fails unless the data fits (SET NOT NULL): 1 row with a null" in sentence for sentence in sentences)
    assert any("1 row in violation" in sentence for sentence in sentences)
    with pytest.raises(ApplyFailed, match=r"contains null values[\s\S]*Nothing was changed"):
        apply_changes(connection, target, stricter)


def test_wider_rights_and_weaker_policies_are_refused(
    connection: Connection, target: Target, describe: Describe
) -> None:
    applied(connection, target, describe, BASE + "ALTER TABLE agents ENABLE ROW LEVEL SECURITY;")
    wanted = describe(BASE + "GRANT SELECT ON agents TO observer;")
    keys = [refusal.hazard.key for refusal in preview_changes(connection, target, wanted).refused]
    assert keys == ["RLS_WEAKENED:agents", "PRIVILEGE_WIDENED:agents"]
    assert preview_changes(connection, target, wanted, allow=keys).refused == []
    assert preview_changes(connection, target, wanted, allow=["all"]).refused == []


def test_a_failing_statement_names_itself_and_undoes_the_rest(
    connection: Connection, target: Target, describe: Describe
) -> None:
    old = applied(connection, target, describe, BASE)
    connection.execute("INSERT INTO app.agents VALUES (1, 'one')")
    new = describe("CREATE TABLE aa (id int);" + BASE.replace("region text", "region int"))
    with pytest.raises(ApplyFailed, match="ALTER COLUMN region TYPE integer") as caught:
        apply_changes(connection, target, new)
    assert "invalid input syntax" in str(caught.value)
    assert managed_live(connection, target) == old


def test_what_others_built_on_ours_is_never_cascaded_onto(
    connection: Connection, target: Target, describe: Describe
) -> None:
    applied(connection, target, describe, BASE)
    connection.execute(
        "CREATE SCHEMA IF NOT EXISTS elsewhere; CREATE VIEW elsewhere.v AS SELECT region FROM app.agents"
    )
    try:
        with pytest.raises(ForeignDependents, match=r"elsewhere\.v"):
            apply_changes(connection, target, describe(BASE.replace("region text, ", "")))
        with pytest.raises(ForeignDependents, match=r"elsewhere\.v"):
            drop_all(connection, target)
        assert "agents" in managed_live(connection, target).tables
    finally:
        connection.execute("DROP SCHEMA elsewhere CASCADE")


def test_a_busy_table_is_tried_again_and_then_reported_with_who_holds_it(
    connection: Connection, engine_database: Database, target: Target, describe: Describe
) -> None:
    old = applied(connection, target, describe, BASE)
    wider = describe(BASE.replace("note text", "note text, extra text"))
    with psycopg.connect(engine_database.owner_url, application_name="a report") as reader:
        reader.execute("SELECT 'a secret' FROM app.agents")
        with pytest.raises(ApplyFailed, match="no lock after 3 attempts of 200 ms") as caught:
            apply_changes(connection, target, wider, rules=LockRules(timeout=200, retries=2))
        told = str(caught.value)
        assert f"pid {reader.info.backend_pid}, role {OWNER}, a report, idle in transaction, in a transaction" in told
        assert "ALTER TABLE agents ADD COLUMN extra text" in told
        assert "secret" not in told
    assert managed_live(connection, target) == old
    apply_changes(connection, target, wider, rules=LockRules(timeout=200, retries=0))
    assert managed_live(connection, target) == wider


def test_supabase_like_default_privileges_are_taken_back(
    connection: Connection, admin: Connection, target: Target
) -> None:
    connection.execute("CREATE SCHEMA app")
    for kind in ("TABLES", "FUNCTIONS", "SEQUENCES"):
        connection.execute(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT ALL ON {kind} TO anon, authenticated".encode()
        )
    text = BASE + "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1; REVOKE EXECUTE ON FUNCTION f FROM PUBLIC;"
    catalog = describe_without_defaults(admin, target, text)
    apply_changes(connection, target, catalog)
    assert managed_live(connection, target) == catalog
    assert connection.execute("SELECT has_table_privilege('anon', 'app.agents', 'SELECT')").fetchone() == (False,)


def describe_without_defaults(admin: Connection, target: Target, text: str) -> Catalog:
    with admin.transaction(force_rollback=True):
        admin.execute("DROP SCHEMA app CASCADE; CREATE SCHEMA app AUTHORIZATION ecosystem_owner")
        admin.execute("SET LOCAL ROLE ecosystem_owner")
        fill(admin, target, text)
        return read_catalog(admin, target.schema)


def test_an_invalid_index_is_made_again(
    connection: Connection, admin: Connection, target: Target, describe: Describe
) -> None:
    catalog = applied(connection, target, describe, BASE + "CREATE INDEX agents_region ON agents (region);")
    admin.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.agents_region'::regclass")
    assert [change.name for change in object_changes(catalog, managed_live(connection, target))] == ["agents_region"]
    done = apply_changes(connection, target, catalog)
    assert [step.sql.split(" ON ")[0] for step in done.steps] == [
        "DROP INDEX agents_region",
        "CREATE INDEX agents_region",
    ]
    assert managed_live(connection, target) == catalog


def test_another_role_than_the_owner_is_refused(admin: Connection, target: Target, describe: Describe) -> None:
    with pytest.raises(SchemaError, match="connect as ecosystem_owner"):
        apply_changes(admin, target, describe(BASE))
