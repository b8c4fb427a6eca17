"""The same cases, and the command line, on older PostgreSQL: 15 to 17, where they can be had."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from infra.embedded.account import Account
from infra.provider.schema.directives import read_renames
from infra.provider.schema.engine import (
    CannotPlan,
    Catalog,
    Target,
    apply_changes,
    desired_catalog,
    drop_all,
    managed_live,
    plan,
    preview_changes,
    read_catalog,
    server_facts,
)
from infra.provider.schema.source import SourceFile
from tests.conftest import OWNER
from tests.full_run import FULL, in_full
from tests.schema.command_line.conftest import run_command
from tests.schema.engine.cases import ONLINE, case_folders, case_text, oldest
from tests.schema.engine.conftest import Connection, fill, others_in
from tests.schema.engine.other_servers import NotToBeHad, OtherServer, running

EVERY = 1 if FULL else 5
"""Of the pairs of a case and a version: an odd number, so that each version is met."""
LACKING = ("extensions.", "COMPRESSION lz4")
"""Words of cases that some of the older servers' packages have nothing for: the extensions, and lz4."""

pytestmark = [pytest.mark.server, in_full]


@pytest.fixture(scope="module", params=[15, 16, 17])
def server_of(request: pytest.FixtureRequest, account: Account) -> Iterator[OtherServer]:
    try:
        with running(request.param, account) as server:
            yield server
    except NotToBeHad as reason:
        pytest.skip(str(reason))


@pytest.fixture
def older(server_of: OtherServer) -> Iterator[Connection]:
    with psycopg.connect(server_of.as_owner(), autocommit=True) as connection:
        yield connection
        connection.execute("DROP SCHEMA IF EXISTS app CASCADE; DROP SCHEMA IF EXISTS pgstack CASCADE")


def usable_cases(major: int) -> list[Path]:
    return [
        folder
        for folder in case_folders()
        if oldest(folder) <= major and not any(word in case_text(folder) for word in LACKING)
    ]


def chosen() -> list[object]:
    """Return pairs of a version and a case; what 16 has, 15 or 17 has."""
    pairs = [(major, folder) for major in (15, 17) for folder in usable_cases(major)][::EVERY]
    return [pytest.param(*pair, id=f"{pair[0]}-{pair[1].parent.name}/{pair[1].name}") for pair in pairs]


# The scope in words: beside a parameter that is no fixture it is the test's, and each would have a server of its own.
@pytest.mark.parametrize(("server_of", "folder"), chosen(), indirect=["server_of"], scope="module")
def test_case_on_an_older_server(folder: Path, older: Connection) -> None:
    target = Target(schema="app", extensions=())

    def described(name: str) -> Catalog:
        with older.transaction(force_rollback=True):
            text = (folder / name).read_text()
            fill(older, target, text)
            catalog = read_catalog(older, target.schema, others=others_in(text, target))
            return replace(catalog, renames=read_renames([SourceFile("all.sql", text)], catalog))

    old, new = described("old.sql"), described("new.sql")
    try:
        plan(old, new, target.schema)
    except CannotPlan:
        return
    apply_changes(older, target, old)
    apply_changes(older, target, new, allow=["all"], rules=ONLINE)
    assert managed_live(older, target) == new
    assert preview_changes(older, target, new).plan.sql == ""
    drop_all(older, target)


def test_auto_takes_a_scratch_beside_an_older_target(server_of: OtherServer, older: Connection, tmp_path: Path) -> None:
    (tmp_path / "t.sql").write_text("CREATE TABLE t (id int PRIMARY KEY);")
    facts = server_facts(older)
    target = Target(schema="app", extensions=(), url=server_of.url, server=facts)
    desired = desired_catalog(tmp_path, target, tmp_path / "cache")
    assert facts.major == server_of.major
    assert desired.scratch == "target"
    apply_changes(older, target, desired.catalog)
    assert managed_live(older, target) == desired.catalog


def test_the_command_line_on_an_older_server(server_of: OtherServer, tmp_path: Path) -> None:
    with psycopg.connect(server_of.as_owner(), autocommit=True) as owner:
        owner.execute("CREATE DATABASE by_hand")
    url = server_of.as_owner("by_hand")
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(
            """
            CREATE TYPE mood AS ENUM ('a', 'b');
            CREATE TABLE people (id serial PRIMARY KEY, name text NOT NULL, mood mood DEFAULT 'a');
            CREATE TABLE pets (id int PRIMARY KEY, owner int REFERENCES people, kind varchar(9),
                               CHECK (kind IN ('c', 'd')));
            CREATE VIEW owners AS
            SELECT p.name, count(*) AS pets FROM people p JOIN pets ON pets.owner = p.id GROUP BY 1;
            INSERT INTO people (name) SELECT 'p' || n FROM generate_series(1, 9) n;
            """
        )
    tree = tmp_path / "tree"
    assert run_command("dump", "--dir", tree, url=url).code == 0
    assert run_command("plan", "--dir", tree, url=url).code == 0
    pets = tree / "tables" / "pets.sql"
    pets.write_text(pets.read_text() + "ALTER TABLE pets ADD COLUMN born date; CREATE INDEX pets_born ON pets (born);")
    planned = run_command("plan", "--dir", tree, "--json", url=url)
    assert planned.code == 2, planned
    assert planned.document["proof"] == {"status": "passed", "scratch": "target", "reason": None}
    applied = run_command("apply", "--dir", tree, "--json", url=url)
    assert (applied.code, applied.document["check"]) == (0, "passed")
    assert run_command("drift", "--dir", tree, url=url).code == 0
    with psycopg.connect(url) as owner:
        assert owner.execute("SELECT count(*) FROM people").fetchone() == (9,)
        left = owner.execute("SELECT datname FROM pg_database WHERE datname LIKE 'pgstack_scratch%'").fetchall()
    assert left == []


def test_a_database_beside_sorts_as_its_target(server_of: OtherServer, tmp_path: Path) -> None:
    """In the server's own order a B comes before an a, and the bounds would be empty."""
    (tmp_path / "words.sql").write_text(
        "CREATE TABLE words (word text) PARTITION BY RANGE (word);\n"
        "CREATE TABLE early PARTITION OF words FOR VALUES FROM ('a') TO ('B');\n"
    )
    german = "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LOCALE 'C'"
    with psycopg.connect(server_of.url, autocommit=True) as admin:
        try:
            admin.execute(f"CREATE DATABASE german OWNER {OWNER} TEMPLATE template0 {german}")
        except psycopg.errors.FeatureNotSupported as error:
            pytest.skip(f"{server_of.major}: {error.diag.message_primary}")
        try:
            url = server_of.as_owner("german")
            applied = run_command("apply", "--dir", tmp_path, url=url)
            assert applied.code == 0, applied.err
            assert run_command("plan", "--dir", tmp_path, url=url).code == 0
        finally:
            admin.execute("DROP DATABASE german WITH (FORCE)")
