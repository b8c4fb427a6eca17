"""Rights on the schema itself that files take away, whoever gave them."""

import pytest

from infra.provider.schema.engine import (
    Catalog,
    Target,
    apply_changes,
    drop_all,
    managed_live,
    object_changes,
    preview_changes,
    read_ledger,
)
from infra.provider.schema.errors import UnsupportedObject
from infra.provider.schema.model import ObjectId
from tests.schema.engine.conftest import Connection, Describe

pytestmark = pytest.mark.server


BASE = "CREATE TABLE t (id int PRIMARY KEY);"


@pytest.fixture
def opened(connection: Connection, target: Target) -> Connection:
    """The owner's connection to a database whose schema was opened to everyone before it was ours."""
    assert target.schema == "app"
    connection.execute("CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO PUBLIC")
    connection.execute("GRANT ALL ON SCHEMA app TO anon WITH GRANT OPTION")
    return connection


def rights(connection: Connection) -> set[str]:
    return {
        str(text)
        for (text,) in connection.execute("SELECT a::text FROM pg_namespace, unnest(nspacl) AS a WHERE nspname = 'app'")
    }


def statements(connection: Connection, target: Target, desired: Catalog) -> list[str]:
    return [step.sql for step in preview_changes(connection, target, desired).plan.steps]


def test_what_nobody_holds_needs_no_statement(connection: Connection, target: Target, describe: Describe) -> None:
    desired = describe(BASE + "REVOKE ALL ON SCHEMA app FROM PUBLIC;")
    assert desired.revoked == {"PUBLIC": ("CREATE", "USAGE")}
    assert [text[:6] for text in statements(connection, target, desired)] == ["CREATE"]
    apply_changes(connection, target, desired)
    assert managed_live(connection, target, desired) == desired


def test_a_block_takes_away_as_a_statement_does(opened: Connection, target: Target, describe: Describe) -> None:
    block = "DO $$ BEGIN EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', 'app'); END $$;"
    desired = describe(BASE + block)
    assert desired.revoked == {"PUBLIC": ("CREATE", "USAGE")}
    apply_changes(opened, target, desired)
    assert not any(text.startswith("=") for text in rights(opened))


def test_a_block_that_can_not_be_run_twice_is_refused_by_name(
    opened: Connection, target: Target, describe: Describe
) -> None:
    assert opened
    assert target
    block = "DO $$ BEGIN CREATE TABLE once (); REVOKE ALL ON SCHEMA app FROM PUBLIC; END $$;"
    with pytest.raises(UnsupportedObject, match=r'a block that runs only once \(relation "once" already exists'):
        describe(BASE + block)


def test_what_others_gave_is_taken_away(opened: Connection, target: Target, describe: Describe) -> None:
    apply_changes(opened, target, describe(BASE))
    assert len(rights(opened)) == 3, "files that say nothing of it leave it"
    desired = describe(
        BASE + "REVOKE ALL ON SCHEMA app FROM PUBLIC; REVOKE USAGE ON SCHEMA app FROM anon; "
        "/* not all of it */ REVOKE GRANT OPTION FOR CREATE ON SCHEMA app FROM anon;"
    )
    assert statements(opened, target, desired) == [
        "REVOKE USAGE ON SCHEMA app FROM PUBLIC",
        "REVOKE USAGE ON SCHEMA app FROM anon",
        "REVOKE GRANT OPTION FOR CREATE ON SCHEMA app FROM anon",
    ]
    (change,) = preview_changes(opened, target, desired).changes
    assert change.paths == {"revoked.PUBLIC": "update", "revoked.anon": "add"}, "nobody had CREATE to lose"
    apply_changes(opened, target, desired)
    assert rights(opened) == {"ecosystem_owner=UC/ecosystem_owner", "anon=C/ecosystem_owner"}
    assert statements(opened, target, desired) == []


def test_a_right_given_back_by_hand_is_drift(opened: Connection, target: Target, describe: Describe) -> None:
    desired = describe(BASE + "REVOKE USAGE ON SCHEMA app FROM PUBLIC;")
    apply_changes(opened, target, desired)
    assert managed_live(opened, target) == desired
    opened.execute("GRANT USAGE ON SCHEMA app TO PUBLIC")
    (change,) = object_changes(managed_live(opened, target), desired)
    assert (change.kind, change.name) == ("Schema", "schema")
    apply_changes(opened, target, desired)
    assert managed_live(opened, target) == desired


def test_what_the_files_no_longer_say_is_forgotten(opened: Connection, target: Target, describe: Describe) -> None:
    apply_changes(opened, target, describe(BASE + "REVOKE USAGE ON SCHEMA app FROM PUBLIC;"))
    apply_changes(opened, target, describe(BASE + "CREATE TABLE u (id int PRIMARY KEY);"))
    ledger = read_ledger(opened, target.schema)
    assert ledger is not None
    assert ledger.objects == {ObjectId("table", "t"), ObjectId("table", "u")}
    opened.execute("GRANT USAGE ON SCHEMA app TO PUBLIC")
    assert statements(opened, target, describe(BASE + "CREATE TABLE u (id int PRIMARY KEY);")) == []


def test_a_grant_after_it_wins(opened: Connection, target: Target, describe: Describe) -> None:
    desired = describe(BASE + "REVOKE ALL ON SCHEMA app FROM anon; GRANT USAGE ON SCHEMA app TO anon;")
    assert (desired.grants, desired.revoked) == ({"anon": ("USAGE",)}, {"anon": ("CREATE",)})
    apply_changes(opened, target, desired, allow=["all"])
    assert "anon=U/ecosystem_owner" in rights(opened)
    assert managed_live(opened, target, desired) == desired


def test_a_grant_of_ours_that_turns_into_a_revocation_is_taken_once(
    connection: Connection, target: Target, describe: Describe
) -> None:
    apply_changes(connection, target, describe(BASE + "GRANT USAGE ON SCHEMA app TO anon;"))
    desired = describe(BASE + "REVOKE USAGE ON SCHEMA app FROM anon;")
    assert statements(connection, target, desired) == ["REVOKE USAGE ON SCHEMA app FROM anon"]
    apply_changes(connection, target, desired)
    assert managed_live(connection, target) == desired


def test_taking_all_away_gives_nothing_back(opened: Connection, target: Target, describe: Describe) -> None:
    apply_changes(opened, target, describe(BASE + "REVOKE USAGE ON SCHEMA app FROM PUBLIC;"))
    drop_all(opened, target)
    assert not any(text.startswith("=") for text in rights(opened))
