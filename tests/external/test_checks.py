"""Each check, judged from facts alone: what is wrong, and what to do about it."""

from dataclasses import replace
from typing import Any

import pytest

from infra.preflight.checks import check_all
from infra.preflight.facts import ExtensionFacts, Facts, RoleFacts, SchemaFacts
from infra.preflight.finding import Wanted, failure
from infra.preflight.reader import ReaderFacts
from infra.preflight.server import identity, version

WANTED = Wanted(
    schema="public",
    groups=("anon", "service_role", "agent"),
    extensions=("uuid-ossp", "vector"),
    extensions_schema="extensions",
    backup_role="backup",
)
ROLES: dict[str, RoleFacts] = {"anon": RoleFacts(), "service_role": RoleFacts(bypass_rls=True)}
GOOD = Facts(
    version=180001,
    role="postgres",
    database="app",
    roles=ROLES,
    schemas={"public": SchemaFacts(), "extensions": SchemaFacts()},
    extensions={
        "uuid-ossp": ExtensionFacts("1.1", trusted=True),
        "vector": ExtensionFacts("0.8.5", installed="0.8.5", schema="extensions"),
    },
)


def failures(wanted: Wanted = WANTED, **facts: Any) -> list[str]:
    found = check_all(replace(GOOD, **facts), wanted)
    return [str(finding) for finding in found if finding.level == "failure"]


def test_a_good_database_passes() -> None:
    assert failures() == []


def vector(**facts: Any) -> dict[str, Any]:
    return {"extensions": {**GOOD.extensions, "vector": ExtensionFacts("0.8.5", **facts)}}


@pytest.mark.parametrize(
    ("facts", "found", "advice"),
    [
        (
            {"version": 140009, "superuser": True},
            "version: PostgreSQL 14 is too old: 15 to 18 are supported",
            "Upgrade the server",
        ),
        ({"version": 190000, "create_database": True}, "version: PostgreSQL 19 is newer", "a newer release"),
        ({"standby": True}, "server: this is a standby", "Connect to the primary"),
        ({"read_only": True}, "read-only by default", "ALTER DATABASE"),
        ({"read_only": True, "platform": "supabase"}, "read-only by default", "Compute and Disk"),
        (
            {"create_in_database": False},
            "postgres may not create schemas in database app",
            "GRANT CREATE ON DATABASE app TO postgres;",
        ),
        (
            {"schemas": {"public": SchemaFacts(may_create=False)}},
            "may not create objects in schema public",
            "GRANT USAGE, CREATE ON SCHEMA public TO postgres;",
        ),
        (
            {"version": 170002, "create_database": False, "rds_superuser": True},
            "postgres may not create databases",
            "ALTER ROLE postgres CREATEDB;",
        ),
        (
            {
                "create_role": False,
                "roles": {"anon": RoleFacts(), "backup": RoleFacts()},
                "made": {("login", "backup")},
            },
            "service_role, agent do not exist, and postgres may not create roles",
            "CREATE ROLE service_role NOLOGIN BYPASSRLS; CREATE ROLE agent NOLOGIN;",
        ),
        ({"roles": {**ROLES, "agent": RoleFacts(superuser=True)}}, "agent is a superuser", "NOSUPERUSER"),
        ({"roles": {**ROLES, "backup": RoleFacts()}}, "role backup exists", "--secret backupDatabaseUrl"),
        ({"bypass_rls": False}, "may not make a role that reads everything", "CREATE ROLE backup LOGIN BYPASSRLS"),
        ({"grant_read_all": False}, "may not make a role that reads everything", "pulumi config set backups false"),
        (
            {"version": 150004, "rds_superuser": True},
            "may not make a role that reads everything",
            "CREATE ROLE backup LOGIN BYPASSRLS",
        ),
        ({"bypass_rls": False, "platform": "rds"}, "may not make a role that reads everything", "its snapshots"),
        (
            {"roles": {**ROLES, "maintenance": RoleFacts(may_grant=False)}},
            "postgres may not make backup a member of maintenance, which others made",
            "GRANT maintenance TO postgres WITH ADMIN OPTION;",
        ),
        (
            {
                "roles": {**ROLES, "maintenance": RoleFacts(may_grant=False), "backup": RoleFacts(login=True)},
                "made": {("login", "backup")},
            },
            "postgres may not make backup a member of maintenance",
            "GRANT maintenance TO postgres WITH ADMIN OPTION;",
        ),
        (vector(), "vector is not enabled", "As a superuser, in this database: CREATE SCHEMA"),
        (
            {**vector(), "platform": "supabase"},
            "vector is not enabled",
            "Dashboard, Database, Extensions: search vector",
        ),
        ({**vector(), "platform": "rds"}, "vector is not enabled", "As a member of rds_superuser"),
        (
            {"extensions": {"uuid-ossp": GOOD.extensions["uuid-ossp"]}},
            "vector is not on the server",
            "postgresql-18-pgvector",
        ),
        (
            vector(installed="0.8.5", schema="public"),
            "vector is installed in schema public",
            "ALTER EXTENSION vector SET SCHEMA extensions;",
        ),
        (vector(installed="0.4.4", schema="extensions"), "vector 0.4.4 has no HNSW", "ALTER EXTENSION vector UPDATE;"),
        (
            {"schemas": {"extensions": SchemaFacts(may_grant=False, public_use=False, shut_out=("anon",))}},
            "anon, agent may not use schema extensions",
            "GRANT USAGE ON SCHEMA extensions TO anon, agent;",
        ),
        (
            {"version": 170002},
            "postgres may not create vector in a new database",
            "add `trusted = true` to vector.control",
        ),
        ({"ledger_owner": "someone"}, "schema pgstack exists and holds nothing of this tool", "RENAME"),
        ({"ledger_owner": "someone", "ledger": True}, "schema pgstack belongs to someone", "Connect as someone"),
        ({"taken": ("table agent_registry",)}, "objects of our names", "pulumi config set adopt true"),
        ({"encoding": "LATIN1"}, "database app is encoded in LATIN1", "CREATE DATABASE … ENCODING 'UTF8'"),
        ({"free_bytes": 200_000_000}, "200 MB free", "Free some, or enlarge it"),
        ({"clock_ahead": 90.0}, "90 s ahead of this machine's", "timedatectl"),
        ({"clock_ahead": -4000.0}, "4000 s behind this machine's", "timedatectl"),
        (
            {"reader": ReaderFacts("reader", bypass_rls=False, read_all=False)},
            "lacks BYPASSRLS and pg_read_all_data",
            "ALTER ROLE reader BYPASSRLS",
        ),
        (
            {"reader": ReaderFacts("reader", bypass_rls=True, read_all=True, where="h:5432/app", same=False)},
            "h:5432/app is not the database of databaseUrl",
            "--secret backupDatabaseUrl",
        ),
        (
            {"reader": ReaderFacts("reader", bypass_rls=True, read_all=True, where="h:5432/app", version=140009)},
            "h:5432/app, which backupDatabaseUrl names: PostgreSQL 14 is too old",
            "Upgrade the server",
        ),
        ({"reader": failure("connection", "h does not answer", "Correct it")}, "h does not answer", "Correct it"),
    ],
)
def test_what_is_wrong_is_one_line_that_says_what_to_do(facts: dict[str, Any], found: str, advice: str) -> None:
    lines = failures(**facts)
    assert len(lines) == 1, lines
    assert found in lines[0]
    assert advice in lines[0]
    assert "\n" not in lines[0]


