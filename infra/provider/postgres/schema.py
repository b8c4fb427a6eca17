"""pgstack:postgres:Schema, a whole database schema as one atomic resource with a row of its own for each object.

Check turns the folder of SQL files into the catalog it describes, so that the engine stores and diffs structure. The
work is the schema engine's (infra/provider/schema); here it meets Pulumi.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import Field, JsonValue
from typing_extensions import override

from infra.embedded.distribution import cache_root
from infra.plugin import (
    UNKNOWN,
    CheckError,
    Context,
    Diff,
    Inputs,
    Resource,
    Unknown,
    UserError,
    ViewStep,
    compare,
)
from infra.plugin.resource import State
from infra.plugin.views import Operation
from infra.provider.postgres.database import Unreachable, address, opened
from infra.provider.schema.changes import displayed_objects, object_changes
from infra.provider.schema.desired import Desired, desired_catalog
from infra.provider.schema.errors import SchemaError, SourceErrors
from infra.provider.schema.hazards import Hazard
from infra.provider.schema.model import Catalog, fingerprint
from infra.provider.schema.target import EXTENSIONS, ServerFacts, Target

OBJECTS = ("tables", "views", "functions", "enums", "domains", "composites", "sequences", "grants")
"""The inputs that Check fills: the catalog, one property a kind of object."""

HOW = frozenset({"directory", "allow", "adopt", "roles", "serverVersion"})
"""Inputs that say how to apply, not what: their change alone is no update."""

TYPE_PREFIX = "pgstack:postgres:"
COLLECTIONS = frozenset({"columns", "constraints", "grants", "options", "settings"})
"""Properties of a displayed object that are collections of named parts."""


class SchemaInputs(Inputs):
    """Inputs of a schema. The program gives the first block, Check the rest."""

    url: str
    schema_name: str
    directory: str
    owner: str
    roles: list[str] = Field(default_factory=list)
    extensions: list[str] = Field(default_factory=lambda: list(EXTENSIONS))
    extensions_schema: str = "extensions"
    allow: list[str] = Field(default_factory=list)
    adopt: bool = False
    drop_on_delete: bool = True

    server_version: int | None = None
    tables: dict[str, JsonValue] = Field(default_factory=dict)
    views: dict[str, JsonValue] = Field(default_factory=dict)
    functions: dict[str, JsonValue] = Field(default_factory=dict)
    enums: dict[str, JsonValue] = Field(default_factory=dict)
    domains: dict[str, JsonValue] = Field(default_factory=dict)
    composites: dict[str, JsonValue] = Field(default_factory=dict)
    sequences: dict[str, JsonValue] = Field(default_factory=dict)
    grants: dict[str, JsonValue] = Field(default_factory=dict)


class Schema(Resource[SchemaInputs]):
    """The schema of a folder of SQL files. Output: the catalog's `fingerprint`."""

    token = "pgstack:postgres:Schema"  # noqa: S105
    inputs_type = SchemaInputs
    replace_on = frozenset({"schemaName"})
    secrets = frozenset({"url"})
    computed = ("fingerprint",)

    @override
    def check(self, context: Context, inputs: State, old_inputs: State) -> State:
        version = _server_version(inputs, old_inputs)
        desired = _desired(inputs, version)
        checked = {**inputs, "serverVersion": version or UNKNOWN, **_objects(desired.catalog)}
        if version and (_catalog_json(old_inputs) != _catalog_json(checked)):
            self._check_live(context, inputs, desired)
        return checked

    @override
    def diff(self, context: Context, resource_id: str, old: State, old_inputs: State, new: State) -> Diff:
        return Diff(compare(old_inputs, new, replace_on=self.replace_on, ignore=HOW))

    @override
    def preview_create(self, context: Context, inputs: State) -> State:
        catalog = _catalog(inputs)
        context.publish(
            [_row("create", item.kind, item.name, None, item.properties) for item in displayed_objects(catalog)]
        )
        return _outputs(inputs, fingerprint(catalog))

    @override
    def preview_update(self, context: Context, old: State, old_inputs: State, new: State) -> State:
        catalog = _catalog(new)
        context.publish(_steps(_catalog(old_inputs), catalog))
        if not isinstance(new["url"], Unknown):
            self._say_plan(context, new)
        return _outputs(new, fingerprint(catalog))

    @override
    def create(self, context: Context, inputs: SchemaInputs) -> tuple[str, State]:
        desired = self._apply(inputs)
        made = displayed_objects(desired.catalog)
        context.publish([_row("create", item.kind, item.name, None, item.properties) for item in made])
        return inputs.schema_name, _outputs(inputs.model_dump(by_alias=True), desired.fingerprint)

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: SchemaInputs) -> State:
        desired = self._apply(inputs)
        context.publish(_steps(_catalog(context.old_inputs), desired.catalog))
        return _outputs(inputs.model_dump(by_alias=True), desired.fingerprint)

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State] | None:
        from infra.provider.schema.engine import managed_live, read_ledger  # noqa: PLC0415 - needs the driver

        if "url" not in inputs:
            raise UserError("a schema is not imported: give it `adopt: true` instead, and it takes over what is there")
        known = SchemaInputs.model_validate(inputs)
        with _as_user_error(), opened(known.url) as connection:
            if read_ledger(connection, known.schema_name) is None:
                return None
            live = managed_live(connection, _target(known))
            version = connection.info.server_version
        before = _catalog(inputs)
        objects = {**_objects(live), "grants": _granted(before, live), "serverVersion": version}
        context.publish(_steps(before, live))
        return {**inputs, **objects}, _outputs(state, fingerprint(live))

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        from infra.provider.schema.engine import drop_all  # noqa: PLC0415 - needs the driver

        known = SchemaInputs.model_validate({name: value for name, value in state.items() if name != "fingerprint"})
        if known.drop_on_delete:
            with _as_user_error(), opened(known.url) as connection:
                drop_all(connection, _target(known))
        gone = displayed_objects(_catalog(context.old_inputs))
        context.publish([_row("delete", item.kind, item.name, item.properties, None) for item in gone])

    def _apply(self, inputs: SchemaInputs) -> Desired:
        from infra.provider.schema.engine import apply_changes  # noqa: PLC0415 - needs the driver

        state = inputs.model_dump(by_alias=True)
        desired = _desired(state, inputs.server_version)
        if desired.fingerprint != fingerprint(_catalog(state)):
            raise UserError(f"the files in {inputs.directory} changed while the update ran: run it again")
        with _as_user_error(), opened(inputs.url) as connection:
            apply_changes(connection, _target(inputs), desired.catalog, inputs.allow, adopt=inputs.adopt)
        return desired

    def _check_live(self, context: Context, inputs: State, desired: Desired) -> None:
        """Refuse what applying would refuse, with numbers from the live database."""
        from infra.provider.schema.engine import preview_changes  # noqa: PLC0415 - needs the driver

        known = SchemaInputs.model_validate(inputs)
        try:
            with opened(known.url) as connection:
                preview = preview_changes(connection, _target(known), desired.catalog, known.allow, adopt=known.adopt)
        except Unreachable as error:
            context.log("warning", f"{error}; what the change would lose is checked when it does, before it is applied")
            return
        except SchemaError as error:
            raise CheckError([("directory", str(error))]) from error
        if preview.refused:
            raise CheckError([("allow", _refusal(refusal.hazard, len(known.allow))) for refusal in preview.refused])

    def _say_plan(self, context: Context, new: State) -> None:
        """Show the exact SQL, statement by statement with its lock and hazards, in the preview's diagnostics."""
        from infra.provider.schema.engine import preview_changes  # noqa: PLC0415 - needs the driver

        known = SchemaInputs.model_validate(new)
        desired = _desired(new, known.server_version)
        with _as_user_error(), opened(known.url) as connection:
            plan = preview_changes(connection, _target(known), desired.catalog, known.allow, adopt=known.adopt).plan
        lines = [
            line
            for step in plan.steps
            for line in (f"{step.sql};  -- lock: {step.lock}", *(f"    -- {hazard}" for hazard in step.hazards))
        ]
        if lines:
            context.log("info", f"planned for {address(known.url)}, in one transaction:\n" + "\n".join(lines))


