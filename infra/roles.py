"""Roles and extensions that the SQL files name, whoever makes them."""

OWNER = "ecosystem_owner"
BACKUP = "backup"
MAINTENANCE = "maintenance"
GROUPS = ("anon", "authenticated", "service_role", "agent", "orchestrator", "observer", MAINTENANCE)
"""Roles without a login, which policies and grants in sql/schema name. The first three are Supabase's."""

READER_IS_IN = ("pg_read_all_data", MAINTENANCE)
"""A login for backups reads everything, and calls maintain(): docs/adr/0025-maintenance-by-the-reader.md."""

EXTENSIONS = ("uuid-ossp", "vector", "pg_trgm")
EXTENSION_SCHEMA = "extensions"


SUPABASE_POOLER = ".pooler.supabase.com"


def login_beside(user: str, host: str, role: str) -> str:
    """Return the login of `role` on the server that `user` enters at `host`: Supabase's pooler wants `role.project`.

    >>> login_beside("postgres.abcdefgh", "aws-0-eu-central-1.pooler.supabase.com", "backup")
    'backup.abcdefgh'
    >>> login_beside("first.last", "db.example.com", "backup")
    'backup'
    """
    project = user.partition(".")[2] if host.endswith(SUPABASE_POOLER) else ""
    return f"{role}.{project}" if project else role
