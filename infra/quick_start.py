"""What makes a run of the program quick, a no-op preview above all; nothing depends on it."""

import contextlib
import gc
import threading

import grpc
import pulumi
from pulumi.runtime.proto import resource_pb2

READY = "pgstack:index:ready"
"""A function of the plugin that answers as soon as the plugin can."""


def quick_start() -> None:
    """Call it before the program's other imports. Every part of it may be left out.

    A plugin that can not start is an error of the first resource that needs it, which tells it better.
    """
    gc.disable()  # the program ends before there is anything worth collecting
    threading.Thread(target=_start_provider, name="quick-start", daemon=True).start()


def _start_provider() -> None:
    """Have the engine start pgstack beside the program's imports, instead of for the first resource."""
    monitor = pulumi.runtime.settings.get_monitor()
    if monitor:
        with contextlib.suppress(grpc.RpcError):
            monitor.Invoke(resource_pb2.ResourceInvokeRequest(tok=READY))
