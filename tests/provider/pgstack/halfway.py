"""A plugin of one resource that stops half way, run as a program: what the base class makes of it is tested."""

from typing_extensions import override

from infra.plugin import CheckError, Context, Inputs, PartlyDoneError, Plugin, Resource, serve
from infra.plugin.resource import State


class HalfwayInputs(Inputs):
    given: str
    reason: str
    size: int = 1


class Halfway(Resource[HalfwayInputs]):
    token = "halfway:index:Halfway"
    inputs_type = HalfwayInputs
    secrets = frozenset({"generated"})

    @override
    def create(self, context: Context, inputs: HalfwayInputs) -> tuple[str, State]:
        if inputs.reason == "check":
            raise CheckError([("size", "too large by now")])
        state = {**inputs.model_dump(by_alias=True), "generated": "pass-word"}
        raise PartlyDoneError("half", state, ["the other half is missing"])

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: HalfwayInputs) -> State:
        raise PartlyDoneError(resource_id, {**old, "generated": "pass-word"}, ["still missing"])

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> None:
        raise RuntimeError("a defect")

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        raise NotImplementedError


if __name__ == "__main__":
    serve(Plugin("halfway", "0.0.1", [Halfway()]))
