"""pgstack:tls:Seal, a certificate for a port that nobody may use."""

from typing_extensions import override

from infra.embedded.certificates import self_signed
from infra.plugin import Context, Inputs, Resource
from infra.plugin.resource import State


class SealInputs(Inputs):
    """A seal has no inputs."""


class Seal(Resource[SealInputs]):
    """A server's `certificate` and `key`, and an `authority` whose own key is forgotten: it never signs anything.

    A server that takes only clients with a certificate of this authority takes none: a port that can neither be
    switched off nor bound to the loopback is closed.
    """

    token = "pgstack:tls:Seal"  # noqa: S105
    inputs_type = SealInputs
    secrets = frozenset({"key"})
    computed = ("certificate", "key", "authority")
    importable = False

    @override
    def create(self, context: Context, inputs: SealInputs) -> tuple[str, State]:
        certificate, key = self_signed("sealed")
        authority, _ = self_signed("nobody")
        return context.name, {"certificate": certificate, "key": key, "authority": authority}

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State]:
        return inputs, state

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: SealInputs) -> State:
        return old

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        return None
