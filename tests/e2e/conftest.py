"""Stacks for the end-to-end tests: one that stands for the whole run, and fresh checkouts for what breaks things."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.project import Project


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "e2e" in Path(item.fspath).parts:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def make_project() -> Iterator[Callable[[], Project]]:
    projects: list[Project] = []

    def make() -> Project:
        project = Project.copy(Path(tempfile.mkdtemp(prefix="ecosystem-")))
        projects.append(project)
        return project

    yield make
    for project in projects:
        project.remove()


@pytest.fixture(scope="session")
def standing(make_project: Callable[[], Project]) -> Project:
    """A project whose stack dev is up. Tests leave its files, its database's schema and its state as they were."""
    project = make_project()
    project.checkpoints = True
    project.make("up")
    return project


@pytest.fixture
def fresh(make_project: Callable[[], Project]) -> Project:
    """A project of which nothing exists yet."""
    return make_project()
