"""The provider's own arguments: which engine."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from infra.plugin import CheckError, Context, Inputs, property_path
from tools.offline_plugins.bridged import NotImplementedHere
from tools.offline_plugins.docker.engine import Engine

_ENGINE_OWN = ("version", "pluginDownloadURL", "pluginChecksums")
"""What Pulumi's engine adds to the arguments of every provider."""

SOCKETS = (Path("/var/run/docker.sock"), Path.home() / ".docker/run/docker.sock")
"""Where an engine listens when nothing else is said: the usual place, and Docker Desktop's."""


class ProviderArguments(Inputs):
    """The arguments of `pulumi_docker.Provider`."""

    host: str = Field(pattern="^(unix|tcp)://.")
    disable_docker_daemon_check: bool = False
    """Here the engine is first asked when a resource needs it: there is nothing to disable."""
    ca_material: NotImplementedHere = None
    cert_material: NotImplementedHere = None
    cert_path: NotImplementedHere = None
    key_material: NotImplementedHere = None
    context: NotImplementedHere = None
    registry_auth: NotImplementedHere = None
    ssh_opts: NotImplementedHere = None


def configure(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Turn the provider's arguments into what `engine_of` finds; without a host it is $DOCKER_HOST's engine.

    Raises:
        CheckError: an argument is wrong or not implemented.
    """
    given = {
        name: value
        for name, value in arguments.items()
        if value is not None and name not in _ENGINE_OWN and not name.startswith("__")
    }
    try:
        typed = ProviderArguments.model_validate({"host": _usual_host(), **given})
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise CheckError([(property_path(detail["loc"]), detail["msg"]) for detail in details]) from None
    return {"engine": Engine(typed.host)}


def _usual_host() -> str:
    present = [socket for socket in SOCKETS if socket.exists()]
    return os.environ.get("DOCKER_HOST") or f"unix://{(present or SOCKETS)[0]}"


def engine_of(context: Context) -> Engine:
    """Return the engine this provider was configured with."""
    engine = context.config["engine"]
    assert isinstance(engine, Engine)  # noqa: S101 - `configure` is the only source
    return engine
