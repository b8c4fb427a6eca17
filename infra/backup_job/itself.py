"""The database itself, which pg_dump leaves out: how it is made, its owner, grants, limit, comment and parameters."""

from psycopg import sql

from infra.backup_job import facts
from infra.backup_job.database import Connection
from infra.backup_job.manifest import DatabaseFacts, Globals, Grant, Parameter, ServerFacts

LOCALE_PROVIDERS = {"c": "libc", "b": "builtin", "i": "icu"}
LIST_PARAMETERS = frozenset({"search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries"})


def creation(server: ServerFacts, name: str) -> sql.Composed:
    """Return the command that makes the database `name` as the original was made."""
    clauses = [
        ("TEMPLATE", "template0"),
        ("ENCODING", server.encoding),
        ("LC_COLLATE", server.lc_collate),
        ("LC_CTYPE", server.lc_ctype),
    ]
    if server.major >= 15:
        clauses.append(("LOCALE_PROVIDER", LOCALE_PROVIDERS[server.locale_provider]))
    if server.locale and server.locale_provider != "c":
        clauses.append(("BUILTIN_LOCALE" if server.locale_provider == "b" else "ICU_LOCALE", server.locale))
    options = sql.SQL(" ").join(sql.SQL(f"{key} = {{}}").format(sql.Literal(value)) for key, value in clauses)
    return sql.SQL("CREATE DATABASE {} OWNER {} {}").format(sql.Identifier(name), sql.Identifier(server.owner), options)


def settle(connection: Connection, outside: Globals) -> None:
    """Make the database of `connection`, in its transaction, what the backed up one was from outside.

    Args:
        connection: to the restored database, in a transaction.
        outside: what the backup recorded.
    """
    name = sql.Identifier(connection.info.dbname)
    _set_facts(connection, name, facts.database(connection), outside.database)
    present = facts.globals_outside(connection).parameters
    if present != outside.parameters:
        for role in {entry.role for entry in present}:
            connection.execute(_target(name, role) + sql.SQL(" RESET ALL"))
        for entry in outside.parameters:
            _set_parameter(connection, name, entry)


def _set_facts(connection: Connection, name: sql.Identifier, present: DatabaseFacts, wanted: DatabaseFacts) -> None:
    if present.owner != wanted.owner:
        owner = sql.Identifier(wanted.owner)
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, owner))
        present = facts.database(connection)
    if present.grants != wanted.grants:
        for grantee in {grant.grantee for grant in present.grants or []}:
            revoke = sql.SQL("REVOKE ALL ON DATABASE {} FROM {} CASCADE")
            connection.execute(revoke.format(name, _grantee(grantee)))
        for grant in wanted.grants or []:
            _grant(connection, name, grant)
    if present.connection_limit != wanted.connection_limit:
        limit = sql.Literal(wanted.connection_limit)
        connection.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(name, limit))
    if present.comment != wanted.comment:
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, sql.Literal(wanted.comment)))


def _grant(connection: Connection, name: sql.Identifier, grant: Grant) -> None:
    command = sql.SQL("GRANT {} ON DATABASE {} TO {}" + (" WITH GRANT OPTION" if grant.grantable else ""))
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(grant.grantor)))
    connection.execute(command.format(sql.SQL(grant.privilege), name, _grantee(grant.grantee)))
    connection.execute("RESET ROLE")


def _grantee(role: str | None) -> sql.Composable:
    return sql.SQL("PUBLIC") if role is None else sql.Identifier(role)


def _set_parameter(connection: Connection, name: sql.Identifier, entry: Parameter) -> None:
    parameter, _, value = entry.parameter.partition("=")
    setting = sql.SQL(" SET {} = {}").format(sql.SQL(parameter), _value(parameter, value))
    connection.execute(_target(name, entry.role) + setting)


def _target(name: sql.Identifier, role: str | None) -> sql.Composed:
    if role is None:
        return sql.SQL("ALTER DATABASE {}").format(name)
    return sql.SQL("ALTER ROLE {} IN DATABASE {}").format(sql.Identifier(role), name)


def _value(parameter: str, value: str) -> sql.Composable:
    """Return a parameter's stored value as SET takes it: lists are stored quoted, item by item, already."""
    return sql.SQL(value) if parameter in LIST_PARAMETERS and value else sql.Literal(value)
