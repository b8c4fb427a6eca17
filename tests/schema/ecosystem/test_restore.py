"""A dump restores into the same schema: nothing is lost to an empty search_path."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from infra.embedded.distribution import install
from tests.schema.ecosystem.conftest import Ecosystem, Register, connect

pytestmark = pytest.mark.server

CATALOG = """
SELECT 'column', format('%s.%s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod),
        pg_get_expr(adbin, adrelid))
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE relnamespace = current_schema()::regnamespace AND attnum > 0 AND NOT attisdropped
UNION ALL
SELECT 'constraint', format('%s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint
WHERE connamespace = current_schema()::regnamespace
UNION ALL
SELECT 'index', pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE relnamespace = current_schema()::regnamespace AND indisvalid
UNION ALL
SELECT 'trigger', pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'policy', format('%s %s %s %s', polrelid::regclass, polname, pg_get_expr(polqual, polrelid), polroles::regrole[])
FROM pg_policy
UNION ALL
SELECT 'rls', format('%s %s %s', relname, relrowsecurity, relforcerowsecurity) FROM pg_class
WHERE relnamespace = current_schema()::regnamespace
UNION ALL
SELECT 'function', pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
UNION ALL
SELECT 'function acl', format('%s %s', oid::regprocedure, proacl) FROM pg_proc
WHERE pronamespace = current_schema()::regnamespace
UNION ALL
SELECT 'acl', format('%s %s', relname, relacl) FROM pg_class WHERE relnamespace = current_schema()::regnamespace
UNION ALL
SELECT 'comment', description FROM pg_description
WHERE NOT EXISTS (
        SELECT FROM pg_depend
        WHERE (pg_depend.classid, pg_depend.objid) = (classoid, objoid) AND deptype = 'e'
    )
    AND classoid IN ('pg_class'::regclass, 'pg_policy'::regclass, 'pg_trigger'::regclass) AND objoid >= 16384
"""
KINDS = {"column", "constraint", "index", "trigger", "policy", "rls", "function", "function acl", "acl", "comment"}


def run(program: str, *arguments: str, password: str) -> None:
    distribution = install()
    subprocess.run(
        [distribution.program(program), *arguments],
        env={**distribution.environment(), "PGPASSWORD": password, "PATH": os.defpath},
        check=True,
        capture_output=True,
        text=True,
    )


def place(url: str) -> tuple[str, str]:
    """The connection options of a URL without its password, and the password."""
    parts = conninfo_to_dict(url)
    return f"host={parts['host']} port={parts['port']} user={parts['user']} dbname={parts['dbname']}", str(
        parts["password"]
    )


@pytest.mark.parametrize("ecosystem", ["public", "fleet"], indirect=True)
def test_a_dump_restores_to_the_same(ecosystem: Ecosystem, register: Register, tmp_path: Path) -> None:
    register("e1", capabilities=["ocr"], capability_embedding=str([0.25] * 384))
    with ecosystem.owner() as owner:
        owner.execute("SELECT enqueue_task('noop', required_capabilities => '{ocr}')")
        owner.execute("SELECT claim_tasks('e1')")
        owner.execute(
            "INSERT INTO agent_communication_logs (from_agent_id, to_agent_id, protocol, message_type, payload) "
            "VALUES ('e1', 'e1', 'http', 'm', '{\"a\": 1}')"
        )
    server = ecosystem.server
    dump = tmp_path / "dump"
    source, password = place(ecosystem.database.backup_url)
    run("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={source}", password=password)

    copy = f"{ecosystem.database.name}_restored"
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER ecosystem_owner TEMPLATE template0").format(sql.Identifier(copy))
        )
        try:
            target, password = place(server.url(copy))
            run("pg_restore", "--exit-on-error", f"--dbname={target}", str(dump), password=password)
            before, after = (catalog(url, ecosystem.schema) for url in (ecosystem.database.admin_url, server.url(copy)))
            assert {kind for kind, _ in before} == KINDS
            assert after == before
            for table in ("agent_registry", "distributed_tasks", "agent_communication_logs", "agent_versions"):
                query = f"SELECT to_jsonb(entry) FROM {table} AS entry"
                contents = [
                    connect_and_read(url, ecosystem.schema, query)
                    for url in (ecosystem.database.admin_url, server.url(copy))
                ]
                assert contents[0]
                assert contents[0] == contents[1]
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(copy)))


def connect_and_read(url: str, schema: str, query: str) -> list[str]:
    with connect(url, schema) as connection:
        return sorted(map(str, connection.execute(query).fetchall()))


def catalog(url: str, schema: str) -> list[tuple[str, str]]:
    with connect(url, schema) as connection:
        return sorted((kind, definition) for kind, definition in connection.execute(CATALOG).fetchall())
