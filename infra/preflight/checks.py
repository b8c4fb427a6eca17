"""The checks: facts in, findings out. None of them talks to a server."""

from collections.abc import Callable, Iterator

from infra.preflight import advice
from infra.preflight.backups import backups, may_bypass
from infra.preflight.extensions import extensions, may_create_extension
from infra.preflight.facts import Facts, SchemaFacts
from infra.preflight.finding import Finding, Wanted, failure, ok, warning
from infra.preflight.server import NEWEST, OLDEST, version

EMBEDDED_MAJOR = 18
"""Of this version we bring a scratch server to read SQL files with; for others the server itself lends a database."""
FREE_BYTES = 1 << 30
LARGEST_SKEW = 60.0
"""Seconds two clocks may differ: S3 stores refuse signatures off by minutes, and ages of backups would be wrong."""
Check = Callable[[Facts, Wanted], Iterator[Finding]]


def check_all(facts: Facts, wanted: Wanted) -> list[Finding]:
    """Return what every check says, failures among them in full."""
    return [finding for check in CHECKS for finding in check(facts, wanted)]


def _writable(facts: Facts, wanted: Wanted) -> Iterator[Finding]:  # noqa: ARG001
    if facts.standby:
        yield failure("server", "this is a standby, which only reads", "Connect to the primary")
    elif facts.read_only:
        yield failure("server", "transactions are read-only by default", advice.read_only(facts.platform))


def _database(facts: Facts, wanted: Wanted) -> Iterator[Finding]:
    if not facts.create_in_database:
        yield failure(
            "privileges",
            f"{facts.role} may not create schemas in database {facts.database}",
            f"As the database's owner: GRANT CREATE ON DATABASE {advice.name(facts.database)} TO "
            f"{advice.name(facts.role)};",
        )
    schema = facts.schemas.get(wanted.schema)
    if schema and not (schema.may_create and schema.may_use):
        yield failure(
            "privileges",
            f"{facts.role} may not create objects in schema {wanted.schema}",
            f"As the schema's owner: GRANT USAGE, CREATE ON SCHEMA {advice.name(wanted.schema)} TO "
            f"{advice.name(facts.role)}; or choose another: pulumi config set schema NAME",
        )


def _texts(facts: Facts, wanted: Wanted) -> Iterator[Finding]:  # noqa: ARG001
    """An encoding and a locale are a database's for life."""
    if facts.encoding != "UTF8":
        yield failure(
            "texts",
            f"database {facts.database} is encoded in {facts.encoding}, which has not got every letter",
            "Make another: CREATE DATABASE … ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0;",
        )
    elif not facts.all_letters:
        yield warning(
            "texts",
            f"to the locale of database {facts.database} only a to z are letters: find_agents() finds no word in "
            "Korean, or any with an accent, but by its meaning",
            "If agents have such words, make another database: CREATE DATABASE … LOCALE 'C.UTF-8' TEMPLATE template0;",
        )


def _scratch(facts: Facts, wanted: Wanted) -> Iterator[Finding]:  # noqa: ARG001
    """Of another major version than ours, the server has to lend a database with the extensions in it."""
    if facts.major not in range(OLDEST, NEWEST + 1) or facts.major == EMBEDDED_MAJOR or facts.superuser:
        return
    why = (
        f"SQL files are read in a throwaway database beside yours, because this machine brings PostgreSQL "
        f"{EMBEDDED_MAJOR} and the server is {facts.major}"
    )
    if not facts.create_database:
        yield failure(
            "privileges",
            f"{facts.role} may not create databases: {why}",
            f"As an administrator: ALTER ROLE {advice.name(facts.role)} CREATEDB;",
        )
    for name, found in facts.extensions.items():
        # Supabase lets its `postgres` create these, whether or not it shows the list.
        if found.installed and facts.platform != "supabase" and not may_create_extension(name, found, facts):
            yield failure(
                "extensions",
                f"{facts.role} may not create {name} in a new database: {why}",
                f"On the server, mark it as trusted: add `trusted = true` to {name}.control",
            )


