"""One stack of containers for the whole run, and fresh ones for what ends badly."""

import secrets
from collections.abc import Callable, Iterator

import docker
import pytest

from tests.e2e.docker.containers import ContainerStack
from tests.e2e.project import Project

MakeStack = Callable[..., ContainerStack]


@pytest.fixture(scope="session")
def make_stack(make_project: Callable[[], Project], engine: docker.DockerClient) -> Iterator[MakeStack]:
    stacks: list[ContainerStack] = []

    def make(**config: str) -> ContainerStack:
        stack = ContainerStack.prepare(make_project(), f"test-{secrets.token_hex(3)}", engine, **config)
        stacks.append(stack)
        return stack

    yield make
    for stack in stacks:
        stack.remove()


@pytest.fixture(scope="session")
def containers(make_stack: MakeStack) -> ContainerStack:
    """A stack that is up. Tests leave it as it was."""
    stack = make_stack()
    stack.make("up")
    return stack
