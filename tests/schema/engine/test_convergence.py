"""From any schema to any other: every pair must settle in one apply and leave what the files alone would have made."""

import os
import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, event, given, seed, settings

from infra.provider.schema.engine import (
    CannotPlan,
    Target,
    apply_changes,
    drop_all,
    managed_live,
    preview_changes,
)
from tests.conftest import Database
from tests.full_run import FULL
from tests.schema.engine.cases import CASES, ONLINE, dump, skip_unknown
from tests.schema.engine.conftest import Connection, Describe, fill
from tests.schema.engine.schemas import schemas, spread_schemas

PAIRS = int(os.environ.get("SCHEMA_PAIRS", "200" if FULL else "20"))
RANDOM_PAIRS = int(os.environ.get("SCHEMA_RANDOM_PAIRS", "500" if FULL else "25"))
SEED = int(os.environ.get("SCHEMA_SEED", "20261124"))


def pairs() -> list[tuple[str, str]]:
    names = sorted(str(path.relative_to(CASES)) for path in CASES.glob("*/*/*.sql") if path.stem in ("old", "new"))
    chosen = random.Random(SEED)  # noqa: S311 - the seed is recorded on purpose
    return [(chosen.choice(names), chosen.choice(names)) for _ in range(PAIRS)]


@pytest.mark.server
@pytest.mark.parametrize(("old_name", "new_name"), pairs())
def test_any_case_becomes_any_other(
    connection: Connection, target: Target, describe: Describe, old_name: str, new_name: str
) -> None:
    for name in (old_name, new_name):
        skip_unknown(connection, (CASES / name).parent)
    old, new = (describe((CASES / name).read_text()) for name in (old_name, new_name))
    apply_changes(connection, target, old)
    try:
        apply_changes(connection, target, new, allow=["all"], rules=ONLINE)
    except CannotPlan:
        assert managed_live(connection, target) == old
        return
    assert managed_live(connection, target) == new
    assert preview_changes(connection, target, new).plan.steps == ()


RANDOMLY = settings(
    deadline=None,
    database=None,
    print_blob=True,
    phases=[Phase.generate],  # shrinking takes minutes of a server's time: do it by hand, with the seed
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def refused(apply: Callable[[], object]) -> str | None:
    """Apply, and return why that can not be planned; None once it is done."""
    try:
        apply()
    except CannotPlan as refusal:
        return str(refusal)
    return None


@pytest.mark.server
@seed(SEED)
@settings(RANDOMLY, max_examples=RANDOM_PAIRS)
@given(old_sql=schemas(), new_sql=schemas())
def test_a_random_schema_becomes_another(
    connection: Connection,
    target: Target,
    engine_database: Database,
    describe: Describe,
    old_sql: str,
    new_sql: str,
) -> None:
    become(connection, target, engine_database, describe, old_sql, new_sql)


@pytest.mark.server
@seed(SEED)
@settings(RANDOMLY, max_examples=RANDOM_PAIRS)
@given(old_sql=spread_schemas(), new_sql=spread_schemas())
def test_a_random_schema_becomes_another_across_two(
    connection: Connection,
    target: Target,
    engine_database: Database,
    describe: Describe,
    old_sql: str,
    new_sql: str,
) -> None:
    become(connection, target, engine_database, describe, old_sql, new_sql)


def become(
    connection: Connection, target: Target, engine_database: Database, describe: Describe, old_sql: str, new_sql: str
) -> None:
    """Apply one after the other, and compare with the second by itself."""
    old, new = describe(old_sql), describe(new_sql)
    drop_all(connection, target)
    apply_changes(connection, target, old)
    if refusal := refused(lambda: apply_changes(connection, target, new, allow=["all"], rules=ONLINE)):
        # In PostgreSQL's own words, a type change without a cast: nothing else may be refused, nothing has changed.
        assert "cannot cast type" in refusal
        assert managed_live(connection, target) == old
        event("refused: no cast")
        return
    assert managed_live(connection, target) == new
    assert preview_changes(connection, target, new).plan.steps == ()
    reached = dump(engine_database)
    drop_all(connection, target)
    fill(connection, target, new_sql)
    assert reached == dump(engine_database)
    connection.execute("DROP SCHEMA app CASCADE; DROP SCHEMA IF EXISTS beside CASCADE")
