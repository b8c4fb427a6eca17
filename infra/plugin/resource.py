"""The base class of a resource handler, and what it is given besides its inputs."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from infra.plugin.diff import Diff, compare
from infra.plugin.values import UNKNOWN
from infra.plugin.views import ViewStep


class Inputs(BaseModel):
    """Inputs of a resource, camelCase on the wire; an unknown or misspelt property is refused."""

    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


InputsT = TypeVar("InputsT", bound=Inputs)
State = dict[str, Any]


@dataclass(frozen=True)
class Context:
    """What surrounds one request.

    Args:
        urn: the resource's URN.
        config: the provider's own configuration.
        old_inputs: the inputs of the last update, in an update and a delete.
        old_views: the rows below this resource as the engine has them, by type and name, except in check and diff.
        preview: the engine only wants to know what would happen: nothing may be changed.
        log: say something to the user, at severity "debug", "info", "warning" or "error".
        publish: show view steps under this resource.
        cancelled: set when the user interrupted the update.
    """

    urn: str
    config: Mapping[str, Any]
    old_inputs: Mapping[str, Any]
    preview: bool
    log: Callable[[str, str], None]
    publish: Callable[[Sequence[ViewStep]], None]
    cancelled: Event = field(default_factory=Event)
    old_views: Mapping[tuple[str, str], State] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.split("::", 3)[3]

    @property
    def stack(self) -> str:
        """The stack's name."""
        return self.urn.split("::")[0].rsplit(":", 1)[-1]

    @property
    def project(self) -> str:
        """The project's name."""
        return self.urn.split("::")[1]


class Resource(ABC, Generic[InputsT]):
    """One resource type. `create`, `update` and `delete` are the only ones that change the world.

    State is a plain dictionary, camelCase keys, secrets already revealed; what `secrets` names is encrypted again on
    the way out.
    """

    token: ClassVar[str]
    inputs_type: type[InputsT]
    replace_on: ClassVar[frozenset[str]] = frozenset()
    secrets: ClassVar[frozenset[str]] = frozenset()
    computed: ClassVar[tuple[str, ...]] = ()
    """Outputs that only a create gives, unknown in the preview of one."""
    importable: ClassVar[bool] = True
    """Whether `read` can find everything out from an id alone."""

    def check(self, context: Context, inputs: State, old_inputs: State) -> State:  # noqa: ARG002
        """Return the inputs to store, completed; they have passed `inputs_type` as far as they are known.

        Raises:
            CheckError: what is wrong, by property path.
        """
        return inputs

    def diff(self, context: Context, resource_id: str, old: State, old_inputs: State, new: State) -> Diff:  # noqa: ARG002
        """Compare the last state with the inputs wanted now. May read the world."""
        return Diff(compare(old_inputs, new, replace_on=self.replace_on))

    def preview_create(self, context: Context, inputs: State) -> State:  # noqa: ARG002
        """Return the outputs a create would give; inputs may hold unknowns."""
        return {**inputs, **dict.fromkeys(self.computed, UNKNOWN)}

    def preview_update(self, context: Context, old: State, old_inputs: State, new: State) -> State:  # noqa: ARG002
        """Return the outputs an update would give; inputs may hold unknowns."""
        return {**old, **new}

    @abstractmethod
    def create(self, context: Context, inputs: InputsT) -> tuple[str, State]:
        """Make the resource, or adopt what an interrupted create of ours left; return its id and outputs."""

    @abstractmethod
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State] | None:
        """Return inputs and outputs as the world has them now, None when the resource is gone.

        `state` is empty when a resource is being imported.
        """

    @abstractmethod
    def update(self, context: Context, resource_id: str, old: State, inputs: InputsT) -> State:
        """Change the resource in place and return its outputs."""

    @abstractmethod
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        """Remove the resource; it is no error when it is gone already."""
