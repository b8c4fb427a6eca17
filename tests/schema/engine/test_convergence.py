"""From any schema of the cases to any other: most differ in everything, and every pair must settle in one apply."""

import os
import random
from collections.abc import Callable

import pytest

from infra.provider.schema.engine import (
    CannotPlan,
    Catalog,
    Target,
    apply_changes,
    managed_live,
    preview_changes,
)
from tests.schema.engine.conftest import Connection
from tests.schema.engine.test_cases import CASES, ONLINE

PAIRS = int(os.environ.get("SCHEMA_PAIRS", "200" if os.environ.get("AGENT_ECOSYSTEM_FULL") else "20"))
SEED = int(os.environ.get("SCHEMA_SEED", "20261124"))


def pairs() -> list[tuple[str, str]]:
    names = sorted(str(path.relative_to(CASES)) for path in CASES.glob("*/*/*.sql") if path.stem in ("old", "new"))
    chosen = random.Random(SEED)  # noqa: S311 - the seed is recorded on purpose
    return [(chosen.choice(names), chosen.choice(names)) for _ in range(PAIRS)]


@pytest.mark.server
@pytest.mark.parametrize(("old_name", "new_name"), pairs())
def test_any_schema_becomes_any_other(
    connection: Connection, target: Target, describe: Callable[[str], Catalog], old_name: str, new_name: str
) -> None:
    old, new = (describe((CASES / name).read_text()) for name in (old_name, new_name))
    apply_changes(connection, target, old)
    try:
        apply_changes(connection, target, new, allow=["all"], rules=ONLINE)
    except CannotPlan:
        assert managed_live(connection, target) == old
        return
    assert managed_live(connection, target) == new
    assert preview_changes(connection, target, new).plan.steps == ()