def _refusal(hazard: Hazard, allowed: int) -> str:
    return f"{hazard.sentence} To go ahead, allow it by name: pulumi config set --path 'allow[{allowed}]' {hazard.key}"


def _server_version(inputs: State, old_inputs: State) -> int | None:
    """Return the server's version number, None where there is no server yet; the one known of this URL is believed."""
    if isinstance(inputs["url"], Unknown):
        return None
    if old_inputs.get("url") == inputs["url"] and old_inputs.get("serverVersion"):
        return int(old_inputs["serverVersion"])
    try:
        with opened(inputs["url"]) as connection:
            return connection.info.server_version
    except Unreachable:
        return None


def _desired(inputs: Mapping[str, Any], version: int | None) -> Desired:
    server = ServerFacts(version) if version else None
    target = Target(
        schema=inputs["schemaName"],
        owner=inputs["owner"],
        roles=tuple(inputs.get("roles", ())),
        extensions=tuple(inputs.get("extensions", EXTENSIONS)),
        extensions_schema=inputs.get("extensionsSchema", "extensions"),
        url=None if isinstance(inputs["url"], Unknown) else inputs["url"],
        server=server,
    )
    try:
        return desired_catalog(Path(inputs["directory"]), target, cache_root() / "catalogs")
    except SourceErrors as error:
        raise CheckError([("directory", paragraph) for paragraph in error.paragraphs]) from error
    except SchemaError as error:
        raise CheckError([("directory", str(error))]) from error


