"""`restore --into DATABASE`: a name or a URL, and with --force in the place of what is there."""

import signal
import threading

import psycopg
import pytest
from psycopg import errors

from infra.backup_job import database as job_database
from infra.backup_job.database import connect
from infra.backup_job.swap import swap
from tests.backup.conftest import Job
from tests.backup.held import held_restore
from tests.backup.test_access import owners
from tests.backup.test_round_trip import content
from tests.conftest import Database, Server
from tests.schema.ecosystem.conftest import apply_schema, apply_seeds
from tests.schema.ecosystem.conftest import connect as connect_as_stack


def databases(server: Server, like: str) -> list[str]:
    with psycopg.connect(server.url()) as admin:
        rows = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE %s ORDER BY 1", [like]).fetchall()
    return [name for (name,) in rows]


def test_the_old_database_is_kept_and_the_new_one_is_in_its_place(
    job: Job, filled: Database, server: Server, restored: list[str]
) -> None:
    before = content(filled.admin_url)
    job.good("run")
    with psycopg.connect(filled.admin_url, autocommit=True) as admin:
        admin.execute("DELETE FROM secretive")
        admin.execute("CREATE TABLE newer ()")
    after = content(filled.admin_url)
    refusal = job.refused("restore", "--into", filled.name)
    assert "is not empty" in refusal
    assert "--force" in refusal

    session = psycopg.connect(filled.owner_url)
    done = job.run("restore", "--into", filled.name, "--force")
    kept = databases(server, f"{filled.name}_replaced_%")
    restored += kept
    assert done.returncode == 0, done.stderr
    assert content(filled.admin_url) == before
    assert len(kept) == 1
    assert content(server.url(kept[0])) == after
    assert f'old database kept as {kept[0]}, drop it with DROP DATABASE "{kept[0]}"' in done.stderr
    assert done.stdout.strip().endswith(f"/{filled.name}")
    with pytest.raises(errors.AdminShutdown):
        session.execute("SELECT 1")
    session.close()
    with psycopg.connect(filled.owner_url) as owner:
        owner.execute("SELECT count(*) FROM \"Odd Näme\" WHERE embedding <-> '[0,0,0]' < 1000")
    assert databases(server, f"{filled.name}_restored_%") == []

    status = job.run("status")
    assert status.returncode == 2
    assert "is of another" in status.stdout
    job.good("run")
    assert job.good("status").startswith("good: ")


def test_the_ecosystem_itself_is_replaced_by_the_same(
    job: Job, database: Database, server: Server, restored: list[str]
) -> None:
    apply_schema(database.owner_url)
    apply_seeds(database.owner_url)
    before = owners(database.admin_url)
    job.good("run")
    with connect_as_stack(database.owner_url) as owner:
        owner.execute("TRUNCATE agent_versions CASCADE")
    job.good("restore", "--into", database.name, "--force")
    restored += databases(server, f"{database.name}_replaced_%")
    assert owners(database.admin_url) == before
    with connect_as_stack(database.owner_url) as owner:
        assert owner.execute("SELECT count(*) > 0 FROM agent_versions").fetchone() == (True,)
        owner.execute("CREATE TABLE more (embedding vector(3))")


def test_programs_that_reconnect_all_the_time_meet_the_old_or_the_new_one(
    job: Job, filled: Database, server: Server, restored: list[str]
) -> None:
    job.good("run")
    with psycopg.connect(filled.admin_url, autocommit=True) as admin:
        admin.execute("DELETE FROM secretive")
    stop = threading.Event()
    seen: list[object] = []
    told: list[str] = []

    def read() -> None:
        while not stop.is_set():
            try:
                with psycopg.connect(filled.admin_url, autocommit=True) as connection:
                    while not stop.is_set():
                        seen.append(connection.execute("SELECT count(*) FROM secretive").fetchone())
            except psycopg.OperationalError as error:
                told.append(str(error))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        done = job.run("restore", "--into", filled.name, "--force")
    finally:
        stop.set()
        for reader in readers:
            reader.join()
        restored += databases(server, f"{filled.name}_replaced_%")
    assert done.returncode == 0, done.stderr
    assert set(seen) <= {(0,), (7,)}
    renamed = "It seems to have just been dropped or renamed"
    assert [error for error in told if "does not exist" in error and renamed not in error] == []  # never without one
    assert told
    with psycopg.connect(filled.admin_url) as connection:
        assert connection.execute("SELECT count(*) FROM secretive").fetchone() == (7,)


def test_a_signal_while_it_is_built_leaves_the_old_one(job: Job, big: Database, server: Server) -> None:
    job.good("run")
    process = job.start("restore", "--into", big.name, "--force", "--jobs", "1")
    restore = held_restore(process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert not restore.is_running()
    assert databases(server, f"{big.name}%") == [big.name]
    with psycopg.connect(big.admin_url) as connection:
        assert connection.execute("SELECT count(*) FROM big").fetchone() == (40,)


def test_a_swap_that_fails_in_the_middle_is_none(database: Database, server: Server) -> None:
    """The database that is to take the place is gone: the first rename, which had worked, is undone."""
    with connect(server.url()) as admin, pytest.raises(errors.InvalidCatalogName):
        swap(admin, "nowhere", database.name, f"{database.name}_replaced")
    assert databases(server, f"{database.name}%") == [database.name]


def test_a_database_that_can_not_be_swapped_is_refused_before_anything_is_made(
    job: Job, database: Database, server: Server
) -> None:
    job.good("run")
    assert "there is no database nowhere to replace" in job.refused("restore", "--into", "nowhere", "--force")
    job.set(restore_url=server.url("template1", "ecosystem_owner"))
    words = "database template1 belongs to postgres: replace it as that role or as a superuser"
    assert words in job.refused("restore", "--into", "template1", "--force")
    assert databases(server, "%_restored_%") == []
    assert database


def test_the_password_of_a_url_may_come_from_the_environment(
    job: Job, filled: Database, server: Server, restored: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job.good("run")
    name = f"{filled.name}_target"
    restored.append(name)
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    url = job_database.describe(server.url(name))
    assert server.password not in url
    assert "no password supplied" in job.refused("restore", "--into", url)
    monkeypatch.setenv("PGPASSWORD", server.password)
    assert job.good("restore", "--into", url).strip() == url
    assert content(server.url(name)) == content(filled.admin_url)
    help_text = " ".join(job.good("restore", "--help").split())
    assert "put the password of such a URL into $PGPASSWORD" in help_text


def test_what_into_takes(job: Job, database: Database) -> None:
    job.good("run")
    for wrong in ("postgresql://u:hunter2@[x/y", "postgresql://u:hunter2@h:5432", "user=u password=hunter2"):
        refusal = job.refused("restore", "--into", wrong)
        assert "--into takes the name of a database, or postgresql://user@host:port/database" in refusal
        assert "hunter2" not in refusal
    assert "name it with --into" in job.refused("restore", "--force")
    job.set(restore_url=None)
    assert "$BACKUP_RESTORE_URL" in job.refused("restore", "--into", database.name)
