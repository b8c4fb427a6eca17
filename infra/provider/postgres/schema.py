"""pgstack:postgres:Schema, a whole database schema as one atomic resource with a row of its own for each object.

Check turns the folder of SQL files into the catalog it describes, so that the engine stores and diffs structure. The
work is the schema engine's (infra/provider/schema); here it meets Pulumi. A no-op preview needs neither the engine nor
the server, so both are imported where they are used.
"""

from typing_extensions import override

from infra.plugin import UNKNOWN, CheckError, Context, Diff, Resource, Unknown, UserError, compare
from infra.plugin.resource import State
from infra.provider.postgres.database import Unreachable, opened
from infra.provider.postgres.schema_inputs import SchemaInputs, desired, objects, outputs, stored

HOW = frozenset(
    {
        "scratchUrl",
        "database",
        "directory",
        "allow",
        "adopt",
        "backupCommand",
        "roles",
        "lockTimeout",
        "lockRetries",
        "proof",
        "serverVersion",
    }
)
"""Inputs that say how to apply, not what: their change alone is no update."""


class Schema(Resource[SchemaInputs]):
    """The schema of a folder of SQL files. Output: the catalog's `fingerprint`."""

    token = "pgstack:postgres:Schema"  # noqa: S105
    inputs_type = SchemaInputs
    secrets = frozenset({"url", "scratchUrl"})
    computed = ("fingerprint",)

    @override
    def check(self, context: Context, inputs: State, old_inputs: State) -> State:
        _refuse_to_move(inputs, old_inputs)
        version = _server_version(inputs, old_inputs)
        wanted = desired(inputs, version)
        checked = {**inputs, "serverVersion": version or UNKNOWN, **objects(wanted.data)}
        if version and stored(old_inputs) != stored(checked):
            from infra.provider.postgres import schema_work  # noqa: PLC0415

            schema_work.check_live(context, SchemaInputs.model_validate(checked), wanted)
        return checked

    @override
    def diff(self, context: Context, resource_id: str, old: State, old_inputs: State, new: State) -> Diff:
        before = {**old_inputs, **stored(old_inputs)}
        return Diff(compare(before, new, replace_on=self.replace_on, ignore=HOW))

    @override
    def preview_create(self, context: Context, inputs: State) -> State:
        from infra.provider.postgres import schema_views  # noqa: PLC0415

        wanted = desired(inputs, _known_version(inputs))
        context.publish(schema_views.created(wanted.catalog))
        return outputs(inputs, wanted.fingerprint)

    @override
    def preview_update(self, context: Context, old: State, old_inputs: State, new: State) -> State:
        from infra.provider.postgres import schema_views, schema_work  # noqa: PLC0415

        wanted = desired(new, _known_version(new))
        before = schema_work.catalog(old_inputs, context.old_views)
        context.publish(schema_views.changed(before, wanted.catalog))
        if not isinstance(new["url"], Unknown):
            schema_work.say_plan(context, SchemaInputs.model_validate(new))
        return outputs(new, wanted.fingerprint)

    @override
    def create(self, context: Context, inputs: SchemaInputs) -> tuple[str, State]:
        from infra.provider.postgres import schema_views, schema_work  # noqa: PLC0415

        wanted = schema_work.apply(context, inputs)
        context.publish(schema_views.created(wanted.catalog))
        return inputs.schema_name, outputs(inputs.model_dump(by_alias=True), wanted.fingerprint)

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: SchemaInputs) -> State:
        from infra.provider.postgres import schema_views, schema_work  # noqa: PLC0415

        wanted = schema_work.apply(context, inputs)
        before = schema_work.catalog(context.old_inputs, context.old_views)
        context.publish(schema_views.changed(before, wanted.catalog))
        return outputs(inputs.model_dump(by_alias=True), wanted.fingerprint)

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State] | None:
        from infra.provider.postgres import schema_views, schema_work  # noqa: PLC0415

        if "url" not in inputs:
            raise UserError("a schema is not imported: give it `adopt: true` instead, and it takes over what is there")
        found = schema_work.read_live(SchemaInputs.model_validate(inputs))
        before = schema_work.catalog(inputs, context.old_views)
        if found is None:
            context.publish(schema_views.deleted(before))  # or they would stay in the state without the schema
            return None
        context.publish(schema_views.changed(before, found.catalog))
        now = objects(found.catalog.to_json(context=False))
        return {**inputs, **now, "serverVersion": found.server_version}, outputs(state, found.fingerprint)

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        from infra.provider.postgres import schema_views, schema_work  # noqa: PLC0415

        known = SchemaInputs.model_validate({name: value for name, value in state.items() if name != "fingerprint"})
        if known.drop_on_delete:
            schema_work.drop(known)
        context.publish(schema_views.deleted(schema_work.catalog(context.old_inputs, {})))


def _refuse_to_move(inputs: State, old_inputs: State) -> None:
    """Keep the tables where they are: the engine would make them anew elsewhere, and drop these with their rows.

    Raises:
        CheckError: the schema, or the database that the stack made for it, has another name than before.
    """
    for name in ("schemaName", "database"):
        before, now = old_inputs.get(name), inputs.get(name)
        if before is not None and now is not None and before != now:
            advice = "another stack has another name, and takes a backup of this one"
            raise CheckError([(name, f"the tables are in {before} and do not move to {now}: {advice}")])


def _known_version(inputs: State) -> int | None:
    """Return the version that Check put into the inputs, None where it did not know it."""
    version = inputs["serverVersion"]
    return None if isinstance(version, Unknown) else int(version)


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
