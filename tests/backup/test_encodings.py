"""Databases that are not UTF-8: their names and rows come back byte for byte."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.backup.conftest import Job
from tests.backup.s3_server import BUCKET
from tests.conftest import OWNER, Database, Server

ROWS = "SELECT md5(string_agg(encode(convert_to(note, 'SQL_ASCII'), 'hex'), ',' ORDER BY id)), count(*) FROM {}"


@pytest.fixture(params=["LATIN1", "SQL_ASCII", "WIN1252", "EUC_KR"])
def encoded(request: pytest.FixtureRequest, server: Server, job: Job) -> Iterator[Database]:
    """A database of that encoding, which is the one of the job."""
    name = f"test_{request.param.lower()}"
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(
            f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE template0 ENCODING {request.param} "
            "LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc"
        )
    job.set(database_url=server.url(name, "backup"))
    yield Database(name, server.url(name), server.url(name, OWNER), server.url(name, "backup"))
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def fill(database: Database) -> str:
    """Make tables whose names, comments and rows are not ASCII; return the encoding."""
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        encoding = str(owner.info.parameter_status("server_encoding"))
        odd = "\u00fc" if encoding != "EUC_KR" else "\ud55c"
        owner.execute(f"SET client_encoding = '{'LATIN1' if encoding == 'SQL_ASCII' else 'UTF8'}'")
        owner.execute(f'CREATE TABLE "t{odd} x" (id integer PRIMARY KEY, note text)')
        owner.execute(f"COMMENT ON TABLE \"t{odd} x\" IS 'a comment: {odd}'")
        owner.execute(f"INSERT INTO \"t{odd} x\" SELECT i, repeat('{odd}', i) FROM generate_series(1, 9) AS i")
        owner.execute(f'CREATE TABLE child (id integer CONSTRAINT "f{odd}" REFERENCES "t{odd} x" (id))')
    return encoding


def rows(url: str) -> object:
    """Return a hash of the bytes of all rows, and of the bytes of the comments."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "SET client_encoding = 'LATIN1'" if _is_of_bytes(connection) else "SET client_encoding = 'UTF8'"
        )
        found = connection.execute("SELECT oid::regclass::text FROM pg_class WHERE relname LIKE 't%x'").fetchone()
        assert found is not None
        comments = connection.execute(
            "SELECT md5(string_agg(description, ',')) FROM pg_description WHERE objoid >= 16384"
        )
        return connection.execute(ROWS.format(found[0])).fetchone(), comments.fetchone()


def _is_of_bytes(connection: psycopg.Connection) -> bool:
    return connection.info.parameter_status("server_encoding") == "SQL_ASCII"


def test_it_is_backed_up_proven_and_restored(job: Job, encoded: Database, server: Server, restored: list[str]) -> None:
    encoding = fill(encoded)
    job.good("run")
    for arguments in (["--jobs", "1"], ["--jobs", "2"]):
        restored.append(urlsplit(job.good("restore", *arguments).strip()).path.removeprefix("/"))
        assert rows(server.url(restored[-1])) == rows(encoded.admin_url)
    assert "TABLE DATA public child" in job.good("restore", "--list")
    table = next(name for name in job.manifest().contents.rows if name.endswith(" x"))
    restored.append(urlsplit(job.good("restore", "--only", table).strip()).path.removeprefix("/"))
    assert rows(server.url(restored[-1])) == rows(encoded.admin_url)

    body = job.client.get_object(Bucket=BUCKET, Key=job.names.latest_schema)["Body"].read()
    assert f"SET client_encoding = '{'SQL_ASCII' if encoding == 'SQL_ASCII' else 'UTF8'}';".encode() in body
    if encoding == "SQL_ASCII":
        assert b"a comment: \xfc" in body
    else:
        assert b"a comment: " + ("\ud55c" if encoding == "EUC_KR" else "\u00fc").encode() in body
