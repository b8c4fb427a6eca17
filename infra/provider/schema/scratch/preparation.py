"""Makes an empty database fit for files: roles, extensions, the schema; all of it only where it is missing."""

from typing import TYPE_CHECKING, Any

from infra.provider.schema.errors import ScratchUnavailable
from infra.provider.schema.identifiers import quote
from infra.provider.schema.target import Target

if TYPE_CHECKING:
    import psycopg


def create_roles(connection: "psycopg.Connection[Any]", target: Target) -> None:
    """Create the roles that the files may name, without a login."""
    known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
    for name in (target.owner, *target.roles):
        if name not in known:
            connection.execute(f"CREATE ROLE {quote(name)}")


def create_extensions(connection: "psycopg.Connection[Any]", target: Target) -> None:
    """Create the extensions in their schema, which everybody may use.

    Raises:
        ScratchUnavailable: one is not installed on the server, or this role may not create it.
    """
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(target.extensions_schema)}")
    connection.execute(f"GRANT USAGE ON SCHEMA {quote(target.extensions_schema)} TO PUBLIC")
    for name in target.extensions:
        try:
            connection.execute(f"CREATE EXTENSION IF NOT EXISTS {quote(name)} SCHEMA {quote(target.extensions_schema)}")
            connection.execute(f"ALTER EXTENSION {quote(name)} SET SCHEMA {quote(target.extensions_schema)}")
        except psycopg.Error as error:
            raise ScratchUnavailable(
                f"extension {name} can not be created in a scratch database: {error}. "
                "Use a role that may create it, or a target of the embedded server's major version."
            ) from error


def create_schema(connection: "psycopg.Connection[Any]", target: Target) -> None:
    """Create the managed schema, owned by the owner and open to nobody else: every grant then comes from the files."""
    schema, owner = quote(target.schema), quote(target.owner)
    connection.execute(f"DROP SCHEMA IF EXISTS {schema}")
    connection.execute(f"CREATE SCHEMA {schema} AUTHORIZATION {owner}")
