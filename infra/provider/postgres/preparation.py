"""pgstack:postgres:Preparation, what a database that is there already lacks: roles, schemas, extensions, a reader.

Only what is missing is made, and noted in the database; what was there is never changed, and never dropped.
"""

from collections.abc import Sequence

from typing_extensions import override

from infra.plugin import Context, Inputs, Resource, has_unknown
from infra.plugin.resource import State
from infra.provider.postgres.database import Unreachable, address, opened


class PreparationInputs(Inputs):
    """Inputs of a preparation.

    `backup_role` is the login made for backups, empty for none; `drop_on_delete` drops what was made with the resource.
    """

    url: str
    schema_name: str
    groups: list[str]
    extensions: list[str]
    extensions_schema: str
    backup_role: str = ""
    backup_password: str | None = None
    drop_on_delete: bool = False


class Preparation(Resource[PreparationInputs]):
    """What was missing. Output: `made`, what of it is ours."""

    token = "pgstack:postgres:Preparation"  # noqa: S105
    inputs_type = PreparationInputs
    secrets = frozenset({"url", "backupPassword"})
    computed = ("made",)
    importable = False

    @override
    def preview_create(self, context: Context, inputs: State) -> State:
        if not has_unknown({**inputs, "backupPassword": None}):
            self._say(context, inputs)
        return super().preview_create(context, inputs)

    @override
    def create(self, context: Context, inputs: PreparationInputs) -> tuple[str, State]:
        return context.name, self._prepare(context, inputs)

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: PreparationInputs) -> State:
        return self._prepare(context, inputs)

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State]:
        from infra.provider.postgres import preparing  # noqa: PLC0415

        known = PreparationInputs.model_validate(inputs)
        with opened(known.url) as connection:
            lacking = preparing.lacking(connection, known)
            made = preparing.made(connection)
        found = {
            "groups": [name for name in known.groups if ("role", name) not in lacking],
            "extensions": [name for name in known.extensions if ("extension", name) not in lacking],
            "backupRole": "" if ("login", known.backup_role) in lacking else known.backup_role,
        }
        return {**inputs, **found}, {**state, **found, "made": _names(made)}

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        from infra.provider.postgres import preparing  # noqa: PLC0415

        known = PreparationInputs.model_validate({name: value for name, value in state.items() if name != "made"})
        try:
            with opened(known.url) as connection:
                for kept in preparing.take_away(connection, known):
                    context.log("warning", kept)
        except Unreachable as error:
            if known.drop_on_delete:
                raise
            # A database that is gone for good must not keep its stack alive.
            context.log("warning", f"{error}; the login for backups, {known.backup_role or 'none'}, stays there")

    def _prepare(self, context: Context, inputs: PreparationInputs) -> State:
        from infra.provider.postgres import preparing  # noqa: PLC0415

        with opened(inputs.url) as connection:
            made, kept = preparing.prepare(connection, inputs)
        for reason in kept:
            context.log("warning", reason)
        return {**inputs.model_dump(by_alias=True), "made": _names(made)}

    def _say(self, context: Context, inputs: State) -> None:
        from infra.provider.postgres import preparing  # noqa: PLC0415

        known = PreparationInputs.model_validate({**inputs, "backupPassword": None})
        with opened(known.url) as connection:
            lacking = preparing.lacking(connection, known)
        words = ", ".join(_names(lacking)) or "nothing"
        context.log("info", f"{address(known.url)} lacks, and will be given: {words}")


def _names(objects: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{kind} {name}" for kind, name in objects]
