"""Which Docker engine is meant: the one of this machine, because its published ports are."""

import os

import pulumi

LOCAL = ("unix://", "npipe://")


def require_local_engine() -> None:
    """Refuse the engine of another machine.

    Raises:
        pulumi.RunError: $DOCKER_HOST names one.
    """
    host = os.environ.get("DOCKER_HOST", "")
    if host and not host.startswith(LOCAL):
        raise pulumi.RunError(
            f"DOCKER_HOST is {host}: the target docker publishes its ports on 127.0.0.1 of the engine's machine and "
            "connects to them from here, so the engine has to be this machine's: unset DOCKER_HOST, or name a unix:// "
            "socket; run `make up` on the other machine to have the stack there"
        )
