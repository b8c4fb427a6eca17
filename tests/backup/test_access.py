"""Owners, grants and what lies on the database itself: they come back, and the comparison sees them."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from infra.backup_job import catalog, database, facts
from infra.backup_job.compare import require_same
from infra.backup_job.errors import BackupError
from infra.backup_job.store import ObjectStore
from tests.backup.conftest import Job
from tests.conftest import Database, Server

OWNERS = """
SELECT 'schema', nspname, nspowner::regrole::text, coalesce(nspacl, acldefault('n', nspowner))::text[]
FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL
SELECT 'relation', c.oid::regclass::text, relowner::regrole::text,
    coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relowner))::text[]
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE nspname IN ('public', 'fleet') AND relkind IN ('r', 'p', 'v', 'S')
UNION ALL
SELECT 'column', attrelid::regclass || '.' || attname, NULL, attacl::text[] FROM pg_attribute
WHERE attacl IS NOT NULL AND attrelid >= 16384
UNION ALL
SELECT 'function', oid::regprocedure::text, proowner::regrole::text, coalesce(proacl, acldefault('f', proowner))::text[]
FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'type', oid::regtype::text, typowner::regrole::text, coalesce(typacl, acldefault('T', typowner))::text[]
FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e')
UNION ALL
SELECT 'default', defaclnamespace::regnamespace || ' ' || defaclobjtype::text, defaclrole::regrole::text,
    defaclacl::text[]
FROM pg_default_acl
UNION ALL
SELECT 'database', '', datdba::regrole::text, coalesce(datacl, acldefault('d', datdba))::text[]
FROM pg_database WHERE datname = current_database()
UNION ALL
SELECT 'limit and comment', shobj_description(oid, 'pg_database'), datconnlimit::text, NULL
FROM pg_database WHERE datname = current_database()
UNION ALL
SELECT 'parameters', setrole::regrole::text, NULL, setconfig FROM pg_db_role_setting
WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def owners(url: str) -> set[tuple[str, str, str, tuple[str, ...]]]:
    """Return who owns and may use what, by another query than the job's own."""
    with psycopg.connect(url) as connection:
        connection.execute("SET search_path = ''")
        rows = connection.execute(OWNERS).fetchall()
    return {(kind, name, owner, tuple(sorted(acl or []))) for kind, name, owner, acl in rows}


@pytest.fixture
def guarded(filled: Database) -> Database:
    """The filled database with grants of every kind, and its own things on the database itself."""
    with psycopg.connect(filled.admin_url, autocommit=True) as admin:
        admin.execute(Path(__file__).with_name("access.sql").read_text().encode())
        for command in (
            "REVOKE CONNECT ON DATABASE {} FROM PUBLIC",
            "GRANT CONNECT ON DATABASE {} TO backup, observer WITH GRANT OPTION",
            "ALTER DATABASE {} CONNECTION LIMIT 40",
            "COMMENT ON DATABASE {} IS 'the fleet''s'",
            "ALTER DATABASE {} SET work_mem = '8MB'",
            "ALTER ROLE anon IN DATABASE {} SET statement_timeout = '3s'",
        ):
            admin.execute(sql.SQL(command).format(sql.Identifier(filled.name)))
    return filled


def test_owners_grants_and_settings_come_back(job: Job, guarded: Database, server: Server, restored: list[str]) -> None:
    job.good("run")
    name = urlsplit(job.good("restore").strip()).path.removeprefix("/")
    restored.append(name)
    assert owners(server.url(name)) == owners(guarded.admin_url)
    with psycopg.connect(server.url(name, "ecosystem_owner")) as owner:
        assert owner.execute("SELECT '[1,2]'::extensions.vector::text").fetchone() == ("[1,2]",)
    manifest = json.loads(job.good("list", "--json"))[0]
    access = manifest["contents"]["access"]
    assert access["schema"]["extensions"] == {
        "owner": "ecosystem_owner",
        "grants": ["agent=USAGE*/ecosystem_owner", "anon=USAGE/agent", "ecosystem_owner=ALL/ecosystem_owner"],
    }
    assert "extensions.vector" not in access["type"]


def test_an_existing_database_becomes_the_backed_up_one(
    job: Job, guarded: Database, server: Server, restored: list[str]
) -> None:
    """It belongs to another, and has the extensions already, in a schema of somebody else's, as on a platform."""
    job.good("run")
    name = f"{guarded.name}_platform"
    restored.append(name)
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        admin.execute(f"GRANT CREATE ON DATABASE {name} TO agent")
        admin.execute(f"ALTER DATABASE {name} SET lock_timeout = '1s'")
    with psycopg.connect(server.url(name), autocommit=True) as platform:
        platform.execute("CREATE SCHEMA extensions")
        platform.execute("CREATE EXTENSION vector SCHEMA extensions")
    job.good("restore", "--into", name)
    assert owners(server.url(name)) == owners(guarded.admin_url)


