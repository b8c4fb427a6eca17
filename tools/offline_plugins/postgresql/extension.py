"""`postgresql.Extension`: an extension installed in a database."""

from pydantic import Field

from infra.plugin import Context, UserError
from infra.plugin.resource import State
from tools.offline_plugins.bridged import BridgedInputs, BridgedResource
from tools.offline_plugins.postgresql.inside import Place, database_exists
from tools.offline_plugins.postgresql.provider import server_of
from tools.offline_plugins.postgresql.server import Name

_READ = """
    SELECT extname::text AS "name", nspname::text AS "schema", extversion AS "version"
    FROM pg_catalog.pg_extension JOIN pg_catalog.pg_namespace n ON n.oid = extnamespace
    WHERE extname = %s
"""


class ExtensionInputs(BridgedInputs):
    """Inputs of `postgresql.Extension`."""

    name: str = Field("", min_length=1)
    schema_: str | None = Field(None, alias="schema")
    version: str | None = None
    database: str | None = None
    drop_cascade: bool = False
    create_cascade: bool = False


class ExtensionResource(BridgedResource[ExtensionInputs]):
    """An extension; its id is `database.name`."""

    token = "postgresql:index/extension:Extension"  # noqa: S105 - a type token
    inputs_type = ExtensionInputs
    replace_on = frozenset({"name", "database"})
    server_chosen = frozenset({"schema", "version", "database"})

    def create(self, context: Context, inputs: ExtensionInputs) -> tuple[str, State]:
        """Install the extension; one that is there already is taken over as it is, as in the official plugin."""
        server = server_of(context)
        place = Place(inputs.database or server.database, inputs.name)
        statement, parts = "CREATE EXTENSION IF NOT EXISTS {}", [Name(inputs.name)]
        for keyword, value in (("SCHEMA", inputs.schema_), ("VERSION", inputs.version)):
            if value:
                statement += f" {keyword} {{}}"
                parts.append(Name(value))
        if inputs.create_cascade:
            statement += " CASCADE"
        with server.changing(f"error creating extension {inputs.name}", place.database) as session:
            session.run(statement, *parts)
        return place.id, self._found(context, place, inputs)

    def find(self, context: Context, resource_id: str, state: State) -> State | None:
        """Read the extension's schema and version."""
        server = server_of(context)
        place = Place.of(server, "extension", resource_id, state)
        if not database_exists(server, place.database):
            return None
        with server.reading(f"error reading extension {place.name}", place.database) as session:
            row = session.row(_READ, place.name)
        if row is None:
            return None
        return {
            **row,
            "database": place.database,
            "dropCascade": bool(state.get("dropCascade")),
            "createCascade": bool(state.get("createCascade")),
        }

    def update(self, context: Context, resource_id: str, old: State, inputs: ExtensionInputs) -> State:  # noqa: ARG002
        """Move the extension to another schema, bring it to another version."""
        place = Place(old["database"], inputs.name)
        name = Name(inputs.name)
        with server_of(context).changing(f"error updating extension {inputs.name}", place.database) as session:
            if inputs.schema_ and inputs.schema_ != old["schema"]:
                session.run("ALTER EXTENSION {} SET SCHEMA {}", name, Name(inputs.schema_))
            if inputs.version and inputs.version != old["version"]:
                session.run("ALTER EXTENSION {} UPDATE TO {}", name, Name(inputs.version))
        return self._found(context, place, inputs)

    def delete(self, context: Context, resource_id: str, state: State) -> None:
        """Drop the extension; what depends on it goes along only with `dropCascade`."""
        server = server_of(context)
        place = Place.of(server, "extension", resource_id, state)
        if not database_exists(server, place.database):
            return
        with server.changing(f"error deleting extension {place.name}", place.database) as session:
            if session.row(_READ, place.name) is None:
                return
            if state.get("dropCascade"):
                session.run("DROP EXTENSION {} CASCADE", Name(place.name))
            else:
                session.run("DROP EXTENSION {} RESTRICT", Name(place.name))

    def _found(self, context: Context, place: Place, inputs: ExtensionInputs) -> State:
        found = self.find(context, place.id, {**inputs.model_dump(by_alias=True), "database": place.database})
        if found is None:
            raise UserError(f"extension {place.name} was dropped by someone else while it was being changed")
        return found
