"""Who reads for backups: a login that is given, or one that has to be made."""

from collections.abc import Iterator

from infra.preflight import advice, server
from infra.preflight.facts import Facts
from infra.preflight.finding import Finding, Wanted, failure, ok, warning
from infra.preflight.reader import KEY, ReaderFacts
from infra.roles import READER_IS_IN

SUBJECT = "backups"


def backups(facts: Facts, wanted: Wanted) -> Iterator[Finding]:
    """Judge the login that reads for backups."""
    if isinstance(facts.reader, Finding):
        yield facts.reader
    elif facts.reader is not None:
        yield from _reader(facts.reader)
    elif wanted.backup_role:
        yield from _backup_role(facts, wanted.backup_role)


def may_bypass(facts: Facts) -> bool:
    """Say whether the role may make roles with BYPASSRLS: before PostgreSQL 16 only a superuser may."""
    if facts.superuser:
        return True
    # Supabase's supautils lets its `postgres` do what PostgreSQL 15 keeps to superusers.
    return facts.bypass_rls and facts.create_role and (facts.major >= 16 or facts.platform == "supabase")


def _reader(reader: ReaderFacts) -> Iterator[Finding]:
    yield from server.identity(reader.host, reader.ssl_mode)
    if (version := server.version(reader.version)).level == "failure":
        yield failure(SUBJECT, f"{reader.where}, which {KEY} names: {version.text}", version.advice)
    yield from _same_database(reader)
    lacking = [
        words for words, held in (("BYPASSRLS", reader.bypass_rls), ("pg_read_all_data", reader.read_all)) if not held
    ]
    if lacking:
        yield failure(
            SUBJECT,
            f"{reader.role}, the login of {KEY}, lacks {' and '.join(lacking)}: with row level security in force its "
            "dumps would miss rows, so that pg_dump refuses",
            advice.reader(reader.role),
        )


def _same_database(reader: ReaderFacts) -> Iterator[Finding]:
    if reader.same is None:
        yield warning(
            SUBJECT,
            f"{reader.where} is a standby, and the servers do not tell whether it has the database of databaseUrl",
            f"See yourself that {KEY} leads to a standby of that server, and to the same database",
        )
    elif not reader.same:
        yield failure(
            SUBJECT,
            f"{reader.where} is not the database of databaseUrl: every backup would be of another one",
            f"Name the same server, or a standby of it, and the same database: `pulumi config set --secret {KEY}`",
        )
    else:
        yield ok(SUBJECT, f"{reader.where} as {reader.role} is the same database{', on a standby' * reader.standby}")
    if reader.standby and reader.same is not False:
        yield warning(
            SUBJECT,
            f"{reader.where} is a standby: its backups lack what it has not replayed, and no maintenance works there",
            "Have something else call maintain(), and set maintenanceSeconds 0: docs/operations.md",
        )


def _backup_role(facts: Facts, role: str) -> Iterator[Finding]:
    if role in facts.roles and ("login", role) not in facts.made:
        yield failure(
            SUBJECT,
            f"role {role} exists and was not made by this stack, so that its password is not known here",
            "Give its login: `pulumi config set --secret backupDatabaseUrl`; or rename that role",
        )
    elif role not in facts.roles and not (may_bypass(facts) and facts.grant_read_all):
        yield failure(
            SUBJECT,
            f"{facts.role} may not make a role that reads everything: that takes CREATEROLE, BYPASSRLS and the admin "
            "option on pg_read_all_data",
            advice.no_reader(facts.platform),
        )
    elif kept := _not_ours_to_grant(facts, role):
        yield failure(
            SUBJECT,
            f"{facts.role} may not make {role} a member of {' and '.join(kept)}, which others made",
            f"As an administrator: GRANT {', '.join(kept)} TO {advice.name(facts.role)} WITH ADMIN OPTION;",
        )


def _not_ours_to_grant(facts: Facts, role: str) -> list[str]:
    held = facts.roles[role].acts_as if role in facts.roles else ()
    there = [name for name in READER_IS_IN if name in facts.roles and name not in held]
    return [name for name in there if not facts.roles[name].may_grant]
