"""The command that takes a backup before the schema resource loses what is there."""

import sys
from pathlib import Path

import pytest

from infra.plugin import UserError
from infra.provider.postgres.schema_inputs import SchemaInputs
from infra.provider.postgres.schema_work import apply
from tests.conftest import Database
from tests.schema.engine.conftest import Connection
from tests.schema.engine.test_partly_applied import inputs, plan_of, surroundings

pytestmark = pytest.mark.server

FIRST = "-- a backup is taken and proven first"


@pytest.fixture
def dropped_column(connection: Connection, engine_database: Database, tmp_path: Path) -> SchemaInputs:
    """What drops a column that holds a value, and is allowed to."""
    apply(surroundings([]), inputs(engine_database, tmp_path, "CREATE TABLE t (id int PRIMARY KEY, n int);"))
    connection.execute("INSERT INTO app.t VALUES (1, 10), (2, NULL)")
    wanted = inputs(engine_database, tmp_path, "CREATE TABLE t (id int PRIMARY KEY);")
    return wanted.model_copy(update={"allow": ["DATA_LOSS:t.n"]})


def with_command(wanted: SchemaInputs, script: Path, text: str) -> SchemaInputs:
    script.write_text(text)
    return wanted.model_copy(update={"backup_command": [sys.executable, str(script)]})


def test_it_runs_while_everything_is_still_there(dropped_column: SchemaInputs, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    reading = f"""
import pathlib, psycopg
with psycopg.connect({dropped_column.url!r}) as connection:
    (total,) = connection.execute("SELECT sum(n) FROM app.t").fetchone()
    pathlib.Path({str(seen)!r}).write_text(str(total))
"""
    wanted = with_command(dropped_column, tmp_path / "backup.py", reading)
    assert FIRST in plan_of(wanted)
    assert not seen.exists(), "a preview only says so"
    said: list[str] = []
    apply(surroundings(said), wanted)
    assert seen.read_text() == "10"
    assert [text.partition(":")[0] for text in said] == [
        "taking a backup first",
        "the backup was taken and proven; the update goes on",
    ]


def test_without_a_backup_nothing_is_lost(connection: Connection, dropped_column: SchemaInputs, tmp_path: Path) -> None:
    wanted = with_command(dropped_column, tmp_path / "backup.py", "raise SystemExit('error: the store is away')")
    with pytest.raises(UserError, match="nothing was changed: error: the store is away") as caught:
        apply(surroundings([]), wanted)
    assert "backupBeforeLoss false" in str(caught.value)
    assert connection.execute("SELECT sum(n) FROM app.t").fetchone() == (10,)


def test_a_column_without_values_needs_none(
    connection: Connection, dropped_column: SchemaInputs, tmp_path: Path
) -> None:
    connection.execute("UPDATE app.t SET n = NULL")
    wanted = with_command(dropped_column, tmp_path / "backup.py", "raise SystemExit(1)")
    assert FIRST not in plan_of(wanted)
    apply(surroundings([]), wanted)


def test_where_none_is_configured_the_loss_is_said(dropped_column: SchemaInputs) -> None:
    assert FIRST not in plan_of(dropped_column)
    said: list[str] = []
    apply(surroundings(said), dropped_column)
    (warning,) = said
    assert warning.startswith("no backup is taken before this: t.n: 1 value would be lost")
