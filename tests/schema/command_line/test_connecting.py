"""How the command line finds its database, and that a password shows up nowhere."""

import threading
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from infra.provider.schema.introspect import read_catalog
from infra.provider.schema.session import session
from tests.conftest import Database
from tests.schema.command_line.conftest import Run

pytestmark = pytest.mark.server


def without_password(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    assert parts.password
    return url.replace(f":{parts.password}@", "@"), parts.password


def test_the_password_comes_from_the_environment_or_a_file(
    run: Run, folder: Path, database: Database, tmp_path: Path
) -> None:
    url, password = without_password(database.owner_url)
    assert run("plan", "--url", url, "--dir", folder, url=None, PGPASSWORD=password).code == 2
    pass_file = tmp_path / "pgpass"
    pass_file.write_text(f"*:*:*:*:{password}\n")
    pass_file.chmod(0o600)
    assert run("plan", "--url", url, "--dir", folder, url=None, PGPASSFILE=str(pass_file)).code == 2


def test_libpqs_own_variables_are_enough(run: Run, folder: Path, database: Database) -> None:
    parts = urlsplit(database.owner_url)
    variables = {
        "PGHOST": str(parts.hostname),
        "PGPORT": str(parts.port),
        "PGUSER": str(parts.username),
        "PGPASSWORD": str(parts.password),
        "PGDATABASE": parts.path[1:],
    }
    assert run("apply", "--dir", folder, url=None, **variables).code == 0
    with psycopg.connect(database.owner_url) as owner:
        assert owner.execute("SELECT to_regclass('agents')").fetchone() == ("agents",)


def test_without_a_database_it_says_how_to_name_one(run: Run, folder: Path) -> None:
    ran = run("plan", "--dir", folder, url=None)
    assert ran.code == 1
    assert "Give --url, or set DATABASE_URL" in ran.err


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://me:hush-hush@127.0.0.1:1/nowhere", "does not answer"),
        ("this is:hush-hush", "no connection string"),
        ("postgresql://me:hush-hush@[bad/x", "no connection string"),
    ],
)
def test_a_wrong_url_is_one_error_without_its_password(run: Run, folder: Path, url: str, words: str) -> None:
    ran = run("plan", "--dir", folder, url=url)
    assert ran.code == 1
    assert words in ran.err
    assert "hush-hush" not in ran.err + ran.out


def test_no_process_shows_the_password_in_its_arguments(run: Run, folder: Path, database: Database) -> None:
    _, password = without_password(database.owner_url)
    seen: list[str] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            for process in psutil.process_iter(["cmdline"]):
                command = " ".join(process.info["cmdline"] or [])
                if "pg_dump" in command or "infra.provider.schema" in command:
                    seen.append(command)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        ran = run("apply", "--dir", folder)
    finally:
        over.set()
        watcher.join()
    assert ran.code == 0
    assert any("pg_dump" in command for command in seen), "pg_dump was never seen: this test sees nothing"
    assert not any(password in command for command in seen)
    assert password not in ran.out + ran.err


def test_a_role_without_createdb_is_told_what_it_can_not_prove(run: Run, folder: Path, database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE plain LOGIN PASSWORD 'x'; GRANT CREATE, USAGE ON SCHEMA public TO plain")
    try:
        url = psycopg.conninfo.make_conninfo(database.owner_url, user="plain", password="x")
        ran = run("plan", "--dir", folder, "--scratch", "target", url=url)
        assert ran.code == 1
        assert "Give the role CREATEDB" in ran.err
        assert run("plan", "--dir", folder, url=url).code == 2
    finally:
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute("DROP OWNED BY plain; DROP ROLE plain")


@pytest.mark.parametrize("looks", [True, False])
def test_what_only_looks_leaves_no_statement_behind(database: Database, looks: bool) -> None:
    """An update's session keeps the plans of the queries that read the catalog."""
    with session(database.owner_url, looks=looks) as connection:
        read_catalog(connection, "public")
        assert bool(connection.execute("SELECT name FROM pg_prepared_statements").fetchall()) != looks
        assert connection.execute("SHOW plan_cache_mode").fetchone() == ("auto",)


def test_help_needs_no_database(run: Run) -> None:
    for arguments in (["--help"], ["plan", "--help"]):
        ran = run(*arguments, url=None)
        assert ran.code == 0
        assert "exit codes:" in ran.out
