"""Where a thing inside a database is: the provider's database unless it names one; its id is `database.name`."""

from dataclasses import dataclass

from infra.plugin import UserError
from infra.plugin.resource import State
from tools.offline_plugins.postgresql.server import Server


@dataclass(frozen=True)
class Place:
    """A database, and a name in it."""

    database: str
    name: str

    @property
    def id(self) -> str:
        """The resource's id."""
        return f"{self.database}.{self.name}"

    @classmethod
    def of(cls, server: Server, kind: str, resource_id: str, state: State) -> "Place":
        """Return where the resource is by its state, or by its id when it is being imported.

        Raises:
            UserError: the id of an import is not of the form `database.name`.
        """
        if state.get("name"):
            return cls(state.get("database") or server.database, state["name"])
        match resource_id.split("."):
            case [database, name] if database and name:
                return cls(database, name)
            case _:
                raise UserError(f"{kind} ID {resource_id} has not the expected format 'database.{kind}'")


def database_exists(server: Server, database: str) -> bool:
    """Say whether the server has this database; what was in one that is gone is gone too."""
    if database == server.database:
        return True
    with server.reading(f"error looking for database {database}") as session:
        return session.row("SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s", database) is not None
