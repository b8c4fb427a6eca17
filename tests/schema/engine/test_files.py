"""Reading the files: any order, every error at its place, the cache, the scratch server that always goes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from infra.embedded.account import service_account
from infra.embedded.distribution import install, shared_cache
from infra.provider.schema.desired import desired_catalog
from infra.provider.schema.engine import (
    ScratchUnavailable,
    ServerFacts,
    SourceErrors,
    Target,
    UnsupportedObject,
)
from infra.provider.schema.scratch.embedded import PREFIX, sweep
from infra.provider.schema.scratch.opening import choose_scratch, open_scratch
from infra.provider.schema.statements import statement_starts
from tests.conftest import Database
from tests.waiting import wait_until

pytestmark = pytest.mark.server

ROOT = Path(__file__).parent.parent.parent.parent


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / "sql" / f"{name.replace('__', '/')}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "sql"


def errors_of(folder: Path, cache: Path) -> list[str]:
    with pytest.raises(SourceErrors) as caught:
        desired_catalog(folder, Target(), cache)
    return [str(error) for error in caught.value.errors]


def test_files_may_need_each_other_in_any_order(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        a="CREATE VIEW v AS SELECT id FROM t; CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS 'SELECT $1.id';",
        b__c="CREATE TABLE u (t_id int REFERENCES t, m mood);",
        z="CREATE TABLE t (id int PRIMARY KEY); CREATE TYPE mood AS ENUM (); CREATE POLICY p ON u USING (t_id > 1);",
    )
    catalog = desired_catalog(folder, Target(), tmp_path / "cache").catalog
    assert sorted(catalog.tables) == ["t", "u"]
    assert list(catalog.functions) == ["f(t)"]


def test_all_broken_files_are_reported_at_their_places(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        a="-- first\nCREATE TABLE a (\n    id int,\n    wrong nosuchtype\n);\n",
        b="CREATE TABLE b (id int);\n\nCREATE TABLE b2 (id int));\n",
        c="CREATE TABLE c (id int PRIMARY KEY);\nCREATE TABLE c (id int);\n",
        good="CREATE TABLE good (id int);",
    )
    with pytest.raises(SourceErrors) as caught:
        desired_catalog(folder, Target(), tmp_path / "cache")
    assert [str(error) for error in caught.value.errors] == [
        'b.sql:3:25: syntax error at or near ")"\nCREATE TABLE b2 (id int));\n                        ^',
        'c.sql:2:1: relation "c" already exists\nCREATE TABLE c (id int);\n^',
    ]
    # A type that is missing may be one that a broken file was to make.
    assert [str(error) for error in caught.value.consequences] == [
        'a.sql:4:11: type "nosuchtype" does not exist\n    wrong nosuchtype\n          ^'
    ]


def test_a_hint_comes_along(tmp_path: Path) -> None:
    folder = write(tmp_path, a="CREATE TABLE t (name text);\nCREATE VIEW v AS SELECT nam FROM t;\n")
    assert 'HINT: Perhaps you meant to reference the column "t.name".' in errors_of(folder, tmp_path / "cache")[0]


def test_function_bodies_are_checked_at_their_lines(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        a="CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nbegin\n  retrun 1;\nend $$;\n",
        b="CREATE FUNCTION g() RETURNS int LANGUAGE sql AS $$\n  SELECT nothing FROM nowhere\n$$;\n",
    )
    first, second = errors_of(folder, tmp_path / "cache")
    assert first.startswith('a.sql:3:3: syntax error at or near "retrun" (in f())\n  retrun 1;\n  ^')
    assert second.startswith('b.sql:2:23: relation "nowhere" does not exist (in g())')


def test_what_pg_dump_writes_is_read_as_it_is(tmp_path: Path) -> None:
    dumped = "SET row_security = off;\nCREATE TABLE public.t (id integer);\n"
    folder = write(tmp_path, a=f"\\restrict 8xC3rbNC\n\n{dumped}\n\\unrestrict 8xC3rbNC\n")
    catalog = desired_catalog(folder, Target(), tmp_path / "cache").catalog
    assert list(catalog.tables) == ["t"]


def test_of_another_command_of_psqls_it_is_said_that_it_is_one(tmp_path: Path) -> None:
    folder = write(tmp_path, a="CREATE TABLE t (id int);\n\\include more.sql\n")
    (error,) = errors_of(folder, tmp_path / "cache")
    assert error.startswith("a.sql:2:1: syntax error")
    assert "This is a command of psql's" in error


@pytest.mark.parametrize("statement", ["INSERT INTO t VALUES (1)", "COMMIT", "BEGIN", "DELETE FROM t"])
def test_rows_and_transactions_have_no_place(tmp_path: Path, statement: str) -> None:
    folder = write(tmp_path, a=f"CREATE TABLE t (id int);\n{statement};\n")
    assert errors_of(folder, tmp_path / "cache")[0].startswith(
        f"a.sql:2:1: {statement.split(maxsplit=1)[0]} has no place"
    )


def test_what_is_not_modelled_is_refused_by_name(tmp_path: Path) -> None:
    folder = write(tmp_path, a="CREATE TABLE t (a int, b int); CREATE TABLE heir () INHERITS (t);")
    with pytest.raises(UnsupportedObject, match=r"heir"):
        desired_catalog(folder, Target(), tmp_path / "cache")


def test_a_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceErrors, match="no such folder"):
        desired_catalog(tmp_path / "nowhere", Target(), tmp_path)


def test_the_second_read_starts_nothing_and_loads_no_driver(tmp_path: Path) -> None:
    folder, cache = write(tmp_path, a="CREATE TABLE t (id int);"), tmp_path / "cache"
    first = desired_catalog(folder, Target(), cache)
    script = (
        "import json, sys, pathlib, time\n"
        "from infra.provider.schema.desired import desired_catalog\n"
        "from infra.provider.schema.target import Target\n"
        "start = time.perf_counter()\n"
        f"found = desired_catalog(pathlib.Path({str(folder)!r}), Target(), pathlib.Path({str(cache)!r}))\n"
        "took = time.perf_counter() - start\n"
        "print(json.dumps([found.fingerprint, sorted(m for m in ('psycopg', 'infra.embedded', 'psutil') "
        "if m in sys.modules), took]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    found, loaded, _ = json.loads(done.stdout)
    assert (found, loaded) == (first.fingerprint, [])


@pytest.mark.parametrize("damage", ["", "{", '{"tables": 3}', '{"surprise": {}}'])
def test_a_damaged_cache_is_read_anew(tmp_path: Path, damage: str) -> None:
    folder, cache = write(tmp_path, a="CREATE TABLE t (id int);"), tmp_path / "cache"
    first = desired_catalog(folder, Target(), cache)
    next(cache.glob("desired-*.json")).write_text(damage)
    assert desired_catalog(folder, Target(), cache) == first


def test_every_setting_that_matters_is_in_the_caches_key(tmp_path: Path) -> None:
    folder, cache = write(tmp_path, a="CREATE TABLE t (id int);"), tmp_path / "cache"
    for target in (Target(), Target(schema="other"), Target(owner="someone")):
        desired_catalog(folder, target, cache)
    write(tmp_path, a="CREATE TABLE t (id int); -- changed")
    desired_catalog(folder, Target(), cache)
    assert len(list(cache.glob("desired-*.json"))) == 4


def test_which_scratch_auto_means() -> None:
    assert choose_scratch(Target(), "auto") == "embedded"
    assert choose_scratch(Target(server=ServerFacts(180_001)), "auto") == "embedded"
    assert choose_scratch(Target(server=ServerFacts(150_004)), "auto") == "target"
    assert choose_scratch(Target(server=ServerFacts(150_004)), "embedded") == "embedded"


def test_a_scratch_beside_the_target_gives_the_same_catalog(tmp_path: Path, database: Database) -> None:
    folder, cache = write(tmp_path, a="CREATE TABLE t (id int, e extensions.vector(3));"), tmp_path / "cache"
    embedded = desired_catalog(folder, Target(), cache)
    beside = desired_catalog(folder, Target(url=database.admin_url), cache, "target")
    assert beside.scratch == "target"
    assert beside.catalog == embedded.catalog


def test_a_scratch_beside_the_target_says_what_the_role_may_not_do(tmp_path: Path, database: Database) -> None:
    folder = write(tmp_path, a="CREATE TABLE t (id int);")
    with pytest.raises(ScratchUnavailable, match="extension vector can not be created"):
        desired_catalog(folder, Target(url=database.owner_url), tmp_path / "cache", "target")
    with pytest.raises(ScratchUnavailable, match="Give the role CREATEDB"):
        desired_catalog(folder, Target(url=database.backup_url), tmp_path / "cache", "target")


def scratch_folders() -> set[Path]:
    return set((shared_cache(service_account()) / "scratch").glob(f"{PREFIX}{os.getpid()}-*"))


def test_the_scratch_server_goes_also_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), open_scratch(Target(), "embedded"):  # noqa: PT012 - the block is what is tested
        assert len(scratch_folders()) == 1
        raise ZeroDivisionError
    assert scratch_folders() == set()


def test_a_killed_processs_server_is_swept() -> None:
    script = (
        "import time\n"
        "from infra.provider.schema.scratch.opening import open_scratch\n"
        "from infra.provider.schema.target import Target\n"
        "with open_scratch(Target(), 'embedded'):\n"
        "    print('up', flush=True)\n"
        "    time.sleep(600)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    folder = next((shared_cache(service_account()) / "scratch").glob(f"{PREFIX}{child.pid}-*"))
    server = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    assert psutil.pid_exists(server)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    sweep(folder.parent, install(), service_account())  # or another process of these tests did, and is at it still
    wait_until(lambda: not runs(server) and not folder.exists(), "the killed process's server is gone", 60)


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_server_of_an_earlier_commits_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / f"run-{os.getpid()}-176443200000-abcdef"
    theirs.mkdir()
    assert sweep(tmp_path, install(), service_account()) == []
    assert theirs.exists()


def test_statements_are_found_behind_quotes_comments_and_bodies() -> None:
    text = (
        "-- a; b\n/* c; /* d; */ */ SELECT ';', \"x;\", E'\\';', $q$;$q$;\n"
        "CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END;\n"
        "SELECT 2\n"
    )
    assert [text[start:].split(maxsplit=1)[0] for start in statement_starts(text)] == ["SELECT", "CREATE", "SELECT"]