def test_all_that_is_wrong_is_said_at_once() -> None:
    lines = failures(standby=True, create_in_database=False, clock_ahead=99.0, **vector())
    assert [line.split(":")[0] for line in lines] == ["server", "privileges", "extensions", "clock"]


@pytest.mark.parametrize(
    "facts",
    [
        {**vector(), "superuser": True},
        {**vector(), "rds_superuser": True},
        {**vector(trusted=True)},
        {**vector(), "privileged_extensions": "pg_cron, vector"},
        {"version": 150004, "platform": "supabase"},
        {"superuser": True, "bypass_rls": False, "create_role": False, "version": 150004},
        {"roles": ROLES | {"backup": RoleFacts(login=True)}, "made": frozenset({("login", "backup")})},
        {"roles": ROLES | {"maintenance": RoleFacts()}},
        {
            "roles": ROLES
            | {"maintenance": RoleFacts(may_grant=False), "backup": RoleFacts(login=True, acts_as=("maintenance",))},
            "made": frozenset({("login", "backup")}),
        },
        {"ledger_owner": "postgres", "ledger": True},
    ],
)
def test_what_is_allowed_passes(facts: dict[str, Any]) -> None:
    assert failures(**facts) == []


def test_without_backups_nobody_has_to_read_everything() -> None:
    kept = {**ROLES, "maintenance": RoleFacts(may_grant=False)}
    assert failures(replace(WANTED, backup_role=""), bypass_rls=False, grant_read_all=False, roles=kept) == []


def test_a_role_that_can_not_have_bypassrls_is_a_warning() -> None:
    facts = replace(GOOD, roles={"anon": RoleFacts()}, bypass_rls=False)
    found = check_all(facts, replace(WANTED, backup_role=""))
    assert [finding.level for finding in found if "service_role" in finding.text] == ["warning"]


def test_a_locale_that_knows_few_letters_is_a_warning() -> None:
    found = check_all(replace(GOOD, all_letters=False), WANTED)
    assert [finding.level for finding in found if finding.subject == "texts"] == ["warning"]
    assert [finding for finding in check_all(GOOD, WANTED) if finding.subject == "texts"] == []


def test_every_failure_says_what_to_do() -> None:
    facts = Facts(130000, "r", "d", create_role=False, create_in_database=False, bypass_rls=False, standby=True)
    found = [finding for finding in check_all(facts, WANTED) if finding.level == "failure"]
    assert len(found) >= 5
    assert all(finding.advice for finding in found)


@pytest.mark.parametrize(
    ("number", "level"), [(140020, "failure"), (150000, "ok"), (180006, "ok"), (190000, "failure")]
)
def test_the_versions_that_are_supported(number: int, level: str) -> None:
    assert version(number).level == level


def test_a_server_whose_identity_nobody_checks_is_a_warning() -> None:
    assert [finding.level for finding in identity("db.example.org", "require")] == ["warning"]
    assert list(identity("db.example.org", "verify-full")) == []
    assert list(identity("127.0.0.1", "disable")) == []
