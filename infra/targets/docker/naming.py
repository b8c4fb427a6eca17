"""What things are called in the Docker engine: the same in every run, so that people and `make backup` find them."""

import re

PREFIX = "agent-ecosystem"

POSTGRES = "postgres"
OBJECT_STORE = "object-store"
BACKUP = "backup"
PRUNE = "prune"
"""The services; also their names on the containers' networks."""

POSTGRES_PORT = 5432
OBJECT_STORE_PORT = 8333
"""The ports inside those networks."""


def engine_name(stack: str, part: str) -> str:
    """Return the engine's name of a container, volume, network or image of `stack`.

    >>> engine_name("docker", "postgres"), engine_name("My_Stack", "backup")
    ('agent-ecosystem-docker-postgres', 'agent-ecosystem-my-stack-backup')
    """
    plain = re.sub(r"[^a-z0-9]+", "-", stack.lower()).strip("-")
    return f"{PREFIX}-{plain}-{part}"