def _target(inputs: SchemaInputs) -> Target:
    return Target(
        schema=inputs.schema_name,
        owner=inputs.owner,
        roles=tuple(inputs.roles),
        extensions=tuple(inputs.extensions),
        extensions_schema=inputs.extensions_schema,
        url=inputs.url,
    )


def _objects(catalog: Catalog) -> dict[str, Any]:
    """Return the catalog as inputs, every kind of object named."""
    json = catalog.to_json(context=False)
    return {kind: json.get(kind, {}) for kind in OBJECTS}


def _catalog_json(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: properties.get(kind, {}) for kind in OBJECTS}


def _outputs(properties: Mapping[str, Any], mark: str) -> State:
    """Return the outputs: all but the catalog, which stays with the inputs, so that no program has to read it back."""
    return {**{name: value for name, value in properties.items() if name not in OBJECTS}, "fingerprint": mark}


def _catalog(properties: Mapping[str, Any]) -> Catalog:
    return Catalog.from_json(_catalog_json(properties))


def _granted(before: Catalog, live: Catalog) -> dict[str, list[str]]:
    """Return the grants on the schema itself that are ours and still stand; others may have theirs."""
    return {
        role: list(privileges)
        for role, privileges in before.grants.items()
        if set(privileges) <= set(live.grants.get(role, ()))
    }


def _steps(old: Catalog, new: Catalog) -> list[ViewStep]:
    """Return a row for every object: what changes, and what stays, or the engine would forget it."""
    changes = object_changes(old, new)
    touched = {(change.kind, change.name) for change in changes}
    stays = [
        _row("same", item.kind, item.name, item.properties, item.properties)
        for item in displayed_objects(new)
        if (item.kind, item.name) not in touched
    ]
    return [*(_row(c.operation, c.kind, c.name, c.old, c.new) for c in changes), *stays]


def _row(
    operation: Operation, kind: str, name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> ViewStep:
    before, after = _flat(old), _flat(new)
    changes = compare(before, after) if before is not None and after is not None else {}
    return ViewStep(operation, TYPE_PREFIX + kind, name, before, after, changes)


def _flat(properties: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Bring a table's columns and the like to the top: a preview's row names top-level properties only."""
    if properties is None:
        return None
    flat: dict[str, Any] = {}
    for name, value in properties.items():
        if name in COLLECTIONS:
            flat |= {f"{name}.{part}": item for part, item in value.items()}
        else:
            flat[name] = value
    return flat


@contextmanager
def _as_user_error() -> Iterator[None]:
    try:
        yield
    except SchemaError as error:
        raise UserError(str(error)) from error
