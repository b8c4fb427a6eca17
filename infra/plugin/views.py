"""Resource views: rows of their own in preview, update and state, for what one resource does inside itself.

The engine hands each create, read, update and delete an address and a token; steps published there appear below the
resource. Nothing a view carries is secret: views are stored in the state in clear.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import grpc
from pulumi.runtime.proto import provider_pb2, resource_status_pb2, resource_status_pb2_grpc

from infra.plugin.diff import PropertyChange
from infra.plugin.values import encode

Operation = Literal["same", "create", "update", "delete", "refresh"]


@dataclass(frozen=True)
class ViewStep:
    """One row: what happens to the object `name` of type `type_token`.

    Args:
        operation: create has no `old`, delete has no `new`.
        type_token: e.g. `pgstack:postgres:Table`.
        name: the object's name, unique among the views of its type under one resource.
        old: the object's properties before.
        new: the object's properties after.
        changes: changed properties by path, for update and refresh.
    """

    operation: Operation
    type_token: str
    name: str
    old: Mapping[str, Any] | None = None
    new: Mapping[str, Any] | None = None
    changes: Mapping[str, PropertyChange] = field(default_factory=dict)


def as_the_engine_knows(steps: Sequence[ViewStep], known: Collection[tuple[str, str]]) -> list[ViewStep]:
    """Return `steps` fit for an engine that has only the views `known` by (type, name).

    A step about an old view it does not have (its update was killed before the views were saved) stops the engine.
    """
    fit = []
    for step in steps:
        if step.old is None or (step.type_token, step.name) in known:
            fit.append(step)
        elif step.new is not None:
            fit.append(ViewStep("create", step.type_token, step.name, new=step.new))
    return fit


def publish(address: str, token: str, steps: Sequence[ViewStep]) -> None:
    """Send `steps` to the engine; an engine without views gave no address, then nothing is sent."""
    if not (address and steps):
        return
    request = resource_status_pb2.PublishViewStepsRequest(token=token, steps=[_message(step) for step in steps])
    with grpc.insecure_channel(address) as channel:
        resource_status_pb2_grpc.ResourceStatusStub(channel).PublishViewSteps(request)


def property_diffs(changes: Mapping[str, PropertyChange]) -> dict[str, provider_pb2.PropertyDiff]:
    """Return a detailed diff as the protocol's messages."""
    return {
        path: provider_pb2.PropertyDiff(kind=_kind(change), inputDiff=change.from_inputs)
        for path, change in changes.items()
    }


def _kind(change: PropertyChange) -> provider_pb2.PropertyDiff.Kind.ValueType:
    name = change.kind.upper() + ("_REPLACE" if change.replace else "")
    return provider_pb2.PropertyDiff.Kind.Value(name)


def _message(step: ViewStep) -> resource_status_pb2.ViewStep:
    message = resource_status_pb2.ViewStep(
        op=resource_status_pb2.ViewStep.Op.Value(step.operation.upper()),
        status=resource_status_pb2.ViewStep.OK,
        type=step.type_token,
        name=step.name,
    )
    for target, properties in ((message.old, step.old), (message.new, step.new)):
        if properties is not None:
            target.CopyFrom(
                resource_status_pb2.ViewStepState(type=step.type_token, name=step.name, inputs=encode(properties))
            )
    if step.changes:
        message.has_detailed_diff = True
        for path, diff in property_diffs(step.changes).items():
            message.detailed_diff[path].CopyFrom(diff)
    return message
