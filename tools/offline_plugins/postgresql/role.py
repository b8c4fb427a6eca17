"""`postgresql.Role`: a role, its memberships and its settings."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from infra.plugin import Context, UserError
from infra.plugin.resource import State
from tools.offline_plugins.bridged import BridgedInputs, BridgedResource, NotImplementedHere
from tools.offline_plugins.postgresql.membership import acting_as
from tools.offline_plugins.postgresql.provider import server_of
from tools.offline_plugins.postgresql.server import Name, Server, Session

_HASHED = ("md5", "SCRAM-SHA-256")
_OPTIONS = {
    "superuser": "SUPERUSER",
    "create_database": "CREATEDB",
    "create_role": "CREATEROLE",
    "inherit": "INHERIT",
    "login": "LOGIN",
    "replication": "REPLICATION",
    "bypass_row_level_security": "BYPASSRLS",
}
_READ = """
    SELECT rolname AS "name", rolsuper AS "superuser", rolcreatedb AS "createDatabase", rolcreaterole AS "createRole",
           rolinherit AS "inherit", rolcanlogin AS "login", rolreplication AS "replication",
           rolbypassrls AS "bypassRowLevelSecurity", rolconnlimit AS "connectionLimit",
           COALESCE(rolvaliduntil::text, 'infinity') AS "validUntil",
           ARRAY(SELECT pg_catalog.pg_get_userbyid(roleid)::text FROM pg_catalog.pg_auth_members
                 WHERE member = r.oid ORDER BY 1) AS "roles",
           COALESCE(rolconfig, '{}') AS settings
    FROM pg_catalog.pg_roles r
    WHERE rolname = %s
"""


class RoleInputs(BridgedInputs):
    """Inputs of `postgresql.Role`."""

    name: str = Field("", min_length=1)
    password: str | None = None
    encrypted_password: bool = True
    login: bool = False
    superuser: bool = False
    create_database: bool = False
    create_role: bool = False
    inherit: bool = True
    replication: bool = False
    bypass_row_level_security: bool = False
    connection_limit: int = Field(-1, ge=-1)
    valid_until: str = "infinity"
    roles: list[str] | None = None
    search_paths: list[str] | None = None
    statement_timeout: int | None = Field(None, ge=0)
    idle_in_transaction_session_timeout: int | None = Field(None, ge=0)
    assume_role: str | None = None
    skip_drop_role: bool = False
    skip_reassign_owned: bool = False
    encrypted: NotImplementedHere = None
    password_wo: NotImplementedHere = None
    password_wo_version: NotImplementedHere = None

    @field_validator("encrypted_password")
    @classmethod
    def _only_encrypted(cls, encrypted: bool) -> bool:
        if not encrypted:
            raise PydanticCustomError(
                "clear_password", "PostgreSQL 10 and later store no password in clear; leave it out"
            )
        return encrypted

    @field_validator("search_paths")
    @classmethod
    def _readable_again(cls, paths: list[str] | None) -> list[str] | None:
        if any(", " in path for path in paths or ()):
            raise PydanticCustomError("search_path", "the name of a schema on the search path can not contain `, `")
        return paths


class RoleResource(BridgedResource[RoleInputs]):
    """A role; its id is its name."""

    token = "postgresql:index/role:Role"  # noqa: S105 - a type token
    inputs_type = RoleInputs
    secrets = frozenset({"password"})

    def same(self, name: str, a: Any, b: Any) -> bool:
        """Memberships are a set, and PostgreSQL has its own spelling of a time."""
        if name == "roles" and isinstance(a, list) and isinstance(b, list):
            return set(map(str, a)) == set(map(str, b))
        if name == "validUntil":
            return _instant(a) == _instant(b)
        return super().same(name, a, b)

    def create(self, context: Context, inputs: RoleInputs) -> tuple[str, State]:
        """Create the role; that it exists already is an error, as in the official plugin."""
        with server_of(context).changing(f"error creating role {inputs.name}") as session:
            session.run("CREATE ROLE {}", Name(inputs.name))
            _set_options(session, inputs, self._defaults())  # they are PostgreSQL's defaults as well
            _set_password(session, inputs)
            _set_memberships(session, inputs, [])
            _set_settings(session, inputs, {})
        return inputs.name, self._found(context, inputs.name, inputs.model_dump(by_alias=True))

    def find(self, context: Context, resource_id: str, state: State) -> State | None:
        """Read the role by the name it had last."""
        name = state.get("name") or resource_id
        server = server_of(context)
        with server.reading(f"error reading role {name}") as session:
            row = session.row(_READ, name)
            if row is None:
                return None
            known = state.get("password")
            password = _current_password(server, session, name, known) if row["login"] else known
        settings = dict(setting.split("=", 1) for setting in row.pop("settings"))
        return {
            **row,
            "searchPaths": [path.strip('"') for path in settings.get("search_path", "").split(", ") if path],
            "statementTimeout": int(settings.get("statement_timeout", 0)),
            "idleInTransactionSessionTimeout": int(settings.get("idle_in_transaction_session_timeout", 0)),
            "assumeRole": settings.get("role", ""),
            "encryptedPassword": True,
            "skipDropRole": bool(state.get("skipDropRole")),
            "skipReassignOwned": bool(state.get("skipReassignOwned")),
            **({} if password is None else {"password": password}),
        }

    def update(self, context: Context, resource_id: str, old: State, inputs: RoleInputs) -> State:  # noqa: ARG002
        """Alter what differs, in one transaction."""
        with server_of(context).changing(f"error updating role {old['name']}") as session:
            if inputs.name != old["name"]:
                session.run("ALTER ROLE {} RENAME TO {}", Name(old["name"]), Name(inputs.name))
            _set_options(session, inputs, old)
            if inputs.name != old["name"] or inputs.password != old.get("password"):
                _set_password(session, inputs)
            _set_memberships(session, inputs, old.get("roles") or [])
            _set_settings(session, inputs, old)
        return self._found(context, inputs.name, inputs.model_dump(by_alias=True))

    def delete(self, context: Context, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Give what the role owns in the provider's database to the provider's user, and drop the role."""
        server, name = server_of(context), state["name"]
        with server.changing(f"error deleting role {name}") as session:
            if session.row(_READ, name) is None:
                return
            if not state.get("skipReassignOwned"):
                with acting_as(session, [name]):
                    session.run("REASSIGN OWNED BY {} TO {}", Name(name), Name(server.user))
                    session.run("DROP OWNED BY {}", Name(name))
            if not state.get("skipDropRole"):
                session.run("DROP ROLE {}", Name(name))

    def _found(self, context: Context, name: str, state: State) -> State:
        found = self.find(context, name, state)
        if found is None:
            raise UserError(f"role {name} was dropped by someone else while it was being changed")
        return found


