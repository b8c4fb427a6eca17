"""The gRPC server of a plugin: Pulumi's ResourceProvider service in terms of `Resource` handlers."""

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent import futures
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc

from infra.plugin.diff import top_level
from infra.plugin.errors import CheckError, PartlyDoneError, UserError
from infra.plugin.refusals import answered
from infra.plugin.resource import Context, Resource, State
from infra.plugin.validation import validate
from infra.plugin.values import conceal, decode, encode, has_unknown, holds_secret, reveal
from infra.plugin.views import as_the_engine_knows, property_diffs, publish

MAX_MESSAGE_BYTES = 400 * 1024 * 1024
"""The engine's own limit for one message."""

_SEVERITY = {
    "debug": engine_pb2.DEBUG,
    "info": engine_pb2.INFO,
    "warning": engine_pb2.WARNING,
    "error": engine_pb2.ERROR,
}
Reply = TypeVar("Reply")


@dataclass(frozen=True)
class Plugin:
    """A provider plugin: its package name, version, resource handlers, and how it reads its own configuration.

    Args:
        configure: turns the provider's arguments, secrets revealed, into what handlers find in `context.config`;
            raises CheckError.
    """

    name: str
    version: str
    resources: Sequence[Resource[Any]]
    configure: Callable[[State], Mapping[str, Any]] = field(default=lambda arguments: arguments)


def serve(plugin: Plugin) -> None:
    """Run `plugin` until the engine that started it is gone. The port goes to standard output, as Pulumi expects."""
    gc.freeze()  # what was loaded stays: infra.lean
    gc.enable()
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=16),
        options=[("grpc.max_receive_message_length", MAX_MESSAGE_BYTES), ("grpc.max_send_message_length", -1)],
    )
    servicer = _Servicer(plugin, sys.argv[1] if len(sys.argv) > 1 else "")
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    engine = os.getppid()
    # An interrupt is how the engine tells a plugin that it is no longer needed, also where interrupts were ignored when
    # it was started itself, as in a shell's background. One that died before reads no port.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with suppress(KeyboardInterrupt, BrokenPipeError):
        print(port, flush=True)
        _wait_for_the_end_of(engine)
    os._exit(0)  # at once: a handler at work would hold an ordinary exit up, and meet the next engine's plugin


def _wait_for_the_end_of(engine: int) -> None:
    """Return when the process that started us has died: a killed engine must not leave plugins behind."""
    never = threading.Event()
    while os.getppid() == engine:
        never.wait(1.0)


