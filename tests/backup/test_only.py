"""`restore --only TABLE`: the rows of some tables, in a schema that has everything but foreign keys."""

from pathlib import Path

import psycopg
import pytest
import zstandard
from pyrage import x25519

from tests.backup.conftest import Job
from tests.backup.s3_server import BUCKET
from tests.backup.test_damage import body_of, latest_data, restored_databases
from tests.backup.test_encryption import key_file
from tests.backup.test_round_trip import content
from tests.conftest import Database, Server

ODD = "Odd Näme"


@pytest.fixture
def related(filled: Database) -> Database:
    """The same with foreign keys, one of them with a comment, one of a partitioned table."""
    with psycopg.connect(filled.owner_url, autocommit=True) as owner:
        owner.execute('ALTER TABLE "Odd Näme" ADD UNIQUE (number)')
        owner.execute('CREATE TABLE child (parent bigint CONSTRAINT "odd key" REFERENCES "Odd Näme" (number))')
        owner.execute("COMMENT ON CONSTRAINT \"odd key\" ON child IS 'says something'")
        owner.execute('INSERT INTO child SELECT number FROM "Odd Näme"')
        owner.execute("CREATE TABLE noted (moment timestamptz REFERENCES log (moment))")
        owner.execute('ALTER TABLE log ADD COLUMN about bigint REFERENCES "Odd Näme" (number)')
        owner.execute("COMMENT ON CONSTRAINT noted_moment_fkey ON noted IS 'too'")
    return filled


def test_the_rows_of_some_tables_come_back_and_the_schema_with_them(
    job: Job, related: Database, server: Server, restored: list[str]
) -> None:
    job.good("run")
    before = content(related.admin_url)
    done = job.run("restore", "--only", "child", "--only", "public.log_2025")
    assert done.returncode == 0, done.stderr
    restored.append(done.stdout.strip().rpartition("/")[2])
    rows = before["child"][0] + before["log_2025"][0]
    assert f"tables 2, rows {rows}" in done.stderr
    after = content(server.url(restored[0]))
    assert after.keys() == before.keys()
    for table in ("child", "log_2025"):
        assert after[table] == before[table]
    for table in ('"Odd Näme"', "secretive", "log_rest"):
        assert after[table][0] == 0
    with psycopg.connect(server.url(restored[0])) as connection:
        kinds = connection.execute("SELECT array_agg(DISTINCT contype::text) FROM pg_constraint").fetchone()
        assert kinds is not None
        assert "f" not in kinds[0]
        assert {"p", "u", "c"} <= set(kinds[0])


def test_it_works_with_a_name_of_two_words_into_an_empty_database_and_encrypted(
    job: Job, related: Database, server: Server, restored: list[str], tmp_path: Path
) -> None:
    identity = x25519.Identity.generate()
    job.set(encryption_recipients=[str(identity.to_public())], encryption_identity_file=key_file(tmp_path, identity))
    job.good("run")
    name = f"{related.name}_part"
    restored.append(name)
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    job.good("restore", "--only", ODD, "--into", name)
    after, before = content(server.url(name)), content(related.admin_url)
    assert after['"Odd Näme"'] == before['"Odd Näme"']
    assert after["child"][0] == 0


def test_a_lost_row_or_object_is_noticed_all_the_same(job: Job, related: Database, server: Server) -> None:
    job.good("run")
    contents = job.manifest().contents
    constraints = {**contents.objects["constraint"], "child_check on public.child": "0"}
    stamp = job.forge(
        rows={**contents.rows, "public.child": 51}, objects={**contents.objects, "constraint": constraints}
    )
    refusal = job.refused("restore", "--at", stamp, "--only", "child")
    assert "public.child has 50 rows of 51; constraint child_check on public.child is missing" in refusal
    assert restored_databases(server) == []
    assert related


def test_a_damaged_dump_leaves_nothing_in_an_empty_database(
    job: Job, big: Database, server: Server, restored: list[str]
) -> None:
    """The chosen rows come before 40 MB of others, and are whole: the object is another dump all the same."""
    job.good("run")
    data = latest_data(job)
    dump = zstandard.ZstdDecompressor().decompressobj().decompress(body_of(job, data.key))
    other = zstandard.ZstdCompressor(level=1, write_checksum=True).compress(dump)
    job.client.put_object(Bucket=BUCKET, Key=data.key, Body=other)
    restored.append(f"{big.name}_part")
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {restored[0]}")
    assert f"{data.key} is damaged" in job.refused("restore", "--only", ODD, "--into", restored[0], code=3)
    assert content(server.url(restored[0])) == {}


def test_what_can_not_be_chosen(job: Job, related: Database, server: Server) -> None:
    with psycopg.connect(related.owner_url, autocommit=True) as owner:
        owner.execute("CREATE SCHEMA other")
        owner.execute("CREATE TABLE other.child ()")
    job.good("run")
    refusal = job.refused("restore", "--only", "log")
    assert "--only log: this backup has no table of that name with rows of its own" in refusal
    assert "there are other.child, public.Odd Näme, public.child" in refusal
    assert "there are several: other.child, public.child: name one with its schema" in job.refused(
        "restore", "--only", "child"
    )
    assert "leave --force out" in job.refused("restore", "--only", "secretive", "--into", related.admin_url, "--force")
    assert restored_databases(server) == []
