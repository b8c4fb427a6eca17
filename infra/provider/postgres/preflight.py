"""pgstack:postgres:Preflight, the check of a database that is there already: it stops a preview as it stops an update.

It runs when its inputs change, the first time above all; a preview without changes asks no server.
"""

from pathlib import Path

from pydantic import Field
from typing_extensions import override

from infra.plugin import CheckError, Context, Inputs, Resource, UserError, has_unknown
from infra.plugin.resource import State
from infra.preflight.finding import Wanted

FOUND = ("role", "serverVersion")
"""Inputs that Check fills."""


class PreflightInputs(Inputs):
    """Inputs of a preflight. The program gives the first block, Check the rest."""

    url: str
    schema_name: str
    directory: str
    groups: list[str]
    extensions: list[str]
    extensions_schema: str
    backup_role: str = ""
    backup_url: str | None = None
    adopt: bool = False

    role: str = Field("", description="whom the login acts as")
    server_version: int | None = None

    @property
    def wanted(self) -> Wanted:
        """What the stack needs, as the checks name it."""
        return Wanted(
            schema=self.schema_name,
            groups=tuple(self.groups),
            extensions=tuple(self.extensions),
            extensions_schema=self.extensions_schema,
            backup_role=self.backup_role,
            backup_url=self.backup_url,
            directory=Path(self.directory),
            adopt=self.adopt,
        )


class Preflight(Resource[PreflightInputs]):
    """A check before the first change. Outputs: `role` and `serverVersion`."""

    token = "pgstack:postgres:Preflight"  # noqa: S105
    inputs_type = PreflightInputs
    secrets = frozenset({"url", "backupUrl"})
    importable = False

    @override
    def check(self, context: Context, inputs: State, old_inputs: State) -> State:
        if has_unknown(inputs):
            return inputs
        if old_inputs and _asked(inputs) == _asked(old_inputs):
            return {**inputs, **{name: old_inputs[name] for name in FOUND if name in old_inputs}}
        return {**inputs, **self._passed(context, PreflightInputs.model_validate(inputs))}

    @override
    def create(self, context: Context, inputs: PreflightInputs) -> tuple[str, State]:
        return context.name, inputs.model_dump(by_alias=True)

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: PreflightInputs) -> State:
        return inputs.model_dump(by_alias=True)

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State]:
        from infra.preflight.connecting import NotConnected, connected  # noqa: PLC0415

        try:
            with connected(inputs["url"]) as connection:
                version = connection.info.server_version
        except NotConnected as error:
            raise UserError(str(error)) from None
        return {**inputs, "serverVersion": version}, {**state, "serverVersion": version}

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        return None

    def _passed(self, context: Context, inputs: PreflightInputs) -> State:
        from infra.preflight.run import preflight  # noqa: PLC0415 - libpq costs 0.13 s, a no-op preview needs none of it

        report = preflight(inputs.url, inputs.wanted)
        for finding in report.warnings:
            context.log("warning", str(finding))
        if report.failures or report.facts is None:
            # By no property: the engine shows the value of the one that is named.
            raise CheckError([("", str(finding)) for finding in report.failures])
        return {"role": report.facts.role, "serverVersion": report.facts.version}


def _asked(inputs: State) -> State:
    return {name: value for name, value in inputs.items() if name not in FOUND and value is not None}
