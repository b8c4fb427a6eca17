"""Roles and extensions that the SQL files name, whoever makes them."""

OWNER = "ecosystem_owner"
BACKUP = "backup"
GROUPS = ("anon", "authenticated", "service_role", "agent", "orchestrator", "observer")
"""Roles without a login, which policies and grants in sql/schema name. The first three are Supabase's."""

EXTENSIONS = ("uuid-ossp", "vector", "pg_trgm")
EXTENSION_SCHEMA = "extensions"


def pooled(role: str, user: str) -> str:
    """Return the login of `role` beside that of `user`: Supabase's pooler wants each as `role.project`.

    >>> pooled("backup", "postgres.abcdefghijklmnopqrst")
    'backup.abcdefghijklmnopqrst'
    >>> pooled("backup", "postgres")
    'backup'
    """
    _, dot, project = user.partition(".")
    return f"{role}{dot}{project}"
