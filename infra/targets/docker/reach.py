"""Which Docker engine is meant: the one of this machine, because its published ports are."""

import os

import pulumi

LOCAL = ("unix://", "npipe://")

ADDRESSES = ("DOCKER_HOST", "docker:host")
CONTEXTS = ("DOCKER_CONTEXT", "docker:context")
"""Where the docker plugin looks for its engine: variables of the environment, and keys of the configuration."""


def require_local_engine() -> None:
    """Refuse the engine of another machine.

    Raises:
        pulumi.RunError: the environment or the configuration names one.
    """
    for name in (*ADDRESSES, *CONTEXTS):
        said = _said(name)
        host = _host_of_context(said) if said and name in CONTEXTS else said
        if host and not host.startswith(LOCAL):
            leads = said if host == said else f"{said}, which leads to {host}"
            way_out = f"run `pulumi config rm {name}`" if ":" in name else f"unset {name}"
            raise pulumi.RunError(
                f"{name} is {leads}: the target docker publishes its ports on 127.0.0.1 of the engine's machine and "
                f"connects to them from here, so the engine has to be this machine's: {way_out}, or name a unix:// "
                "socket; run `make up` on the other machine to have the stack there"
            )


def _said(name: str) -> str:
    package, _, key = name.rpartition(":")
    return (pulumi.Config(package).get(key) if package else os.environ.get(name)) or ""


def _host_of_context(name: str) -> str:
    """Return where one of the Docker command line's contexts leads; nothing for one that is not known here."""
    from docker.context import ContextAPI  # noqa: PLC0415 - only a stack with such a context waits for the library

    context = ContextAPI.get_context(name)
    return str(context.Host or "") if context else ""
