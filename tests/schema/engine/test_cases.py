"""The acceptance cases of tests/schema/cases: `old.sql` and `new.sql` give `plan.txt`, which applies and settles.

Regenerate the plans with REGENERATE=1 and read every line of the difference.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg import sql

from infra.embedded.distribution import install
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


def case_folders() -> list[Path]:
    return sorted(path.parent for path in CASES.glob("*/*/new.sql"))


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
    distribution = install()
    done = subprocess.run(
        [
            *(distribution.program("pg_dump"), "--schema-only", f"--dbname={database.admin_url}"),
            *("--exclude-schema=extensions", "--exclude-schema=pgstack"),
        ],
        env=distribution.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    lines = (canonical(line.strip().rstrip(",")) for line in done.stdout.splitlines())
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
    golden = folder / "plan.txt"
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


def check_golden(golden: Path, text: str) -> None:
    if REGENERATE:
        golden.write_text(text)
    assert golden.exists(), f"{golden} is missing: run once with REGENERATE=1 and read it"
    assert text == golden.read_text()


def run_in_schema(connection: Connection, target: Target, text: str) -> list[tuple[object, ...]]:
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL search_path = {}, extensions").format(sql.Identifier(target.schema)))
        cursor = connection.execute(text.encode())
        return cursor.fetchall() if cursor.description else []
