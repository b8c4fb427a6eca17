"""`postgresql.Database`: a database, with its owner, encoding and limits."""

from typing import Any

from pydantic import Field

from infra.plugin import Context, UserError
from infra.plugin.resource import State
from tools.offline_plugins.bridged import BridgedInputs, BridgedResource
from tools.offline_plugins.postgresql.membership import acting_as
from tools.offline_plugins.postgresql.provider import server_of
from tools.offline_plugins.postgresql.server import Name, Session

_READ = """
    SELECT datname AS "name", pg_catalog.pg_get_userbyid(datdba)::text AS "owner",
           pg_catalog.pg_encoding_to_char(encoding)::text AS "encoding", datcollate AS "lcCollate",
           datctype AS "lcCtype", spcname::text AS "tablespaceName", datconnlimit AS "connectionLimit",
           datallowconn AS "allowConnections", datistemplate AS "isTemplate"
    FROM pg_catalog.pg_database JOIN pg_catalog.pg_tablespace t ON t.oid = dattablespace
    WHERE datname = %s
"""
_DEFAULT_TEMPLATE = "template0"


class DatabaseInputs(BridgedInputs):
    """Inputs of `postgresql.Database`; `DEFAULT` leaves a choice to PostgreSQL."""

    name: str = Field("", min_length=1)
    owner: str | None = None
    template: str | None = None
    encoding: str | None = None
    lc_collate: str | None = None
    lc_ctype: str | None = None
    tablespace_name: str | None = None
    connection_limit: int = Field(-1, ge=-1)
    allow_connections: bool = True
    is_template: bool | None = None
    alter_object_ownership: bool = False


class DatabaseResource(BridgedResource[DatabaseInputs]):
    """A database; its id is its name."""

    token = "postgresql:index/database:Database"  # noqa: S105 - a type token
    inputs_type = DatabaseInputs
    replace_on = frozenset({"template", "encoding", "lcCollate", "lcCtype"})
    server_chosen = frozenset({"owner", "template", "encoding", "lcCollate", "lcCtype", "tablespaceName", "isTemplate"})

    def same(self, name: str, a: Any, b: Any) -> bool:
        """What PostgreSQL chose satisfies `DEFAULT`."""
        if name in self.server_chosen and name != "owner" and a and b and "DEFAULT" in (_upper(a), _upper(b)):
            return True
        return super().same(name, a, b)

    def create(self, context: Context, inputs: DatabaseInputs) -> tuple[str, State]:
        """Create the database; that it exists already is an error, as in the official plugin."""
        server = server_of(context)
        options: tuple[tuple[str, str | Name | None], ...] = (
            ("OWNER", Name(inputs.owner or server.user)),
            ("TEMPLATE", Name(inputs.template or _DEFAULT_TEMPLATE)),
            ("ENCODING", inputs.encoding or "UTF8"),
            ("LC_COLLATE", inputs.lc_collate),
            ("LC_CTYPE", inputs.lc_ctype),
            ("TABLESPACE", inputs.tablespace_name and Name(inputs.tablespace_name)),
        )
        statement = "CREATE DATABASE {}"
        parts: list[str | Name | bool | int] = [Name(inputs.name)]
        for keyword, value in options:
            if value and keyword != "OWNER" and _upper(value) == "DEFAULT":
                statement += f" {keyword} DEFAULT"
            elif value:
                statement += f" {keyword} {{}}"
                parts.append(value)
        statement += " ALLOW_CONNECTIONS {} CONNECTION LIMIT {} IS_TEMPLATE {}"
        parts += [inputs.allow_connections, inputs.connection_limit, bool(inputs.is_template)]
        doing = f"error creating database {inputs.name}"
        with server.changing(doing, autocommit=True) as session, acting_as(session, [inputs.owner or ""]):
            session.run(statement, *parts)
        return inputs.name, self._found(context, inputs)

    def find(self, context: Context, resource_id: str, state: State) -> State | None:
        """Read the database by the name it had last."""
        name = state.get("name") or resource_id
        with server_of(context).reading(f"error reading database {name}") as session:
            row = session.row(_READ, name)
        if row is None:
            return None
        return {
            **row,
            "template": state.get("template") or _DEFAULT_TEMPLATE,  # PostgreSQL does not remember it
            "alterObjectOwnership": bool(state.get("alterObjectOwnership")),
        }

    def update(self, context: Context, resource_id: str, old: State, inputs: DatabaseInputs) -> State:  # noqa: ARG002
        """Alter what differs."""
        server, name = server_of(context), Name(inputs.name)
        doing = f"error updating database {old['name']}"
        with server.changing(doing, autocommit=True) as session:
            if inputs.name != old["name"]:
                session.run("ALTER DATABASE {} RENAME TO {}", Name(old["name"]), name)
        if inputs.owner and inputs.owner != old["owner"] and inputs.alter_object_ownership:
            with server.changing(doing, inputs.name) as session, acting_as(session, [old["owner"], inputs.owner]):
                session.run("REASSIGN OWNED BY {} TO {}", Name(old["owner"]), Name(inputs.owner))
        with server.changing(doing, autocommit=True) as session:
            if inputs.owner and inputs.owner != old["owner"]:
                with acting_as(session, [inputs.owner]):
                    session.run("ALTER DATABASE {} OWNER TO {}", name, Name(inputs.owner))
            _set_options(session, inputs, old)
        return self._found(context, inputs)

    def delete(self, context: Context, resource_id: str, state: State) -> None:  # noqa: ARG002
        """End every connection to the database and drop it."""
        name = state["name"]
        with server_of(context).changing(f"error deleting database {name}", autocommit=True) as session:
            if session.row(_READ, name) is None:
                return
            with acting_as(session, [state.get("owner") or ""]):
                if state.get("isTemplate"):
                    session.run("ALTER DATABASE {} IS_TEMPLATE false", Name(name))
                session.run("ALTER DATABASE {} ALLOW_CONNECTIONS false", Name(name))
                session.run("DROP DATABASE {} WITH (FORCE)", Name(name))

    def _found(self, context: Context, inputs: DatabaseInputs) -> State:
        found = self.find(context, inputs.name, inputs.model_dump(by_alias=True))
        if found is None:
            raise UserError(f"database {inputs.name} was dropped by someone else while it was being changed")
        return found


def _set_options(session: Session, inputs: DatabaseInputs, old: State) -> None:
    name = Name(inputs.name)
    tablespace = inputs.tablespace_name
    if tablespace and tablespace != old.get("tablespaceName") and _upper(tablespace) != "DEFAULT":
        session.run("ALTER DATABASE {} SET TABLESPACE {}", name, Name(tablespace))
    if inputs.connection_limit != old.get("connectionLimit"):
        session.run("ALTER DATABASE {} CONNECTION LIMIT {}", name, inputs.connection_limit)
    if inputs.allow_connections != old.get("allowConnections"):
        session.run("ALTER DATABASE {} ALLOW_CONNECTIONS {}", name, inputs.allow_connections)
    if inputs.is_template is not None and inputs.is_template != old.get("isTemplate"):
        session.run("ALTER DATABASE {} IS_TEMPLATE {}", name, inputs.is_template)


def _upper(value: object) -> str:
    return str(value).upper()
