"""Extensions that the files make, over whole updates: what brings them, what they are refused for, what they leave."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from infra.provider.schema.desired import Desired, desired_catalog
from infra.provider.schema.engine import (
    CannotPlan,
    Catalog,
    Collision,
    Plan,
    Preview,
    SchemaError,
    SourceErrors,
    UnsupportedObject,
    apply_changes,
    drop_all,
    preview_changes,
)
from infra.provider.schema.installable import require_installable
from infra.provider.schema.model import Extension
from infra.provider.schema.proof import prove
from infra.provider.schema.target import Target, live_target
from tests.conftest import Database
from tests.schema.engine.conftest import Connection

pytestmark = pytest.mark.server


@dataclass
class Standing:
    """A database whose schema `app` is what one file says, as one role applies it."""

    connection: Connection
    url: str
    folder: Path

    @property
    def target(self) -> Target:
        return live_target(self.connection, self.url, "app")

    def desired(self, text: str) -> Desired:
        (self.folder / "sql").mkdir(exist_ok=True)
        (self.folder / "sql" / "all.sql").write_text(text)
        return desired_catalog(self.folder / "sql", self.target, self.folder / "cache")

    def preview(self, text: str, *, adopt: bool = True, prune: bool = False) -> Preview:
        described = self.desired(text).catalog
        return preview_changes(self.connection, self.target, described, [], adopt=adopt, prune=prune)

    def apply(self, text: str, *, prune: bool = False) -> Plan:
        """Prove the file, apply it, and see that nothing is left to do."""
        desired = self.desired(text)
        preview = self.preview(text, prune=prune)
        proof = prove(self.target, preview.plan, desired, preview.ours, self.folder / "cache")
        assert proof.missing is None
        done = apply_changes(self.connection, self.target, desired.catalog, ["all"], adopt=True, prune=prune)
        assert self.preview(text, prune=prune).plan.sql == ""
        return done

    def run(self, text: str) -> None:
        self.connection.execute(text.encode())

    def installed(self) -> dict[str, tuple[object, object]]:
        rows = self.connection.execute(
            "SELECT e.extname, n.nspname, e.extversion FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace"
        )
        return {str(name): (home, version) for name, home, version in rows.fetchall()}


@pytest.fixture
def owner(database: Database, tmp_path: Path) -> Iterator[Standing]:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        yield Standing(connection, database.owner_url, tmp_path)


@pytest.fixture
def superuser(database: Database, tmp_path: Path) -> Iterator[Standing]:
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        yield Standing(connection, database.admin_url, tmp_path)


def test_one_is_made_before_what_uses_it_and_goes_after_it(owner: Standing) -> None:
    made = owner.apply("CREATE TABLE people (email citext); CREATE EXTENSION citext;")
    assert [str(step.object) for step in made.steps] == ["extension citext", "table people"]
    assert owner.installed()["citext"][0] == "app"
    gone = owner.apply("CREATE TABLE people (id int);")
    assert "DROP EXTENSION citext" in gone.sql
    assert "citext" not in owner.installed()


def test_what_the_files_never_made_stays_as_it_is(owner: Standing) -> None:
    before = owner.installed()
    owner.apply(
        "CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE TABLE t (a text DEFAULT extensions.show_limit()::text);"
    )
    owner.apply("CREATE TABLE u ();", prune=True)
    drop_all(owner.connection, owner.target)
    assert owner.installed() == before


def test_all_of_ours_goes_with_the_schema(owner: Standing) -> None:
    owner.apply("CREATE EXTENSION hstore; CREATE TABLE t (a hstore);")
    drop_all(owner.connection, owner.target)
    assert "hstore" not in owner.installed()


def test_cascade_brings_along_what_is_kept_then(superuser: Standing) -> None:
    made = superuser.apply("CREATE EXTENSION earthdistance CASCADE; CREATE TABLE places (at earth);")
    assert made.sql.startswith("CREATE EXTENSION cube;\nCREATE EXTENSION earthdistance;\n")
    gone = superuser.apply("CREATE TABLE places (id int);")
    assert "DROP EXTENSION earthdistance;\nDROP EXTENSION cube;\n" in gone.sql


def test_what_another_requires_is_asked_for(superuser: Standing) -> None:
    with pytest.raises(SourceErrors, match=r'all\.sql:1:1: required extension "cube" is not installed'):
        superuser.preview("CREATE EXTENSION earthdistance;")


def test_a_version_is_kept_where_a_file_pins_it(owner: Standing) -> None:
    owner.apply("CREATE EXTENSION hstore VERSION '1.6';")
    assert owner.apply("CREATE EXTENSION hstore VERSION '1.7';").sql == "ALTER EXTENSION hstore UPDATE TO '1.7';\n"
    owner.run("ALTER EXTENSION hstore UPDATE TO '1.8'")
    with pytest.raises(CannotPlan, match=r"no way from version 1\.8 to 1\.7; the server has .*1\.8"):
        owner.preview("CREATE EXTENSION hstore VERSION '1.7';")
    assert owner.apply("CREATE EXTENSION hstore;").sql == ""
    assert owner.installed()["hstore"] == ("app", "1.8")


def test_one_that_nothing_uses_moves(superuser: Standing) -> None:
    superuser.apply("CREATE EXTENSION citext SCHEMA extensions; CREATE TABLE people (id int);")
    assert superuser.apply("CREATE EXTENSION citext; CREATE TABLE people (id int);").sql == ""  # it does not say where
    moved = superuser.apply("CREATE EXTENSION citext SCHEMA app; CREATE TABLE people (id int, email citext);")
    assert moved.sql.startswith("ALTER EXTENSION citext SET SCHEMA app;\n")
    with pytest.raises(CannotPlan, match=r"column people\.email uses it\. Move it by hand, ALTER EXTENSION"):
        superuser.preview("CREATE EXTENSION citext SCHEMA extensions; CREATE TABLE people (email citext);")


def test_one_that_its_author_ties_down_does_not_move(superuser: Standing) -> None:
    superuser.apply("CREATE EXTENSION xml2;")
    with pytest.raises(CannotPlan, match="its author has not allowed for it to move"):
        superuser.preview("CREATE EXTENSION xml2 SCHEMA extensions;")


def test_who_can_not_move_its_parts_is_told(owner: Standing) -> None:
    owner.apply("CREATE EXTENSION citext;")
    with pytest.raises(CannotPlan, match="its parts are not ecosystem_owner's"):
        owner.preview("CREATE EXTENSION citext SCHEMA extensions;")


def test_one_that_is_still_used_is_not_dropped(owner: Standing) -> None:
    owner.apply("CREATE EXTENSION citext; CREATE TABLE people (email citext);")
    with pytest.raises(CannotPlan, match=r"column people\.email uses it\. Keep CREATE EXTENSION citext in the files"):
        owner.preview("CREATE TABLE people (email citext);")


def test_prune_drops_what_lives_here_and_is_not_leant_on(superuser: Standing) -> None:
    superuser.run("CREATE SCHEMA app; CREATE EXTENSION citext SCHEMA app; CREATE EXTENSION hstore SCHEMA app")
    superuser.run("CREATE EXTENSION pgcrypto SCHEMA app")
    body = "CREATE FUNCTION salt() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN gen_salt('bf'); END $$;"
    pruned = superuser.apply(f"CREATE TABLE people (email citext); {body}", prune=True)
    assert "DROP EXTENSION hstore" in pruned.sql
    assert {"citext", "pgcrypto", "pg_trgm"} <= superuser.installed().keys()


def test_rows_that_go_with_one_are_counted(superuser: Standing) -> None:
    superuser.apply("CREATE EXTENSION citext;")
    superuser.run("CREATE TABLE app.jobs AS SELECT generate_series(1, 3); ALTER EXTENSION citext ADD TABLE app.jobs")
    preview = superuser.preview("CREATE TABLE t ();")
    assert [refusal.hazard.sentence for refusal in preview.refused] == [
        "citext: 3 rows would be lost for good (jobs goes with it)."
    ]
    superuser.run("DELETE FROM app.jobs")
    assert superuser.preview("CREATE TABLE t ();").refused == []


def test_one_that_others_made_is_taken_over_by_leave(superuser: Standing) -> None:
    superuser.run("CREATE SCHEMA app; CREATE EXTENSION citext SCHEMA app")
    with pytest.raises(Collision, match="extension citext"):
        superuser.preview("CREATE EXTENSION citext;", adopt=False)
    assert superuser.apply("CREATE EXTENSION citext;").sql == ""


def test_one_that_nobody_packaged_is_named_where_it_stands(owner: Standing) -> None:
    with pytest.raises(SourceErrors, match=r'all\.sql:2:1: the server has not got extension "nothing"'):
        owner.preview("CREATE TABLE t ();\nCREATE EXTENSION nothing;")


def test_rights_on_its_parts_are_named(owner: Standing) -> None:
    text = "CREATE EXTENSION hstore; CREATE TABLE t (a hstore); REVOKE EXECUTE ON FUNCTION each(hstore) FROM PUBLIC;"
    with pytest.raises(UnsupportedObject, match=r"rights .* on a part of an extension, app\.each"):
        owner.preview(text)


def test_one_that_takes_a_superuser_is_refused_to_others(owner: Standing) -> None:
    with pytest.raises(SchemaError, match="superuser"):  # a scratch database beside the live one says so itself
        owner.preview("CREATE EXTENSION pg_buffercache;")
    described = Catalog(extensions={"pg_buffercache": Extension("$schema")})
    with pytest.raises(CannotPlan) as refusal:
        require_installable(owner.connection, Plan(Catalog(), described))
    assert str(refusal.value) == (
        "extension pg_buffercache: only a superuser may create it, which ecosystem_owner is not. "
        f"Let one do so in database {owner.connection.info.dbname}: CREATE EXTENSION pg_buffercache; "
        "files may name it then."
    )


def test_who_may_not_create_in_the_database_is_told(owner: Standing, database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(
            f"CREATE SCHEMA app AUTHORIZATION ecosystem_owner; ALTER DATABASE {database.name} OWNER TO postgres"
        )
    with pytest.raises(CannotPlan, match="Let it: GRANT CREATE ON DATABASE"):
        owner.preview("CREATE EXTENSION citext;")


def test_an_extension_of_others_that_no_configuration_names_is_told(owner: Standing, database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("CREATE SCHEMA app AUTHORIZATION ecosystem_owner; CREATE EXTENSION citext SCHEMA app")
    unaware = replace(owner.target, extensions=())
    described = Catalog(extensions={"citext": Extension("$schema")})
    with pytest.raises(CannotPlan, match="it is there already and belongs to postgres"):
        preview_changes(owner.connection, unaware, described)


@pytest.mark.parametrize(
    ("extension", "said"),
    [
        (Extension(), "extension nothing: the server has not got it"),
        (Extension(schema="nowhere"), "extension nothing: the server has not got it"),
    ],
)
def test_what_only_the_scratch_server_has_is_refused(owner: Standing, extension: Extension, said: str) -> None:
    with pytest.raises(CannotPlan, match=said):
        require_installable(owner.connection, Plan(Catalog(), Catalog(extensions={"nothing": extension})))


def test_a_version_or_a_schema_that_is_not_there_is_named(owner: Standing) -> None:
    refused: Callable[[Extension], object] = lambda wanted: require_installable(  # noqa: E731 - said twice below
        owner.connection, Plan(Catalog(), Catalog(extensions={"hstore": wanted}))
    )
    with pytest.raises(CannotPlan, match=r"the server has it in .*, not in 0\.1"):
        refused(Extension(version="0.1"))
    with pytest.raises(CannotPlan, match=r"its schema nowhere does not exist\. Make it: CREATE SCHEMA nowhere"):
        refused(Extension(schema="nowhere"))
