"""What things are called in the Docker engine: the same in every run, so that people and `make backup` find them."""

import re
from urllib.parse import urlsplit

PREFIX = "agent-ecosystem"

POSTGRES = "postgres"
OBJECT_STORE = "object-store"
BACKUP = "backup"
PRUNE = "prune"
"""The services; also their names on the containers' networks."""

STATE_LABEL = "agent-ecosystem.state"
"""Tells, on a container that brings files, where the state lies that knows its stack: names do not tell whose it is."""

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


def state_place(backend: str) -> str:
    """Return the backend of a state without what its URL may keep secret, as STATE_LABEL has it.

    >>> state_place("s3://team-state/a?region=eu-central-1"), state_place("postgres://me:secret@db.example/state")
    ('s3://team-state/a', 'postgres://db.example/state')
    """
    parts = urlsplit(backend)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