class _Servicer(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self, plugin: Plugin, engine_address: str):
        self._plugin = plugin
        self._resources = {resource.token: resource for resource in plugin.resources}
        self._engine_address = engine_address
        self._config: Mapping[str, Any] = {}
        self._cancelled = threading.Event()

    # -- the plugin itself

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ARG002
        self._engine_address = request.engine_address
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=False, accept_outputs=False)

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ARG002
        self._engine_address = request.address
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ARG002
        return plugin_pb2.PluginInfo(version=self._plugin.version)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ARG002
        schema = f'{{"name": "{self._plugin.name}", "version": "{self._plugin.version}"}}'
        return provider_pb2.GetSchemaResponse(schema=schema)

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        def answer() -> Any:
            arguments = reveal(decode(request.news))
            if not has_unknown(arguments):
                self._plugin.configure(arguments)
            return provider_pb2.CheckResponse(inputs=request.news)

        return answered(self._plugin.name, context, answer, checking=True)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ARG002
        return provider_pb2.DiffResponse()  # another address or password of the same server replaces nothing

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        def answer() -> Any:
            try:
                self._config = self._plugin.configure(reveal(decode(request.args)))
            except CheckError as error:  # only the answer to a check has a place for failures
                raise UserError(str(error)) from None
            return provider_pb2.ConfigureResponse(
                acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
            )

        return answered(self._plugin.name, context, answer)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ARG002
        self._cancelled.set()
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        def answer() -> Any:
            if request.tok != f"{self._plugin.name}:index:ready":  # asked by infra/quick_start.py
                raise UserError(f"this {self._plugin.name} plugin has no function {request.tok}")
            return provider_pb2.InvokeResponse()

        return answered(self._plugin.name, context, answer)

    # -- resources

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        def answer() -> Any:
            resource = self._resource(request.urn)
            news = decode(request.news)
            secret_names = resource.secrets | {name for name, value in news.items() if holds_secret(value)}
            inputs = reveal(news)
            inputs.pop("__defaults", None)
            failures = validate(resource, inputs)
            if failures:
                raise CheckError(failures)
            checked = resource.check(self._context(request), inputs, reveal(decode(request.olds)))
            return provider_pb2.CheckResponse(inputs=encode(conceal(checked, secret_names)))

        return answered(self._plugin.name, context, answer, checking=True)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        def answer() -> Any:
            resource = self._resource(request.urn)
            old, old_inputs, new = (reveal(decode(part)) for part in (request.olds, request.old_inputs, request.news))
            diff = resource.diff(self._context(request), request.id, old, old_inputs, new)
            changes = {p: c for p, c in diff.changes.items() if top_level(p) not in request.ignoreChanges}
            return provider_pb2.DiffResponse(
                changes=provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE,
                diffs=sorted(set(map(top_level, changes))),
                replaces=sorted({top_level(path) for path, change in changes.items() if change.replace}),
                deleteBeforeReplace=diff.delete_first,
                detailedDiff=property_diffs(changes),
                hasDetailedDiff=True,
            )

        return answered(self._plugin.name, context, answer)

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        def answer() -> Any:
            resource = self._resource(request.urn)
            properties = decode(request.properties)
            inputs = reveal(properties)
            if request.preview:
                resource_id, outputs = "", resource.preview_create(self._context(request), inputs)
            else:
                typed = resource.inputs_type.model_validate(inputs)
                with _partial_state(resource, properties):
                    resource_id, outputs = resource.create(self._context(request), typed)
            return provider_pb2.CreateResponse(id=resource_id, properties=_outgoing(resource, outputs, properties))

        return answered(self._plugin.name, context, answer)

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        def answer() -> Any:
            resource = self._resource(request.urn)
            news = decode(request.news)
            old, new = reveal(decode(request.olds)), reveal(news)
            if request.preview:
                old_inputs = reveal(decode(request.old_inputs))
                outputs = resource.preview_update(self._context(request), old, old_inputs, new)
            else:
                typed = resource.inputs_type.model_validate(new)
                with _partial_state(resource, news):
                    outputs = resource.update(self._context(request), request.id, old, typed)
            return provider_pb2.UpdateResponse(properties=_outgoing(resource, outputs, news))

        return answered(self._plugin.name, context, answer)

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        def answer() -> Any:
            resource = self._resource(request.urn)
            state, inputs = decode(request.properties), decode(request.inputs)
            if not (state or inputs or resource.importable):
                raise UserError(f"{resource.token} can not be imported: let `pulumi up` make it")
            found = resource.read(self._context(request), request.id, reveal(inputs), reveal(state))
            if found is None:
                return provider_pb2.ReadResponse(id="")
            new_inputs, new_state = found
            return provider_pb2.ReadResponse(
                id=request.id,
                inputs=_outgoing(resource, new_inputs, inputs),
                properties=_outgoing(resource, new_state, state),
            )

        return answered(self._plugin.name, context, answer)

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        def answer() -> Any:
            resource = self._resource(request.urn)
            resource.delete(self._context(request), request.id, reveal(decode(request.properties)))
            return empty_pb2.Empty()

        return answered(self._plugin.name, context, answer)

    # -- what the answers above share

    def _resource(self, urn: str) -> Resource[Any]:
        token = urn.split("::", 3)[2].rsplit("$", 1)[-1]  # urn:pulumi:stack::project::Parent$type::name
        try:
            return self._resources[token]
        except KeyError:
            known = ", ".join(sorted(self._resources))
            raise UserError(f"this {self._plugin.name} plugin has no resource type {token}; it has {known}") from None

    def _context(self, request: Any) -> Context:
        address = getattr(request, "resource_status_address", "")
        token = getattr(request, "resource_status_token", "")
        views = {(view.type, view.name): view.inputs for view in getattr(request, "old_views", ())}
        return Context(
            urn=request.urn,
            config=self._config,
            old_inputs=reveal(decode(request.old_inputs)) if hasattr(request, "old_inputs") else {},
            preview=getattr(request, "preview", False),
            log=lambda severity, message: self._log(request.urn, severity, message),
            publish=lambda steps: publish(address, token, as_the_engine_knows(steps, views.keys())),
            cancelled=self._cancelled,
            old_views={view: decode(inputs) for view, inputs in views.items()},
        )

    def _log(self, urn: str, severity: str, message: str) -> None:
        with grpc.insecure_channel(self._engine_address) as channel:
            request = engine_pb2.LogRequest(severity=_SEVERITY[severity], message=message, urn=urn)
            engine_pb2_grpc.EngineStub(channel).Log(request)


def _outgoing(resource: Resource[Any], outputs: State, incoming: Mapping[str, Any]) -> Any:
    return encode(_concealed(resource, outputs, incoming))


def _concealed(resource: Resource[Any], outputs: State, incoming: Mapping[str, Any]) -> State:
    secret_names = resource.secrets | {name for name, value in incoming.items() if holds_secret(value)}
    return conceal(outputs, secret_names)


@contextmanager
def _partial_state(resource: Resource[Any], incoming: Mapping[str, Any]) -> Iterator[None]:
    """Keep the secrets of a state that was reached half way as secret as those of a whole one."""
    try:
        yield
    except PartlyDoneError as error:
        outputs = _concealed(resource, error.outputs, incoming)
        raise PartlyDoneError(error.resource_id, outputs, error.reasons) from error
