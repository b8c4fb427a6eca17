"""A provider plugin as the engine sees it: started from its executable, spoken to over gRPC, listened to."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import grpc
from google.protobuf import empty_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    provider_pb2,
    provider_pb2_grpc,
    resource_status_pb2,
    resource_status_pb2_grpc,
)

from infra.plugin.server import MAX_MESSAGE_BYTES
from infra.plugin.values import decode, encode

STATUS_TOKEN = "token-of-the-test"
Properties = dict[str, Any]


class PluginError(Exception):
    """What the plugin answered instead of a result; `partial` is the state it had reached, if it said so."""

    def __init__(self, code: grpc.StatusCode, message: str, partial: Properties | None):
        self.code = code
        self.message = message
        self.partial = partial
        super().__init__(message)


@dataclass(frozen=True)
class Checked:
    """Inputs as the engine will store them, or the failures as (property path, reason)."""

    inputs: Properties
    failures: list[tuple[str, str]]


@dataclass(frozen=True)
class Diffed:
    """Changed property paths with their kind, e.g. `{"name": "UPDATE_REPLACE"}`."""

    changes: dict[str, str]
    replaces: list[str]
    delete_first: bool


@dataclass(frozen=True)
class Found:
    """What Read returns of a resource that is there."""

    id: str
    inputs: Properties
    properties: Properties


@dataclass
class Engine(engine_pb2_grpc.EngineServicer, resource_status_pb2_grpc.ResourceStatusServicer):
    """What a plugin tells the engine: log lines as (severity, message), view steps as protocol messages."""

    logs: list[tuple[str, str]] = field(default_factory=list)
    views: list[Any] = field(default_factory=list)

    def Log(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ARG002, N802
        self.logs.append((engine_pb2.LogSeverity.Name(request.severity).lower(), request.message))
        return empty_pb2.Empty()

    def PublishViewSteps(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        if request.token != STATUS_TOKEN:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "not the token of this request")
        self.views.extend(request.steps)
        return resource_status_pb2.PublishViewStepsResponse()

    def view_rows(self) -> list[tuple[str, str, str]]:
        """Return the steps published so far as (operation, type, name)."""
        name_of = resource_status_pb2.ViewStep.Op.Name
        return [(name_of(step.op).lower(), step.type, step.name) for step in self.views]


def urn(token: str, name: str, *, parent: str = "") -> str:
    """Return the URN of a resource of the test's stack; `parent` is the type of the component it lies in."""
    return f"urn:pulumi:test::project::{parent}{'$' if parent else ''}{token}::{name}"


