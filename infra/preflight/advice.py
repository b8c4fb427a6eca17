"""What to do, where it depends on who runs the server."""

import re

from infra.preflight.facts import Platform

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_DEBIAN_PACKAGES = {
    "vector": "postgresql-{major}-pgvector",
    "uuid-ossp": "postgresql-contrib",
    "pg_trgm": "postgresql-contrib",
}


def name(identifier: str) -> str:
    """Return an SQL identifier, quoted where it has to be."""
    return identifier if _PLAIN.fullmatch(identifier) else '"' + identifier.replace('"', '""') + '"'


def read_only(platform: Platform) -> str:
    """Say how a database gets out of read-only mode."""
    if platform == "supabase":
        return "Supabase does so when the disk is full: Dashboard, Settings, Compute and Disk; free space or enlarge it"
    return "Find out why (a full disk?), then: ALTER DATABASE … SET default_transaction_read_only = off;"


def extension_to_enable(extension: str, schema: str, platform: Platform) -> str:
    """Say how an extension that the server has is enabled by someone who may."""
    statement = f"CREATE EXTENSION {name(extension)} SCHEMA {schema};"
    match platform:
        case "supabase":
            return (
                f"Dashboard, Database, Extensions: search {extension}, switch it on, choose schema {schema}; then run "
                "this again"
            )
        case "rds":
            return f"As a member of rds_superuser: CREATE SCHEMA IF NOT EXISTS {schema}; {statement}"
        case _:
            return f"As a superuser, in this database: CREATE SCHEMA IF NOT EXISTS {schema}; {statement}"


def absent_extension(extension: str, platform: Platform, major: int) -> str:
    """Say how a server gets an extension that it has not."""
    match platform:
        case "supabase":
            return "Upgrade the project: Dashboard, Settings, Infrastructure; every current version has it"
        case "rds":
            return (
                "Upgrade to a minor version that offers it, and add it to rds.allowed_extensions where the parameter "
                "group sets that"
            )
        case _:
            package = _DEBIAN_PACKAGES.get(extension, "the package that holds it").format(major=major)
            return f"Install it on the server (Debian: apt-get install {package}), then run this again"


def reader(role: str) -> str:
    """Say what a login for backups must be given."""
    return f"As an administrator: ALTER ROLE {name(role)} BYPASSRLS; GRANT pg_read_all_data TO {name(role)};"


def no_reader(platform: Platform) -> str:
    """Say what to do where we may not make a login for backups."""
    if platform == "rds":
        return (
            "RDS gives BYPASSRLS to nobody but its own: rely on its snapshots and switch these backups off: "
            "pulumi config set backups false"
        )
    return (
        "As a superuser: CREATE ROLE backup LOGIN BYPASSRLS PASSWORD '…' IN ROLE pg_read_all_data; and give its login: "
        "`pulumi config set --secret backupDatabaseUrl`. Or switch backups off: pulumi config set backups false"
    )


def free_space(platform: Platform) -> str:
    """Say where free space is shown."""
    match platform:
        case "supabase":
            return "Dashboard, Settings, Compute and Disk"
        case "rds":
            return "CloudWatch, FreeStorageSpace"
        case _:
            return "look at the server's disk"
