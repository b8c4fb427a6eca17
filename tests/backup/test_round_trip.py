"""A backup of awkward things, and the same things after a restore."""

import json
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from infra.backup_job.names import STAMP
from tests.backup.conftest import Job, programs
from tests.backup.s3_server import BUCKET
from tests.conftest import Database, Server


def content(url: str) -> dict[str, tuple[int, str]]:
    """Return rows and a hash of all of them for every table."""
    query = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    found = {}
    with psycopg.connect(url) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for (name,) in connection.execute(query).fetchall():
            digest = sql.SQL("SELECT count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM public.{} AS t")
            row = connection.execute(digest.format(sql.SQL(name))).fetchone()
            assert row is not None
            found[name] = (row[0], row[1])
    return found


def test_a_backup_restores_into_a_new_database_with_the_same_content(
    job: Job, filled: Database, server: Server, restored: list[str]
) -> None:
    printed = job.good("run").strip()
    stamp = STAMP.search(printed)
    assert stamp is not None
    assert job.objects() == [
        f"data/distributed_data_backup_{stamp[0]}.dump.zst",
        "data/latest_data_backup.dump.zst",
        f"globals/distributed_globals_backup_{stamp[0]}.json",
        "latest.json",
        f"manifests/distributed_backup_{stamp[0]}.json",
        f"schema/distributed_schema_backup_{stamp[0]}.sql",
        "schema/latest_schema_backup.sql",
    ]

    url = job.good("restore").strip()
    name = urlsplit(url).path.removeprefix("/")
    restored.append(name)
    assert name.startswith(f"{filled.name}_restored_")
    assert server.password not in url
    assert content(server.url(name)) == content(filled.admin_url)
    with psycopg.connect(server.url(name)) as connection:
        assert connection.execute("SHOW search_path").fetchone() == ("public, extensions",)
        assert connection.execute("SELECT nextval('counter')").fetchone() == (42,)
        changed = "UPDATE \"Odd Näme\" SET embedding = '[9,9,9]' WHERE number = 1 RETURNING label"
        assert connection.execute(changed).fetchone() == ("touched",)


def test_the_manifest_says_what_the_snapshot_held(job: Job, filled: Database) -> None:
    job.good("run")
    manifest = json.loads(job.good("list", "--json"))[0]
    assert manifest["latest"] is True
    assert manifest["proof"]["method"] == "restore"
    assert manifest["proof"]["server"] == manifest["server"]["version"]
    assert manifest["contents"]["rows"] == {
        "public.Odd Näme": 50,
        "public.log_2025": 59,
        "public.log_rest": 61,
        "public.secretive": 7,
    }
    assert manifest["contents"]["forced_row_security"] == ["public.secretive"]
    assert set(manifest["extensions"]) == {"uuid-ossp", "vector", "pg_trgm"}
    assert manifest["server"]["database"] == filled.name
    assert manifest["server"]["timeline"] == 1
    assert "policy" in manifest["contents"]["objects"]
    body = job.client.get_object(Bucket=BUCKET, Key=manifest["globals"]["key"])["Body"].read()
    roles = {role["name"]: role for role in json.loads(body)["roles"]}
    assert roles["ecosystem_owner"]["used_here"]
    assert roles["agent"]["used_here"]
    assert not roles["observer"]["used_here"]
    assert not any("password" in key for role in roles.values() for key in role)


def test_the_schema_runs_as_one_script_of_any_client(
    job: Job, filled: Database, server: Server, restored: list[str]
) -> None:
    job.good("run")
    key = job.names.latest_schema
    text = job.client.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
    assert text.rstrip().splitlines()[-1].startswith("-- End of distributed_schema_backup_")
    assert text.count("\\restrict") == 2  # the comment's and the function body's own
    name = f"{filled.name}_editor"
    restored.append(name)
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER ecosystem_owner")
    with psycopg.connect(server.url(name), autocommit=True) as platform:
        platform.execute("CREATE SCHEMA extensions AUTHORIZATION ecosystem_owner")
        platform.execute("CREATE EXTENSION vector SCHEMA extensions")  # as platforms do: it is not the owner's
    with psycopg.connect(server.url(name, "ecosystem_owner")) as editor:
        editor.execute(text.encode())
        editor.execute("SET search_path = public, extensions")
        editor.execute("INSERT INTO \"Odd Näme\" (embedding) VALUES ('[1,2,3]')")
        assert editor.execute("SELECT count(*) FROM moods").fetchone() == (1,)


def test_the_schema_runs_by_psql_alone_and_becomes_the_same(
    job: Job, filled: Database, server: Server, restored: list[str], tmp_path: Path
) -> None:
    """With ON_ERROR_STOP, into an empty database, also of a server before 17, which knows no transaction_timeout."""
    job.good("run")
    text = job.client.get_object(Bucket=BUCKET, Key=job.names.latest_schema)["Body"].read().decode()
    assert "transaction_timeout" not in text
    restored.append(f"{filled.name}_plain")
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {restored[0]} TEMPLATE template0")
    file = tmp_path / "schema.sql"
    file.write_text(text)
    arguments = ["--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--file={file}"]
    with programs(job).start("psql", arguments, server.url(restored[0]), stderr=subprocess.PIPE) as psql:
        errors = psql.communicate(timeout=60)[1].decode()
    assert psql.returncode == 0, errors
    assert schema_dump(job, server.url(restored[0])) == schema_dump(job, filled.admin_url)

    cut = text[: len(text) * 2 // 3]
    assert not cut.rstrip().splitlines()[-1].startswith("-- End of ")


def schema_dump(job: Job, url: str) -> list[str]:
    """Return the lines of pg_dump's schema without owners, but for its word for psql, another one every time."""
    arguments = ["--schema-only", "--no-owner"]
    with programs(job).start("pg_dump", arguments, url, stdout=subprocess.PIPE) as dump:
        text = dump.communicate(timeout=60)[0].decode()
    assert dump.returncode == 0
    return [line for line in text.splitlines() if not line.startswith(("\\restrict ", "\\unrestrict "))]


def test_an_empty_database_is_a_backup_too(job: Job, server: Server, restored: list[str]) -> None:
    job.good("run")
    url = job.good("restore").strip()
    restored.append(urlsplit(url).path.removeprefix("/"))
    assert content(server.url(restored[0])) == {}


def test_the_password_of_a_restored_database_is_shown_on_request(job: Job, server: Server, restored: list[str]) -> None:
    job.good("run")
    url = job.good("restore", "--show-password").strip()
    restored.append(urlsplit(url).path.removeprefix("/"))
    with psycopg.connect(url) as connection:
        assert connection.info.dbname == restored[0]
    assert server.password in url


def test_list_shows_the_contents_of_a_dump(job: Job, filled: Database) -> None:
    assert filled
    job.good("run")
    listing = job.good("restore", "--list")
    assert "TABLE DATA public secretive ecosystem_owner" in listing
