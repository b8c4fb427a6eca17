"""`postgresql.Schema`: a schema of a database, its owner and who may use it."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from infra.plugin import Context, UserError, has_unknown
from infra.plugin.resource import State
from tools.offline_plugins.bridged import BridgedInputs, BridgedResource
from tools.offline_plugins.postgresql.inside import Place, database_exists
from tools.offline_plugins.postgresql.membership import acting_as
from tools.offline_plugins.postgresql.provider import server_of
from tools.offline_plugins.postgresql.server import Name, Session

_READ = """
    SELECT nspname::text AS "name", pg_catalog.pg_get_userbyid(nspowner)::text AS "owner"
    FROM pg_catalog.pg_namespace
    WHERE nspname = %s
"""


class Policy(BridgedInputs):
    """What a role may do in the schema; an empty role is PUBLIC. Several policies of one role add up."""

    role: str = ""
    create: bool = False
    create_with_grant: bool = False
    usage: bool = False
    usage_with_grant: bool = False


class SchemaInputs(BridgedInputs):
    """Inputs of `postgresql.Schema`."""

    name: str = Field("", min_length=1)
    database: str | None = None
    owner: str | None = None
    if_not_exists: bool = True
    drop_cascade: bool = False
    policies: list[Policy] | None = None


class SchemaResource(BridgedResource[SchemaInputs]):
    """A schema; its id is `database.name`."""

    token = "postgresql:index/schema:Schema"  # noqa: S105 - a type token
    inputs_type = SchemaInputs
    replace_on = frozenset({"database"})
    server_chosen = frozenset({"database", "owner", "policies"})

    def same(self, name: str, a: Any, b: Any) -> bool:
        """Policies are a set."""
        if name == "policies" and isinstance(a, list) and isinstance(b, list) and not has_unknown([a, b]):
            return _grants(a) == _grants(b)
        return super().same(name, a, b)

    def create(self, context: Context, inputs: SchemaInputs) -> tuple[str, State]:
        """Create the schema, or take over the one that is there when `ifNotExists` allows it."""
        server = server_of(context)
        place = Place(inputs.database or server.database, inputs.name)
        with server.changing(f"error creating schema {inputs.name}", place.database) as session:
            exists = session.row(_READ, inputs.name) is not None
            if exists and not inputs.if_not_exists:
                raise UserError(f'error creating schema {inputs.name}: schema "{inputs.name}" already exists')
            with acting_as(session, [_database_owner(session), inputs.owner or ""]):
                _create(session, inputs, exists=exists)
                _grant(session, inputs.name, _grants(_policies(inputs)))
        return place.id, self._found(context, place, inputs)

    def find(self, context: Context, resource_id: str, state: State) -> State | None:
        """Read the schema; like the official plugin it takes the policies as they were applied."""
        server = server_of(context)
        place = Place.of(server, "schema", resource_id, state)
        if not database_exists(server, place.database):
            return None
        with server.reading(f"error reading schema {place.name}", place.database) as session:
            row = session.row(_READ, place.name)
        if row is None:
            return None
        return {
            **row,
            "database": place.database,
            "ifNotExists": state.get("ifNotExists", True),
            "dropCascade": bool(state.get("dropCascade")),
            "policies": state.get("policies") or [],
        }

    def update(self, context: Context, resource_id: str, old: State, inputs: SchemaInputs) -> State:  # noqa: ARG002
        """Alter what differs, in one transaction."""
        server = server_of(context)
        place = Place(old["database"], inputs.name)
        before, after = _grants(old.get("policies") or []), _grants(_policies(inputs))
        doing = f"error updating schema {old['name']}"
        with server.changing(doing, place.database) as session:
            owners = [_database_owner(session), old["owner"], inputs.owner or ""]
            with acting_as(session, owners):
                if inputs.name != old["name"]:
                    session.run("ALTER SCHEMA {} RENAME TO {}", Name(old["name"]), Name(inputs.name))
                if inputs.owner and inputs.owner != old["owner"]:
                    session.run("ALTER SCHEMA {} OWNER TO {}", Name(inputs.name), Name(inputs.owner))
                if inputs.policies is not None and before != after:
                    _revoke(session, inputs.name, before)
                    _grant(session, inputs.name, after)
        return self._found(context, place, inputs, policies_before=old.get("policies"))

    def delete(self, context: Context, resource_id: str, state: State) -> None:
        """Drop the schema; what is in it goes along only with `dropCascade`."""
        server = server_of(context)
        place = Place.of(server, "schema", resource_id, state)
        if not database_exists(server, place.database):
            return
        with server.changing(f"error deleting schema {place.name}", place.database) as session:
            if session.row(_READ, place.name) is None:
                return
            with acting_as(session, [state.get("owner") or ""]):
                if state.get("dropCascade"):
                    session.run("DROP SCHEMA {} CASCADE", Name(place.name))
                else:
                    session.run("DROP SCHEMA {} RESTRICT", Name(place.name))

    def _found(self, context: Context, place: Place, inputs: SchemaInputs, *, policies_before: Any = None) -> State:
        state = {**inputs.model_dump(by_alias=True), "database": place.database}
        if inputs.policies is None:
            state["policies"] = policies_before
        found = self.find(context, place.id, state)
        if found is None:
            raise UserError(f"schema {place.name} was dropped by someone else while it was being changed")
        return found


def _policies(inputs: SchemaInputs) -> list[State]:
    return [policy.model_dump(by_alias=True) for policy in inputs.policies or ()]


def _grants(policies: Iterable[State]) -> dict[tuple[str, str], bool]:
    """Return what `policies` add up to: (role, privilege) -> with grant option."""
    grants: dict[tuple[str, str], bool] = {}
    for policy in policies:
        for privilege, plain, with_grant in (
            ("CREATE", "create", "createWithGrant"),
            ("USAGE", "usage", "usageWithGrant"),
        ):
            key = (policy.get("role") or "", privilege)
            if policy.get(plain) or policy.get(with_grant):
                grants[key] = grants.get(key, False) or bool(policy.get(with_grant))
    return grants


def _create(session: Session, inputs: SchemaInputs, *, exists: bool) -> None:
    if exists and inputs.owner:
        session.run("ALTER SCHEMA {} OWNER TO {}", Name(inputs.name), Name(inputs.owner))
    elif inputs.owner:
        session.run("CREATE SCHEMA {} AUTHORIZATION {}", Name(inputs.name), Name(inputs.owner))
    elif not exists:
        session.run("CREATE SCHEMA {}", Name(inputs.name))


def _grant(session: Session, schema: str, grants: dict[tuple[str, str], bool]) -> None:
    for (role, privilege), grant_option in grants.items():
        if role:
            option = " WITH GRANT OPTION" if grant_option else ""
            session.run(f"GRANT {privilege} ON SCHEMA {{}} TO {{}}{option}", Name(schema), Name(role))
        else:
            session.run(f"GRANT {privilege} ON SCHEMA {{}} TO PUBLIC", Name(schema))


def _revoke(session: Session, schema: str, grants: dict[tuple[str, str], bool]) -> None:
    for role, privilege in grants:
        if not role:
            session.run(f"REVOKE {privilege} ON SCHEMA {{}} FROM PUBLIC", Name(schema))
        elif session.row("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s", role):
            session.run(f"REVOKE {privilege} ON SCHEMA {{}} FROM {{}}", Name(schema), Name(role))


def _database_owner(session: Session) -> str:
    row = session.row(
        "SELECT pg_catalog.pg_get_userbyid(datdba)::text AS owner FROM pg_catalog.pg_database"
        " WHERE datname = current_database()"
    )
    return str(row["owner"]) if row else ""