def _set_options(session: Session, inputs: RoleInputs, old: Mapping[str, Any]) -> None:
    wanted = inputs.model_dump(by_alias=True)
    for field, keyword in _OPTIONS.items():
        alias = str(RoleInputs.model_fields[field].alias)
        if wanted[alias] != old.get(alias):
            # `keyword` is one of the constants above.
            session.run(f"ALTER ROLE {{}} {'' if wanted[alias] else 'NO'}{keyword}", Name(inputs.name))
    if inputs.connection_limit != old.get("connectionLimit"):
        session.run("ALTER ROLE {} CONNECTION LIMIT {}", Name(inputs.name), inputs.connection_limit)
    if inputs.valid_until and _instant(inputs.valid_until) != _instant(old.get("validUntil")):
        session.run("ALTER ROLE {} VALID UNTIL {}", Name(inputs.name), inputs.valid_until)


def _set_password(session: Session, inputs: RoleInputs) -> None:
    match inputs.password:
        case None | "":
            pass  # the official plugin keeps the old one too
        case password if password.upper() == "NULL":
            session.run("ALTER ROLE {} PASSWORD NULL", Name(inputs.name))
        case password if password.startswith(_HASHED):
            session.run("ALTER ROLE {} PASSWORD {}", Name(inputs.name), password)
        case password:
            session.run("ALTER ROLE {} PASSWORD {}", Name(inputs.name), session.verifier(password, inputs.name))


def _set_memberships(session: Session, inputs: RoleInputs, old: list[str]) -> None:
    wanted = inputs.roles or []
    for role in sorted(set(old) - set(wanted)):
        session.run("REVOKE {} FROM {}", Name(role), Name(inputs.name))
    for role in sorted(set(wanted) - set(old)):
        session.run("GRANT {} TO {}", Name(role), Name(inputs.name))


def _set_settings(session: Session, inputs: RoleInputs, old: State) -> None:
    name, paths = Name(inputs.name), inputs.search_paths or []
    if paths != (old.get("searchPaths") or []):
        if paths:
            session.run("ALTER ROLE {} SET search_path TO " + ", ".join(["{}"] * len(paths)), name, *map(Name, paths))
        else:
            session.run("ALTER ROLE {} RESET search_path", name)
    for setting, value, was in (
        ("statement_timeout", inputs.statement_timeout, old.get("statementTimeout")),
        (
            "idle_in_transaction_session_timeout",
            inputs.idle_in_transaction_session_timeout,
            old.get("idleInTransactionSessionTimeout"),
        ),
        ("role", inputs.assume_role and Name(inputs.assume_role), old.get("assumeRole")),
    ):
        if (value or None) != (was or None):
            if value:
                session.run("ALTER ROLE {} SET {} TO {}", name, Name(setting), value)
            else:
                session.run("ALTER ROLE {} RESET {}", name, Name(setting))


def _current_password(server: Server, session: Session, role: str, known: str | None) -> str | None:
    """Return the password as far as the server gives it away: a changed SCRAM verifier is not noticed."""
    if not known or not server.superuser:
        return known
    row = session.row("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user")
    if not (row and row["rolsuper"]):
        raise UserError(
            f"could not read the password of role {role}: {server.user} is not a superuser; say `superuser=False` "
            "in the provider's arguments, then it is not read"
        )
    row = session.row("SELECT COALESCE(rolpassword, '') AS stored FROM pg_catalog.pg_authid WHERE rolname = %s", role)
    stored = str(row["stored"]) if row else ""
    if known.startswith(_HASHED):
        return stored
    md5 = "md5" + hashlib.md5((known + role).encode(), usedforsecurity=False).hexdigest()
    return known if stored == md5 or stored.startswith("SCRAM-SHA-256") else stored


def _instant(text: object) -> object:
    """Return the time `text` means, so that `2030-01-01T00:00:00Z` equals `2030-01-01 00:00:00+00`."""
    if str(text).lower() == "infinity":
        return "infinity"
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return text
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
