"""Every acceptance case that is planned applies, keeps its rows, settles, and leaves what `new.sql` makes by itself."""

from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg import sql

from infra.provider.schema.engine import (
    Catalog,
    Target,
    apply_changes,
    drop_all,
    fingerprint,
    object_changes,
    preview_changes,
    read_catalog,
)
from tests.conftest import Database
from tests.schema.engine.cases import ONLINE, dump, name_of, planned_cases, skip_unknown
from tests.schema.engine.conftest import Connection, fill


@pytest.mark.server
@pytest.mark.parametrize("folder", planned_cases(), ids=name_of)
def test_case(
    folder: Path,
    connection: Connection,
    target: Target,
    engine_database: Database,
    describe: Callable[[str], Catalog],
) -> None:
    skip_unknown(connection, folder)
    old, new = (describe((folder / name).read_text()) for name in ("old.sql", "new.sql"))
    apply_changes(connection, target, old, rules=ONLINE)
    assert fingerprint(read_catalog(connection, target.schema, others=old.others)) == fingerprint(old)
    if (rows := folder / "rows.sql").exists():
        run_in_schema(connection, target, rows.read_text())
    apply_changes(connection, target, new, allow=["all"], rules=ONLINE)
    if (check := folder / "check.sql").exists():
        assert run_in_schema(connection, target, check.read_text()) == [(True,)]

    others = {*old.others, *new.others}
    assert object_changes(read_catalog(connection, target.schema, others=others), new) == []
    assert preview_changes(connection, target, new).plan.sql == ""
    reached = dump(engine_database)
    drop_all(connection, target)
    fill(connection, target, (folder / "new.sql").read_text())
    assert reached == dump(engine_database)


def run_in_schema(connection: Connection, target: Target, text: str) -> list[tuple[object, ...]]:
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL search_path = {}, extensions").format(sql.Identifier(target.schema)))
        cursor = connection.execute(text.encode())
        return cursor.fetchall() if cursor.description else []
