"""PostgreSQL as the target docker runs it, in a container for tests alone."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import psycopg
from docker.models.containers import Container

from infra.embedded.ports import free_port
from infra.targets.docker.postgres_image import describe
from tests.waiting import wait_until

IMAGE = "pgvector/pgvector:pg17"
NO_DISK = ("-c", "fsync=off", "-c", "full_page_writes=off")
"""Nothing of these databases has to outlive a machine."""


@contextmanager
def postgresql(engine: docker.DockerClient, image: str = IMAGE, **settings: str) -> Iterator[str]:
    """Run an image, initialised as the stack initialises it; give its superuser's URL. It goes with the block.

    Args:
        engine: what runs it.
        image: one whose entrypoint is the official one's.
        settings: of postgresql.conf; two underscores stand for a dot.
    """
    options = [word for name, value in settings.items() for word in ("-c", f"{name.replace('__', '.')}={value}")]
    password, port = secrets.token_urlsafe(12), free_port()
    container = engine.containers.create(
        image,
        [*NO_DISK, *options],
        name=f"test-version-{secrets.token_hex(3)}",
        environment={"POSTGRES_PASSWORD": password, "POSTGRES_INITDB_ARGS": describe(IMAGE, None).initdb_arguments},
        ports={"5432/tcp": ("127.0.0.1", port)},
    )
    try:
        container.start()
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        wait_until(lambda: answers(url, container), f"{image} answers")
        yield url
    finally:
        container.remove(force=True, v=True)


def answers(url: str, container: Container) -> bool:
    container.reload()
    assert container.status == "running", container.logs().decode()
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True
