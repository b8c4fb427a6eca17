"""Inputs against their type, as far as they are known yet."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from infra.plugin.diff import property_path
from infra.plugin.resource import Resource, State
from infra.plugin.values import Unknown


def validate(resource: Resource[Any], inputs: State) -> list[tuple[str, str]]:
    """Return what `inputs_type` says against the known inputs, as (property path, reason)."""
    try:
        resource.inputs_type.model_validate(inputs)
    except ValidationError as error:
        return failures(error, inputs)
    return []


def failures(error: ValidationError, inputs: State | None = None) -> list[tuple[str, str]]:
    """Return pydantic's findings as (property path, reason), without those about values that are not known yet."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        (property_path(detail["loc"]), detail["msg"])
        for detail in details
        if not _lies_in_unknown(inputs, detail["loc"])
    ]


def _lies_in_unknown(value: Any, location: Sequence[str | int]) -> bool:
    for key in location:
        if isinstance(value, Unknown):
            return True
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return False
    return isinstance(value, Unknown)
