"""Makes an empty database fit for files: roles, extensions, surroundings, the schema; all of it only where missing."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from infra.provider.schema.errors import ScratchUnavailable
from infra.provider.schema.identifiers import literal, quote
from infra.provider.schema.surroundings import copy_surroundings
from infra.provider.schema.target import Target

if TYPE_CHECKING:
    import psycopg


def prepare(connection: "psycopg.Connection[Any]", target: Target, *, make_roles: bool, bare: bool = False) -> None:
    """Make everything that files, or a dump of the target, may lean on.

    Args:
        connection: to the empty database.
        target: the schema it is for.
        make_roles: create the roles; never on the target's own server, where files may name those that exist.
        bare: leave out the managed schema and what lies beside it: a dump will bring them.

    Raises:
        ScratchUnavailable: an extension can not be had there.
    """
    if make_roles:
        create_roles(connection, target)
    owner_elsewhere = target.server.database_owner if target.server else ""
    if make_roles or target.scratch_url or owner_elsewhere:  # else the owner made it himself
        _give_database(connection, owner_elsewhere or target.owner)
    if not bare:
        create_schema(connection, target)
    create_extensions(connection, target)
    if not bare:
        copy_surroundings(connection, target)


def create_roles(connection: "psycopg.Connection[Any]", target: Target) -> None:
    """Create the roles that the files may name, without a login; the owner acts as whom it does there."""
    known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
    for name in (target.owner, *target.roles):
        if name not in known:
            superuser = " SUPERUSER" if target.superuser and name == target.owner else ""
            connection.execute(f"CREATE ROLE {quote(name)}{superuser}".encode())
    for name in target.server.acts_as if target.server else ():
        connection.execute(f"GRANT {quote(name)} TO {quote(target.owner)}".encode())


def _give_database(connection: "psycopg.Connection[Any]", owner: str) -> None:
    """Let the owner do what the owner of a database may, e.g. create in the schema public that PostgreSQL makes."""
    row = connection.execute("SELECT current_database()").fetchone()
    connection.execute(f"ALTER DATABASE {quote(row[0] if row else 'postgres')} OWNER TO {quote(owner)}".encode())


def create_extensions(connection: "psycopg.Connection[Any]", target: Target) -> None:
    """Create the target's extensions in their schemas, which everybody may use; no other one stays.

    Raises:
        ScratchUnavailable: one is not installed on the server, or this role may not create it.
    """
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

    rows = connection.execute(
        "SELECT e.extname, n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
        "WHERE n.nspname <> 'pg_catalog'"
    )
    present: dict[str, str] = dict(rows.fetchall())
    for name in present.keys() - set(target.extensions):
        connection.execute(f"DROP EXTENSION {quote(name)} CASCADE".encode())
    homes = {target.home_of(name) for name in target.extensions}
    if target.server is None:  # else it is copied, if it is there
        homes.add(target.extensions_schema)
    for home in homes - {target.schema}:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(home)}".encode())
        connection.execute(f"GRANT USAGE ON SCHEMA {quote(home)} TO PUBLIC".encode())
    versions = _versions(connection, target)
    for name in target.extensions:
        home = target.home_of(name)
        if present.get(name) == home:
            continue
        moved = name in present
        act = f"ALTER EXTENSION {quote(name)} SET SCHEMA" if moved else f"CREATE EXTENSION {quote(name)} SCHEMA"
        try:
            if home == target.schema:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(home)}".encode())
            more = "" if moved else f"{versions.get(name, '')} CASCADE"
            connection.execute(f"{act} {quote(home)}{more}".encode())
        except psycopg.Error as error:
            raise ScratchUnavailable(
                f"extension {name} can not be created in a scratch database: {error}. "
                "Use a role that may create it, or a server that has it (--scratch URL)."
            ) from error
    for home in {*present.values()} - homes - {target.schema, "public"}:
        with suppress(psycopg.errors.DependentObjectsStillExist):  # what else is in it was there before
            connection.execute(f"DROP SCHEMA {quote(home)}".encode())


def _versions(connection: "psycopg.Connection[Any]", target: Target) -> dict[str, str]:
    """Return the clauses that make those extensions that an update may change in the version that the target has.

    One that the server has not got in that version is made in the server's own.
    """
    if target.server is None or not target.changeable:
        return {}
    rows = connection.execute(
        "SELECT name, version FROM pg_available_extension_versions() WHERE name = ANY (%s)", ([*target.changeable],)
    ).fetchall()
    return {name: f" VERSION {literal(version)}" for name, version in rows if target.server.extensions[name] == version}


def create_schema(connection: "psycopg.Connection[Any]", target: Target) -> None:
    """Create the managed schema, open to its owner alone: every grant then comes from the files.

    Where in the live database it belongs to a role that the owner acts as, so it does here: whom an object is given to
    needs the right to create it.
    """
    elsewhere = target.server.schema_owner if target.server else ""
    schema, owner = quote(target.schema), quote(elsewhere or target.owner)
    connection.execute(f"DROP SCHEMA IF EXISTS {schema}".encode())
    connection.execute(f"CREATE SCHEMA {schema} AUTHORIZATION {owner}".encode())
