"""pgstack:random:Password, a generated secret that stays until its `rotation` changes."""

import secrets

from pydantic import Field
from typing_extensions import override

from infra.plugin import Context, Inputs, Resource
from infra.plugin.resource import State


class PasswordInputs(Inputs):
    """Inputs of a password: `length` in random bytes, and a text whose change makes a new one."""

    length: int = Field(default=24, ge=16, le=64)
    rotation: str = "1"


class Password(Resource[PasswordInputs]):
    """A secret `value`, url-safe, that only the state holds."""

    token = "pgstack:random:Password"  # noqa: S105
    inputs_type = PasswordInputs
    secrets = frozenset({"value"})
    computed = ("value",)
    importable = False

    @override
    def create(self, context: Context, inputs: PasswordInputs) -> tuple[str, State]:
        return context.name, self._generate(inputs)

    @override
    def preview_update(self, context: Context, old: State, old_inputs: State, new: State) -> State:
        return self.preview_create(context, new)

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: PasswordInputs) -> State:
        return self._generate(inputs)

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State]:
        return inputs, state

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        return None

    def _generate(self, inputs: PasswordInputs) -> State:
        return {**inputs.model_dump(by_alias=True), "value": secrets.token_urlsafe(inputs.length)}
