"""Taking all away: what is ours goes, what is theirs stays, and what ours did elsewhere is taken back."""

from collections.abc import Iterator

import psycopg
import pytest

from infra.provider.schema.engine import (
    ApplyFailed,
    ForeignDependents,
    LockRules,
    Target,
    drop_all,
    read_catalog,
    read_ledger,
)
from tests.conftest import Database
from tests.schema.engine.conftest import Connection, Describe
from tests.schema.engine.test_apply import BASE, applied

pytestmark = pytest.mark.server


def test_drop_all_takes_ours_and_leaves_theirs(connection: Connection, target: Target, describe: Describe) -> None:
    applied(connection, target, describe, BASE + "CREATE VIEW v AS SELECT id FROM tasks; CREATE TYPE e AS ENUM ('a');")
    connection.execute("CREATE TABLE app.theirs (id int)")
    drop_all(connection, target)
    left = read_catalog(connection, target.schema)
    assert [str(item) for item, _ in left.objects()] == ["table theirs"]
    assert read_ledger(connection, target.schema) is None
    assert connection.execute("SELECT to_regnamespace('pgstack') IS NULL").fetchone() == (True,)


def test_drop_all_takes_the_schema_we_made(connection: Connection, target: Target, describe: Describe) -> None:
    applied(connection, target, describe, BASE)
    drop_all(connection, target)
    assert connection.execute("SELECT to_regnamespace('app') IS NULL").fetchone() == (True,)
    drop_all(connection, target)  # and again: nothing is left to do


def test_drop_all_takes_what_was_noted_of_the_schema(
    connection: Connection, target: Target, describe: Describe
) -> None:
    applied(connection, target, describe, BASE)
    connection.execute("CREATE TABLE pgstack.shared AS SELECT unnest('{app,other}'::text[]) AS schema_name")
    connection.execute("CREATE TABLE pgstack.alone AS SELECT 'app' AS schema_name")
    drop_all(connection, target)
    assert connection.execute("SELECT schema_name FROM pgstack.shared").fetchall() == [("other",)]
    assert connection.execute("SELECT to_regclass('pgstack.alone') IS NULL").fetchone() == (True,)
    connection.execute("DROP SCHEMA pgstack CASCADE")


REACHING_OUT = """
    CREATE FUNCTION reached() RETURNS int LANGUAGE sql RETURN 1;
    CREATE FUNCTION let_go() RETURNS void LANGUAGE sql AS 'DROP VIEW elsewhere.v';
"""


@pytest.fixture
def elsewhere(connection: Connection, target: Target, describe: Describe) -> Iterator[None]:
    """A view of others' schema that needs a function of ours."""
    applied(connection, target, describe, BASE + REACHING_OUT)
    connection.execute("CREATE SCHEMA elsewhere; CREATE VIEW elsewhere.v AS SELECT app.reached()")
    yield
    connection.execute("DROP SCHEMA elsewhere CASCADE")


@pytest.mark.usefixtures("elsewhere")
def test_drop_all_first_calls_what_takes_back_what_ours_did_elsewhere(connection: Connection, target: Target) -> None:
    with pytest.raises(ForeignDependents, match=r"view elsewhere\.v depends on function reached"):
        drop_all(connection, target, first="no_such()")
    connection.execute("CREATE VIEW elsewhere.w AS SELECT app.reached()")
    with pytest.raises(ForeignDependents, match=r"view elsewhere\.w"):
        drop_all(connection, target, first="let_go()")
    assert connection.execute("SELECT * FROM elsewhere.v").fetchall() == [(1,)]  # both or nothing
    connection.execute("DROP VIEW elsewhere.w")
    drop_all(connection, target, first="let_go()")
    assert read_ledger(connection, target.schema) is None


@pytest.mark.usefixtures("elsewhere")
def test_drop_all_calls_no_function_that_is_not_ours(connection: Connection, target: Target) -> None:
    connection.execute("CREATE FUNCTION app.theirs() RETURNS void LANGUAGE sql AS 'DROP VIEW elsewhere.v'")
    with pytest.raises(ForeignDependents):
        drop_all(connection, target, first="theirs()")


@pytest.mark.usefixtures("elsewhere")
def test_drop_all_waits_no_longer_than_it_may_for_what_is_elsewhere(
    connection: Connection, engine_database: Database, target: Target
) -> None:
    with psycopg.connect(engine_database.owner_url) as reader:
        reader.execute("SELECT FROM elsewhere.v")
        with pytest.raises(ApplyFailed, match="no lock after 2 attempts of 200 ms") as caught:
            drop_all(connection, target, LockRules(timeout=200, retries=1), first="let_go()")
    assert "Statement: SELECT FROM let_go()" in str(caught.value)
    assert "Held" not in str(caught.value)
