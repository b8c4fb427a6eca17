"""What the schema resource tells Pulumi of an update that stops between two phases, and how the next one goes on."""

from pathlib import Path

import psycopg
import pytest

from infra.plugin import Context, PartlyDoneError
from infra.provider.postgres.schema_inputs import SchemaInputs, desired, objects
from infra.provider.postgres.schema_work import apply, say_plan
from tests.conftest import GROUP_ROLES, OWNER, Database
from tests.schema.engine.conftest import Connection

pytestmark = pytest.mark.server


def inputs(database: Database, folder: Path, text: str) -> SchemaInputs:
    (folder / "all.sql").write_text(text)
    given = {
        "url": database.owner_url,
        "schemaName": "app",
        "directory": str(folder),
        "owner": OWNER,
        "roles": [*GROUP_ROLES, "backup"],
        "allow": [],
        "lockTimeout": 1000,
        "lockRetries": 1,
    }
    with psycopg.connect(database.owner_url) as connection:
        version = connection.info.server_version
    catalog = objects(desired(given, version).data)
    return SchemaInputs.model_validate({**given, "serverVersion": version, **catalog})


def plan_of(wanted: SchemaInputs) -> str:
    """Return what a preview says of the plan."""
    said: list[str] = []
    say_plan(surroundings(said), wanted)
    return said[0]


def surroundings(said: list[str]) -> Context:
    """Return a context that collects what is said to the user."""
    return Context(
        "urn:pulumi:s::p::t::schema",
        {},
        {},
        preview=True,
        log=lambda _, text: said.append(text),
        publish=lambda _: None,
    )


def test_half_of_an_update_is_kept_and_the_next_one_goes_on(
    connection: Connection, engine_database: Database, tmp_path: Path
) -> None:
    apply(surroundings([]), inputs(engine_database, tmp_path, "CREATE TABLE t (id int PRIMARY KEY, n int);"))
    connection.execute("INSERT INTO app.t SELECT g, g % 5 FROM generate_series(1, 100000) g")
    wanted = inputs(
        engine_database,
        tmp_path,
        "CREATE TABLE t (id int PRIMARY KEY, n int, more text, CONSTRAINT positive CHECK (n > 0));",
    )
    with pytest.raises(PartlyDoneError, match=r"check constraint \"positive\"[\s\S]*1 of 2 phases are done") as caught:
        apply(surroundings([]), wanted)
    assert caught.value.resource_id == "app"
    assert caught.value.outputs["schemaName"] == "app"
    assert "tables" not in caught.value.outputs
    assert connection.execute("SELECT count(more) FROM app.t").fetchone() == (0,)

    connection.execute("UPDATE app.t SET n = 1 WHERE n = 0")
    said = plan_of(wanted)
    assert "stopped after 1 of 2 phases" in said
    assert "VALIDATE CONSTRAINT positive;  -- lock: SHARE UPDATE EXCLUSIVE" in said
    assert "ADD COLUMN" not in said
    apply(surroundings([]), wanted)
    row = connection.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'positive'").fetchone()
    assert row == (True,)


@pytest.mark.usefixtures("connection")
def test_a_plan_is_proven_unless_the_configuration_says_otherwise(engine_database: Database, tmp_path: Path) -> None:
    wanted = inputs(engine_database, tmp_path, "CREATE TABLE t (id int PRIMARY KEY);")
    assert "-- proven on a copy, in the embedded server" in plan_of(wanted)
    unproven = wanted.model_copy(update={"proof": False})
    assert "-- not proven on a copy: the configuration says `proof: false`" in plan_of(unproven)
    apply(surroundings([]), unproven)