def _groups(facts: Facts, wanted: Wanted) -> Iterator[Finding]:
    missing = [name for name in wanted.groups if name not in facts.roles]
    if missing and not (facts.create_role or facts.superuser):
        statements = " ".join(
            f"CREATE ROLE {advice.name(name)} NOLOGIN{' BYPASSRLS' if name == 'service_role' else ''};"
            for name in missing
        )
        yield failure(
            "roles",
            f"{', '.join(missing)} do not exist, and {facts.role} may not create roles",
            f"As an administrator: {statements}",
        )
    elif "service_role" in missing and not may_bypass(facts):
        yield warning(
            "roles",
            f"service_role will be made without BYPASSRLS, which {facts.role} may not give",
            "Our tables have a policy for it all the same; as an administrator: ALTER ROLE service_role BYPASSRLS;",
        )
    for name in (name for name in wanted.groups if name in facts.roles):
        if facts.roles[name].superuser:
            yield failure(
                "roles",
                f"{name} is a superuser, and policies of ours are for it",
                f"Rename that role, or: ALTER ROLE {advice.name(name)} NOSUPERUSER;",
            )
    if kept := [name for name in wanted.groups if name in facts.roles and ("role", name) not in facts.made]:
        yield ok("roles", f"{', '.join(kept)} exist and stay as they are")


def _schemas(facts: Facts, wanted: Wanted) -> Iterator[Finding]:
    for name in dict.fromkeys((wanted.schema, wanted.extensions_schema)):
        found = facts.schemas.get(name)
        lacking = _without_usage(found, facts, wanted) if found else []
        if found and lacking and not found.may_grant and not facts.superuser:
            yield failure(
                "privileges",
                f"{', '.join(lacking)} may not use schema {name}, and {facts.role} may not let them",
                f"As the schema's owner: GRANT USAGE ON SCHEMA {advice.name(name)} TO {', '.join(lacking)};",
            )
    if facts.ledger_owner is not None and not facts.ledger:
        yield failure(
            "names",
            "schema pgstack exists and holds nothing of this tool, which keeps its notes in a schema of that name",
            "Rename it: ALTER SCHEMA pgstack RENAME TO …;",
        )
    elif facts.ledger_owner not in (None, facts.role):
        yield failure(
            "names",
            f"schema pgstack belongs to {facts.ledger_owner}: another login set this database up",
            f"Connect as {facts.ledger_owner}, who owns the tables as well",
        )


def _without_usage(found: SchemaFacts, facts: Facts, wanted: Wanted) -> list[str]:
    unmade = [] if found.public_use else [name for name in wanted.groups if name not in facts.roles]
    return [*found.shut_out, *unmade]


def _names(facts: Facts, wanted: Wanted) -> Iterator[Finding]:
    if facts.taken:
        yield failure(
            "names",
            f"schema {wanted.schema} holds objects of our names that this stack did not make: {', '.join(facts.taken)}",
            "Take them over (what differs is then planned): pulumi config set adopt true; or rename them, or choose "
            "another schema: pulumi config set schema NAME",
        )


def _space(facts: Facts, wanted: Wanted) -> Iterator[Finding]:  # noqa: ARG001
    size = f"the database takes {facts.bytes // 1_000_000} MB"
    if facts.free_bytes is None:
        yield ok("space", f"{size}; what is free PostgreSQL does not say: {advice.free_space(facts.platform)}")
    elif facts.free_bytes < FREE_BYTES:
        yield failure(
            "space",
            f"the server's disk has {facts.free_bytes // 1_000_000} MB free, {FREE_BYTES // 1_000_000} MB are needed",
            "Free some, or enlarge it",
        )
    else:
        yield ok("space", f"{size}, {facts.free_bytes // 1_000_000_000} GB are free")


def _clock(facts: Facts, wanted: Wanted) -> Iterator[Finding]:  # noqa: ARG001
    if abs(facts.clock_ahead) > LARGEST_SKEW:
        direction = "ahead of" if facts.clock_ahead > 0 else "behind"
        yield failure(
            "clock",
            f"the server's clock is {abs(facts.clock_ahead):.0f} s {direction} this machine's",
            "Set the one that is wrong (timedatectl set-ntp true): leases, ages of backups and S3 signatures depend on "
            "them",
        )
    else:
        yield ok("clock", "agrees with this machine's")


CHECKS: tuple[Check, ...] = (
    lambda facts, _: iter([version(facts.version)]),
    _writable,
    _database,
    _texts,
    _scratch,
    _groups,
    backups,
    extensions,
    _schemas,
    _names,
    _space,
    _clock,
)
