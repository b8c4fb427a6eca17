"""The graph that most tests of the program look at."""

import pytest

from tests.unit.program import Graph, run


@pytest.fixture(scope="session")
def dev() -> Graph:
    return run()
