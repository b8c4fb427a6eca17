"""What a handler raises, in the protocol's words."""

import traceback
from collections.abc import Callable
from typing import TypeVar

import grpc
from google.protobuf import any_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import provider_pb2
from pydantic import ValidationError

from infra.plugin.errors import CheckError, PartlyDoneError, UserError
from infra.plugin.validation import failures
from infra.plugin.values import encode

Reply = TypeVar("Reply")


def answered(
    plugin: str, context: grpc.ServicerContext, answer: Callable[[], Reply], *, checking: bool = False
) -> Reply:
    """Return what `answer` gives, or tell the engine what it raised; only a check answers with a list of failures.

    Args:
        plugin: the plugin's name, for what can only be a defect of ours.
        context: the request's.
        answer: does the work.
        checking: whether the reply is a CheckResponse.
    """
    try:
        return answer()
    except CheckError as error:
        if checking:
            found = [provider_pb2.CheckFailure(property=path, reason=reason) for path, reason in error.failures]
            return provider_pb2.CheckResponse(failures=found)  # type: ignore[return-value]
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
    except PartlyDoneError as error:
        _fail_with_partial_state(context, error)
    except ValidationError as error:
        reasons = "; ".join(f"{path}: {reason}" for path, reason in failures(error))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, reasons)
    except UserError as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
    except Exception as error:  # noqa: BLE001 - a defect of ours must not look like a hung engine
        traceback.print_exc()
        context.abort(grpc.StatusCode.INTERNAL, f"{plugin}: {type(error).__name__}: {error}")
    raise AssertionError("abort raises")


def _fail_with_partial_state(context: grpc.ServicerContext, error: PartlyDoneError) -> None:
    details = provider_pb2.ErrorResourceInitFailed(
        id=error.resource_id, properties=encode(error.outputs), reasons=error.reasons
    )
    packed = any_pb2.Any()
    packed.Pack(details)
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=str(error), details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, str(error))