@contextmanager
def serve_engine() -> Iterator[tuple[Engine, str]]:
    """Serve an `Engine`; yields it and its address."""
    engine = Engine()
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=4), options=[("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)]
    )
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    resource_status_pb2_grpc.add_ResourceStatusServicer_to_server(engine, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield engine, f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()


class PluginClient:
    """Calls a running plugin. `received` holds every response as bytes, to look for secrets in.

    Args:
        channel: a channel to the plugin.
        engine: what the plugin says meanwhile.
        engine_address: where `engine` is served.
    """

    def __init__(self, channel: grpc.Channel, engine: Engine, engine_address: str):
        self.engine = engine
        self.received: list[bytes] = []
        self._stub = provider_pb2_grpc.ResourceProviderStub(channel)
        self._status: dict[str, Any] = {
            "resource_status_address": engine_address,
            "resource_status_token": STATUS_TOKEN,
        }
        self._call("Handshake", provider_pb2.ProviderHandshakeRequest(engine_address=engine_address))

    def version(self) -> str:
        return str(self._call("GetPluginInfo", empty_pb2.Empty()).version)

    def check_config(self, arguments: Mapping[str, Any]) -> Checked:
        request = provider_pb2.CheckRequest(urn=urn("pulumi:providers:x", "x"), news=encode(arguments))
        return self._checked(self._call("CheckConfig", request))

    def configure(self, arguments: Mapping[str, Any]) -> None:
        self._call("Configure", provider_pb2.ConfigureRequest(args=encode(arguments), acceptSecrets=True))

    def invoke(self, function: str) -> Properties:
        return decode(getattr(self._call("Invoke", provider_pb2.InvokeRequest(tok=function)), "return"))

    def check(self, urn: str, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None) -> Checked:
        request = provider_pb2.CheckRequest(urn=urn, news=encode(news), olds=encode(olds or {}))
        return self._checked(self._call("Check", request))

    def diff(
        self, urn: str, resource_id: str, old: Mapping[str, Any], new: Mapping[str, Any], old_inputs: Mapping[str, Any]
    ) -> Diffed:
        request = provider_pb2.DiffRequest(
            urn=urn, id=resource_id, olds=encode(old), news=encode(new), old_inputs=encode(old_inputs)
        )
        response = self._call("Diff", request)
        kind_name = provider_pb2.PropertyDiff.Kind.Name
        changes = {path: kind_name(change.kind) for path, change in response.detailedDiff.items()}
        assert (response.changes == provider_pb2.DiffResponse.DIFF_SOME) == bool(changes)
        return Diffed(changes, list(response.replaces), response.deleteBeforeReplace)

    def create(self, urn: str, inputs: Mapping[str, Any], *, preview: bool = False) -> tuple[str, Properties]:
        request = provider_pb2.CreateRequest(urn=urn, properties=encode(inputs), preview=preview, **self._status)
        response = self._call("Create", request)
        return response.id, decode(response.properties)

    def read(
        self, urn: str, resource_id: str, inputs: Mapping[str, Any], properties: Mapping[str, Any]
    ) -> Found | None:
        request = provider_pb2.ReadRequest(
            urn=urn, id=resource_id, inputs=encode(inputs), properties=encode(properties), **self._status
        )
        response = self._call("Read", request)
        return Found(response.id, decode(response.inputs), decode(response.properties)) if response.id else None

    def update(
        self,
        urn: str,
        resource_id: str,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        old_inputs: Mapping[str, Any],
        *,
        preview: bool = False,
    ) -> Properties:
        request = provider_pb2.UpdateRequest(
            urn=urn,
            id=resource_id,
            olds=encode(old),
            news=encode(new),
            old_inputs=encode(old_inputs),
            preview=preview,
            **self._status,
        )
        return decode(self._call("Update", request).properties)

    def delete(
        self, urn: str, resource_id: str, properties: Mapping[str, Any], inputs: Mapping[str, Any] | None = None
    ) -> None:
        request = provider_pb2.DeleteRequest(
            urn=urn, id=resource_id, properties=encode(properties), old_inputs=encode(inputs or {}), **self._status
        )
        self._call("Delete", request)

    def _checked(self, response: Any) -> Checked:
        failures = [(failure.property, failure.reason) for failure in response.failures]
        return Checked(decode(response.inputs), failures)

    def _call(self, method: str, request: Any) -> Any:
        try:
            response = getattr(self._stub, method)(request, timeout=60)
        except grpc.RpcError as error:
            failed = cast("grpc.Call", error)
            self.received.append((failed.details() or "").encode())
            raise PluginError(failed.code(), failed.details() or "", _partial_state(failed)) from None
        self.received.append(response.SerializeToString())
        return response


def _partial_state(failed: grpc.Call) -> Properties | None:
    for key, value in failed.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            details = provider_pb2.ErrorResourceInitFailed()
            for detail in status_pb2.Status.FromString(value).details:
                if detail.Unpack(details):
                    return decode(details.properties)
    return None


@contextmanager
def start_plugin(
    executable: Path, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[PluginClient, "subprocess.Popen[str]"]]:
    """Start `executable` in `folder` and connect to it; what it writes on standard error is in `folder`/plugin.err.

    Args:
        environment: variables beside those of the test's own process.
    """
    with serve_engine() as (engine, address), (folder / "plugin.err").open("w") as errors:
        process = subprocess.Popen(
            [executable, address],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        with process:
            try:
                assert process.stdout is not None
                port = process.stdout.readline().strip()
                assert port.isdigit(), (folder / "plugin.err").read_text()
                limit = [("grpc.max_receive_message_length", MAX_MESSAGE_BYTES), ("grpc.max_send_message_length", -1)]
                with grpc.insecure_channel(f"127.0.0.1:{port}", options=limit) as channel:
                    yield PluginClient(channel, engine, address), process
            finally:
                process.kill()  # as the engine does
