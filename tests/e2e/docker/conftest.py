"""One stack of containers for the whole run, and fresh ones for what ends badly."""

import secrets
from collections.abc import Callable, Iterator

import docker
import pytest

from tests.e2e.docker.containers import ContainerStack
from tests.e2e.project import SOURCE, Project

JOB = SOURCE / "infra/backup_job"

MakeStack = Callable[..., ContainerStack]


@pytest.fixture(scope="session")
def build_cache(engine: docker.DockerClient) -> Iterator[None]:
    """Keep what building the job's image downloads for the length of a run: each stack's end takes its own away."""
    tags = {f"test-cache-{secrets.token_hex(3)}:{stage}": stage for stage in ("packages", "job")}
    arguments = {"BASE": "debian:trixie-slim", "POSTGRES_MAJOR": "17"}
    for tag, stage in tags.items():
        engine.images.build(path=str(JOB), target=stage, tag=tag, buildargs=arguments, rm=True, forcerm=True)
    yield
    for tag in tags:
        engine.images.remove(tag, force=True)


@pytest.fixture(scope="session")
def make_stack(
    make_project: Callable[[], Project],
    engine: docker.DockerClient,
    build_cache: None,  # noqa: ARG001
) -> Iterator[MakeStack]:
    stacks: list[ContainerStack] = []

    def make(**config: str) -> ContainerStack:
        stack = ContainerStack.prepare(make_project(), f"test-{secrets.token_hex(3)}", engine, **config)
        stacks.append(stack)
        return stack

    yield make
    for stack in stacks:
        stack.remove()


@pytest.fixture(scope="session")
def started(make_stack: MakeStack) -> tuple[ContainerStack, str]:
    """A stack that is up, and what its first schedule logged so far: other tests replace that container."""
    stack = make_stack()
    stack.make("up")
    return stack, stack.container("backup").logs().decode()


@pytest.fixture(scope="session")
def containers(started: tuple[ContainerStack, str]) -> ContainerStack:
    """A stack that is up. Tests leave it as it was."""
    return started[0]
