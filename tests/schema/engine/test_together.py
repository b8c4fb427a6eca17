"""Steps that are sent without waiting for each answer: a failure is still told of the step that failed."""

import pytest

from infra.provider.schema.applying import run_together
from infra.provider.schema.errors import ApplyFailed
from infra.provider.schema.model import ObjectId
from infra.provider.schema.steps import Step
from tests.schema.engine.conftest import Connection

pytestmark = pytest.mark.server


def steps(count: int, broken: int | None = None) -> list[Step]:
    made = [Step(ObjectId("table", f"t{n}"), "create", f"CREATE TEMP TABLE t{n} (id int)") for n in range(count)]
    if broken is not None:
        made[broken] = Step(ObjectId("table", "broken"), "create", "CREATE TABLE nowhere.broken (id int)")
    return made


def test_all_run(connection: Connection) -> None:
    with connection.transaction():
        run_together(connection, steps(300))
        row = connection.execute("SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()").fetchone()
    assert row == (300,)


@pytest.mark.parametrize("broken", [0, 1, 150, 299])
def test_the_one_that_failed_is_named_and_nothing_stays(
    connection: Connection, broken: int, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ApplyFailed, match=r'"nowhere" does not exist') as error, connection.transaction():
        run_together(connection, steps(300, broken))
    assert "nowhere.broken" in str(error.value)
    row = connection.execute("SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()").fetchone()
    assert row == (0,)
    assert caplog.text == "", "the driver's own words about its pipeline reach the user"
