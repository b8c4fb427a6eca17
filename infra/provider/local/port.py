"""pgstack:local:Port, a free TCP port of this machine that stays the same from one update to the next."""

from typing_extensions import override

from infra.embedded.ports import free_port
from infra.plugin import Context, Inputs, Resource
from infra.plugin.resource import State


class PortInputs(Inputs):
    """A port has no inputs."""


class Port(Resource[PortInputs]):
    """A `port` on 127.0.0.1 that was free when it was chosen; whoever it is for binds it afterwards."""

    token = "pgstack:local:Port"  # noqa: S105
    inputs_type = PortInputs
    computed = ("port",)
    importable = False

    @override
    def create(self, context: Context, inputs: PortInputs) -> tuple[str, State]:
        return context.name, {"port": free_port()}

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State]:
        return inputs, state

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: PortInputs) -> State:
        return old

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        return None