def test_a_database_without_the_schema_public_comes_back_without(
    job: Job, database: Database, server: Server, restored: list[str]
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("DROP SCHEMA public")
    job.good("run")
    name = urlsplit(job.good("restore").strip()).path.removeprefix("/")
    restored.append(name)
    with psycopg.connect(server.url(name)) as connection:
        assert connection.execute("SELECT to_regnamespace('public'), to_regnamespace('extensions')").fetchone() == (
            None,
            "extensions",
        )


CHANGES = [
    ("ALTER SCHEMA extensions OWNER TO postgres", "schema extensions belongs to postgres, it was ecosystem_owner's"),
    ("REVOKE USAGE ON SCHEMA fleet FROM orchestrator", "schema fleet lacks the grant orchestrator=ALL/"),
    ("ALTER TABLE log OWNER TO agent", "table public.log belongs to agent"),
    ("GRANT DELETE ON log TO agent", "table public.log has another grant agent=DELETE/ecosystem_owner"),
    ('REVOKE GRANT OPTION FOR UPDATE ON "Odd Näme" FROM orchestrator', "grant orchestrator=SELECT,UPDATE*/"),
    ("REVOKE UPDATE (note) ON secretive FROM orchestrator", "column public.secretive.note lacks the grant orch"),
    ("GRANT UPDATE (owner_name) ON secretive TO agent", "column public.secretive.owner_name has another grant agent="),
    ("REVOKE USAGE ON SEQUENCE counter FROM agent", "sequence public.counter lacks the grant agent=USAGE/"),
    ("GRANT EXECUTE ON FUNCTION near TO PUBLIC", "has another grant PUBLIC=ALL/ecosystem_owner"),
    ("ALTER FUNCTION touch OWNER TO agent", "function public.touch() belongs to agent"),
    ("ALTER TYPE mood OWNER TO agent", "type public.mood belongs to agent"),
    ("DROP DOMAIN short_text CASCADE", "type public.short_text is missing"),
    ("CREATE TYPE pair AS (a int, b int)", "type public.pair is not of this backup"),
    ("REVOKE SELECT ON moods FROM PUBLIC", "view public.moods lacks the grant PUBLIC=SELECT/"),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE ecosystem_owner IN SCHEMA public REVOKE SELECT ON TABLES FROM observer",
        "default privileges of role ecosystem_owner in schema public on tables lacks the grant observer=SELECT/",
    ),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE agent REVOKE USAGE ON TYPES FROM PUBLIC",
        "default privileges of role agent on types has another grant agent=ALL/agent",
    ),
    ("CREATE SCHEMA more", "schema more is not of this backup"),
]


def test_the_comparison_names_what_differs(job: Job, guarded: Database) -> None:
    job.good("run")
    wanted = catalog.find(ObjectStore(job.settings), job.names, "latest").contents
    with database.connect(guarded.admin_url) as admin:
        require_same(wanted, facts.contents(admin), "it", definitions=True)
        for command, words in CHANGES:
            with admin.transaction(force_rollback=True):
                admin.execute("SET LOCAL search_path = public, extensions")
                admin.execute(command.encode())
                admin.execute("SET LOCAL search_path = ''")
                with pytest.raises(BackupError) as raised:
                    require_same(wanted, facts.contents(admin), "it", definitions=True)
            assert words in str(raised.value), command
            assert str(raised.value).count("short_text is missing") <= 1


def test_a_restore_with_other_owners_is_a_failure(job: Job, guarded: Database, server: Server) -> None:
    """The manifest and the dump disagree: as if pg_restore had lost an owner without an error."""
    job.good("run")
    access = job.manifest().contents.access
    changed = access["table"]["public.log"].model_copy(update={"owner": "orchestrator"})
    stamp = job.forge(access={**access, "table": {**access["table"], "public.log": changed}})
    words = "table public.log belongs to ecosystem_owner, it was orchestrator's"
    assert words in job.refused("restore", "--at", stamp)
    with psycopg.connect(server.url()) as admin:
        assert admin.execute("SELECT FROM pg_database WHERE datname LIKE '%restored%'").fetchall() == []
    assert guarded


def test_a_role_that_is_only_granted_the_database_is_required(job: Job, database: Database, server: Server) -> None:
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute("CREATE ROLE passing")
        try:
            admin.execute(f"GRANT CONNECT ON DATABASE {database.name} TO passing")
            job.good("run")
            admin.execute(f"REVOKE CONNECT ON DATABASE {database.name} FROM passing")
        finally:
            admin.execute("DROP ROLE passing")
    assert "lacks roles that own or are granted things in this backup: passing" in job.refused("restore")
