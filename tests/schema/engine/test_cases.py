"""The acceptance cases of tests/schema/cases: `old.sql` and `new.sql` give `plan.txt`, which applies and settles.

Regenerate the plans with REGENERATE=1 and read every line of the difference.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg import sql

from infra.embedded.distribution import install
from infra.provider.schema import pg_dump
from infra.provider.schema.canonical import canonical
from infra.provider.schema.engine import (
    CannotPlan,
    Catalog,
    LockRules,
    Plan,
    Target,
    apply_changes,
    drop_all,
    fingerprint,
    object_changes,
    plan,
    preview_changes,
    read_catalog,
)
from tests.conftest import Database
from tests.schema.engine.conftest import Connection, fill

CASES = Path(__file__).parent.parent / "cases"
ONLINE = LockRules(small=-1)
"""No table is a small one: every statement runs as the plan has it."""
REGENERATE = os.environ.get("REGENERATE") == "1"
NEWER = {
    "NOT ENFORCED": 18,
    "VIRTUAL": 18,
    "WITHOUT OVERLAPS": 18,
    "_not_null ON ": 18,
    "provider = builtin": 17,
    " STORAGE EXTERNAL": 16,
}
"""Words of cases -> the PostgreSQL that knows them."""


def case_folders() -> list[Path]:
    return sorted(path.parent for path in CASES.glob("*/*/new.sql"))


def case_text(folder: Path) -> str:
    return "".join((folder / name).read_text() for name in ("old.sql", "new.sql"))


def oldest(folder: Path) -> int:
    """Return the oldest PostgreSQL that knows what a case is about, 0 for any."""
    return max((first for word, first in NEWER.items() if word in case_text(folder)), default=0)


def major_of(connection: Connection) -> int:
    return connection.info.server_version // 10000


def skip_unknown(connection: Connection, folder: Path) -> None:
    """Skip a case that the server of `connection` does not know, or has no pgvector for."""
    if major_of(connection) < oldest(folder):
        pytest.skip(f"PostgreSQL {oldest(folder)} is the first that knows this")
    vector = "extensions.vector" in case_text(folder)
    if vector and connection.execute("SELECT to_regtype('extensions.vector')").fetchone() == (None,):
        pytest.skip("the server that was given has no pgvector")


def render(planned: Plan) -> str:
    """Write a plan as its golden file has it; a plan of one phase needs no headings."""
    lines = []
    phases = planned.phases
    for number, phase in enumerate(phases, 1):
        if len(phases) > 1 or not phase[0].transactional:
            outside = "" if phase[0].transactional else ", outside a transaction"
            lines.append(f"---- phase {number} of {len(phases)}{outside}\n")
        for step in phase:
            hazards = "".join(f" !{hazard.name}" for hazard in step.hazards)
            lines.append(f"-- {step.operation} {step.object} [{step.lock}]{hazards}\n{step.sql};\n")
    return "\n".join(lines)


def dump(database: Database) -> list[str]:
    """The database as pg_dump writes it, line by line in an order that ignores where a column stands."""
    text = pg_dump.dump(database.admin_url, ("--exclude-schema=extensions", "--exclude-schema=pgstack"))
    lines = (canonical(line.strip().rstrip(",")) for line in text.splitlines())
    return sorted(line for line in lines if line and not line.startswith(("--", "\\", "SET ", "SELECT ")))


@pytest.mark.server
@pytest.mark.parametrize("folder", case_folders(), ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_case(
    folder: Path,
    connection: Connection,
    target: Target,
    engine_database: Database,
    describe: Callable[[str], Catalog],
) -> None:
    skip_unknown(connection, folder)
    # The plans are in the embedded server's words: older ones print a view otherwise and name no NOT NULL.
    golden = folder / "plan.txt" if major_of(connection) == install().major else None
    old, new = (describe((folder / name).read_text()) for name in ("old.sql", "new.sql"))
    try:
        planned = plan(old, new, target.schema)
    except CannotPlan as refusal:
        check_golden(golden, f"refused: {refusal}\n")
        return
    check_golden(golden, render(planned))

    apply_changes(connection, target, old, rules=ONLINE)
    assert fingerprint(read_catalog(connection, target.schema)) == fingerprint(old)
    if (rows := folder / "rows.sql").exists():
        run_in_schema(connection, target, rows.read_text())
    apply_changes(connection, target, new, allow=["all"], rules=ONLINE)
    if (check := folder / "check.sql").exists():
        assert run_in_schema(connection, target, check.read_text()) == [(True,)]

    assert object_changes(read_catalog(connection, target.schema), new) == []
    assert preview_changes(connection, target, new).plan.sql == ""
    reached = dump(engine_database)
    drop_all(connection, target)
    fill(connection, target, (folder / "new.sql").read_text())
    assert reached == dump(engine_database)


def check_golden(golden: Path | None, text: str) -> None:
    if golden is None:
        return
    if REGENERATE:
        golden.write_text(text)
    assert golden.exists(), f"{golden} is missing: run once with REGENERATE=1 and read it"
    assert text == golden.read_text()


def run_in_schema(connection: Connection, target: Target, text: str) -> list[tuple[object, ...]]:
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL search_path = {}, extensions").format(sql.Identifier(target.schema)))
        cursor = connection.execute(text.encode())
        return cursor.fetchall() if cursor.description else []
