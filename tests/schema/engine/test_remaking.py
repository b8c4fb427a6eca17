"""A table of another partition key is made anew, which is said with the rows it costs, and done only when allowed."""

from collections.abc import Callable

import pytest

from infra.provider.schema.engine import Catalog, Refused, Target, apply_changes
from tests.schema.engine.conftest import Connection

pytestmark = pytest.mark.server
BEFORE = "CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p_low PARTITION OF p DEFAULT;"
AFTER = "CREATE TABLE p (id int) PARTITION BY HASH (id);"
SAID = (
    "p: 2 rows would be lost for good (the partition key changes from RANGE (id) to HASH (id): the table is made anew"
)


def test_rows_stay_until_their_loss_is_allowed_by_name(
    connection: Connection, target: Target, describe: Callable[[str], Catalog]
) -> None:
    apply_changes(connection, target, describe(BEFORE))
    connection.execute("INSERT INTO app.p VALUES (1), (2)")
    new = describe(AFTER)
    with pytest.raises(Refused) as refused:
        apply_changes(connection, target, new, allow=["DATA_LOSS:p_low"])
    assert SAID in str(refused.value)
    assert connection.execute("SELECT count(*) FROM app.p").fetchone() == (2,)
    apply_changes(connection, target, new, allow=["DATA_LOSS:p", "DATA_LOSS:p_low"])
    assert connection.execute("SELECT count(*) FROM app.p").fetchone() == (0,)
    assert connection.execute("SELECT to_regclass('app.p_low')").fetchone() == (None,)


def test_an_empty_one_needs_no_leave(
    connection: Connection, target: Target, describe: Callable[[str], Catalog]
) -> None:
    apply_changes(connection, target, describe(BEFORE))
    apply_changes(connection, target, describe("CREATE TABLE p (id int);"))
    assert connection.execute("SELECT relkind::text FROM pg_class WHERE oid = 'app.p'::regclass").fetchone() == ("r",)
