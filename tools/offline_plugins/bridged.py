"""How an official plugin behaves that bridges a Terraform provider: what its stand-ins share, whatever they manage.

Defaults are filled in by Check, a missing `name` is made from the resource's name, Diff holds the *state* against the
inputs wanted (so that drift a refresh found is repaired), and what the server chose by itself stays as it is.
"""

import re
import secrets
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from infra.plugin import UNKNOWN, Context, Diff, Inputs, Resource, Unknown, compare
from infra.plugin.diff import top_level
from infra.plugin.resource import State

_SUFFIX_BYTES = 4
_SUFFIX_LENGTH = 7


class BridgedInputs(Inputs):
    """Inputs of a bridged resource. A field's default is the official plugin's default; `None` is "not given"."""

    model_config = ConfigDict(strict=True)


def _refuse(_: object) -> None:
    raise PydanticCustomError("not_implemented", "the offline plugin does not implement this property; leave it out")


NotImplementedHere = Annotated[None, BeforeValidator(_refuse)]
"""The type of a property that the official plugin has and its stand-in has not: giving it fails the check."""

InputsT = TypeVar("InputsT", bound=BridgedInputs)


class BridgedResource(Resource[InputsT]):
    """A resource type of a bridged provider; its subclasses say how the world is read and changed."""

    server_chosen: ClassVar[frozenset[str]] = frozenset()
    """Inputs that the server decides when the program does not: leaving one out again changes nothing."""

    @abstractmethod
    def find(self, context: Context, resource_id: str, state: State) -> State | None:
        """Return the resource's state in the world, None when it is gone; `state` is empty for an import."""

    def same(self, name: str, a: Any, b: Any) -> bool:  # noqa: ARG002
        """Say whether two values of property `name` mean the same; nothing, zero and empty do."""
        return a == b or not (a or b)

    def check(self, context: Context, inputs: State, old_inputs: State) -> State:
        """Fill in defaults and, where the program gives no name, one like `reports-3f09ac1`."""
        given = {name: value for name, value in inputs.items() if value is not None}
        if "name" not in given:
            given["name"] = _automatic_name(context.name, old_inputs.get("name"))
        return {**self._defaults(), **given}

    def diff(self, context: Context, resource_id: str, old: State, old_inputs: State, new: State) -> Diff:  # noqa: ARG002
        """Compare the state with the inputs wanted."""
        decided = [name for name in self._names() if name in new or name not in self.server_chosen]
        changed = [name for name in decided if not self.same(name, old.get(name), new.get(name))]
        before, after = ({name: side.get(name) for name in changed} for side in (old, new))
        given = old_inputs.keys() | new.keys()
        changes = {
            path: replace(change, from_inputs=top_level(path) in given)
            for path, change in compare(before, after, replace_on=self.replace_on).items()
        }
        # Old and new can not stand side by side under one name.
        name_stays = new.get("name") == old.get("name") and not _is_automatic(context.name, new.get("name"))
        return Diff(changes, delete_first=name_stays and any(change.replace for change in changes.values()))

    def preview_create(self, context: Context, inputs: State) -> State:  # noqa: ARG002
        """Return the inputs; what the server will choose is unknown."""
        return {**dict.fromkeys(self.server_chosen, UNKNOWN), **inputs}

    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State] | None:
        """Return the world's state, and inputs in which only what has drifted differs from `inputs`."""
        found = self.find(context, resource_id, state)
        if found is None:
            return None
        if not state:
            defaults, inputs = self._defaults(), {name: found[name] for name in self._names() if name in found}
            given = {name: value for name, value in inputs.items() if not self.same(name, value, defaults.get(name))}
            return {**defaults, **given}, found
        current = {
            name: value if self.same(name, value, found.get(name, value)) else found[name]
            for name, value in inputs.items()
            if name in self._names()
        }
        return current, found

    def _names(self) -> list[str]:
        return [str(field.alias) for field in self.inputs_type.model_fields.values()]

    def _defaults(self) -> Mapping[str, Any]:
        fields = self.inputs_type.model_fields.items()
        return {
            str(field.alias): field.default
            for name, field in fields
            if name != "name" and not field.is_required() and field.default is not None
        }


def _automatic_name(resource_name: str, old_name: object) -> str:
    if isinstance(old_name, str) and _is_automatic(resource_name, old_name):
        return old_name
    return f"{resource_name}-{secrets.token_hex(_SUFFIX_BYTES)[:_SUFFIX_LENGTH]}"


def _is_automatic(resource_name: str, name: object) -> bool:
    pattern = rf"{re.escape(resource_name)}-[0-9a-f]{{{_SUFFIX_LENGTH}}}"
    return not isinstance(name, Unknown) and re.fullmatch(pattern, str(name)) is not None
