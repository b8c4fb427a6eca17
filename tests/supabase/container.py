"""An emulated project whose server is another PostgreSQL than ours: one out of an image."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import psycopg
from docker.models.containers import Container

from tests.supabase.emulation import SETTINGS, Emulated, emulate
from tests.waiting import wait_until

PORT = "5432/tcp"
TRUST_VECTOR = "echo trusted = true >> /usr/share/postgresql/$PG_MAJOR/extension/vector.control"
"""What Supabase's own supautils does: the project's owner may create it, in each database of its own."""


@contextmanager
def running_container(engine: docker.DockerClient, image: str, **more: str) -> Iterator[Emulated]:
    """Start a project on the PostgreSQL of `image`, whose entrypoint is the official one's; it goes with the block.

    Args:
        engine: what runs it.
        image: the image.
        more: settings of postgresql.conf; two underscores stand for a dot.
    """
    password = secrets.token_urlsafe(12)
    settings = {**SETTINGS, **{name.replace("__", "."): value for name, value in more.items()}}
    container = engine.containers.create(
        image,
        ["postgres", *(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))],
        environment={"POSTGRES_PASSWORD": password},
        ports={PORT: ("127.0.0.1", 0)},  # any
    )
    try:
        container.start()
        port = _published(container)
        wait_until(lambda: _answers(port, password), f"PostgreSQL out of {image} answers")
        done = container.exec_run(["sh", "-ec", TRUST_VECTOR], user="root")
        assert done.exit_code == 0, done.output
        emulate(port, password)
        yield Emulated(port, password)
    finally:
        container.remove(force=True, v=True)


def _published(container: Container) -> int:
    container.reload()
    return int(container.attrs["NetworkSettings"]["Ports"][PORT][0]["HostPort"])


def _answers(port: int, password: str) -> bool:
    """Say whether the server is there; the entrypoint's own, which prepares the data, listens on no port."""
    try:
        psycopg.connect(f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres").close()
    except psycopg.OperationalError:
        return False
    return True
