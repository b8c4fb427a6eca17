"""The ecosystem and the schema engine on other versions of PostgreSQL: a container's 17, npm's 16, Debian's 15.

The tests are those of the embedded server. `make test` takes a part of them, `make test-full` all.
"""

import secrets
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from infra.embedded.account import Account
from tests.full_run import FULL
from tests.schema.engine.cases import name_of, planned_cases
from tests.schema.engine.other_servers import NotToBeHad, add_vector, bare
from tests.versions.container import postgresql
from tests.versions.run_on import run_on

pytestmark = pytest.mark.server

ECOSYSTEM = Path("tests/schema/ecosystem")
ENGINE = Path("tests/schema/engine")
PLANNED_OR_STORED_BY_THE_SERVER = (
    *("channels", "claim_plans", "concurrency", "crashes", "history", "maintenance"),
    *("restore", "row_access", "task_machine"),
    "search.py::test_ten_nearest_are_the_ten_nearest",
)
"""Of the ecosystem's tests: plans, locks, partitions, notifications, policies, dumps, and the index of pgvector."""
NOT_ON_SIXTEEN = ("test_restore.py", "test_search.py::test_words_count_by_how_much_of_them_is_there")
"""By hand with pg_restore 18, which sets what 16 does not know (the job's way is in tests/backup/test_older_server.py);
and numbers of trigrams, which in a locale with letters beyond ASCII are others: 16 has no built-in one."""
EVERY = 20
"""Of the engine's cases."""
FEW_PAIRS = {"SCHEMA_PAIRS": "6", "SCHEMA_RANDOM_PAIRS": "8"}
OPTIONS_OF_COLUMNS = "column/storage_and_statistics"
"""Always: newer minor versions note something of their own among these."""


def ecosystem() -> list[str]:
    if FULL:
        return [str(ECOSYSTEM)]
    names = (name if ".py" in name else f"{name}.py" for name in PLANNED_OR_STORED_BY_THE_SERVER)
    return [str(ECOSYSTEM / f"test_{name}") for name in names]


def engine_cases() -> list[str]:
    if FULL:
        return [str(ENGINE / name) for name in ("test_cases.py", "test_convergence.py")]
    names = [name_of(folder) for folder in planned_cases()[::EVERY]]
    cases = [f"{ENGINE}/test_cases.py::test_case[{name}]" for name in (*names, OPTIONS_OF_COLUMNS)]
    return [*cases, str(ENGINE / "test_convergence.py")]


@pytest.fixture(scope="module")
def container(engine: docker.DockerClient) -> Iterator[str]:
    with postgresql(engine) as url:
        yield url


@pytest.fixture(scope="module")
def fifteen(account: Account) -> Iterator[str]:
    try:
        with bare(15, account) as server:
            yield server.url
    except NotToBeHad as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def sixteen(account: Account) -> Iterator[str]:
    try:
        add_vector(16)
        with bare(16, account, password=secrets.token_urlsafe(12), locale="C.UTF-8") as server:
            yield server.url
    except NotToBeHad as reason:
        pytest.skip(str(reason))


def test_the_ecosystem_on_sixteen(sixteen: str, tmp_path: Path) -> None:
    run_on(sixteen, [*ecosystem(), *(f"--deselect={ECOSYSTEM}/{name}" for name in NOT_ON_SIXTEEN)], tmp_path)


def test_the_ecosystem_in_a_container(container: str, tmp_path: Path) -> None:
    run_on(container, ecosystem(), tmp_path)


def test_the_schema_engine_in_a_container(container: str, tmp_path: Path) -> None:
    run_on(container, engine_cases(), tmp_path, **({} if FULL else FEW_PAIRS))


def test_the_schema_engine_on_fifteen(fifteen: str, tmp_path: Path) -> None:
    run_on(fifteen, engine_cases(), tmp_path, **({} if FULL else FEW_PAIRS))
