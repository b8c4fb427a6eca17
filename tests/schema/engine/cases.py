"""The acceptance cases of tests/schema/cases: folders with `old.sql`, `new.sql` and the plan between them."""

from pathlib import Path

import pytest

from infra.provider.schema import pg_dump
from infra.provider.schema.canonical import canonical
from infra.provider.schema.engine import LockRules
from tests.conftest import Database
from tests.schema.engine.conftest import Connection

CASES = Path(__file__).parent.parent / "cases"
ONLINE = LockRules(small=-1)
"""No table is a small one: every statement runs as the plan has it."""
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


def planned_cases() -> list[Path]:
    """Return the folders of those that are not refused."""
    return [folder for folder in case_folders() if not _plan(folder).startswith("refused: ")]


def _plan(folder: Path) -> str:
    plan = folder / "plan.txt"
    return plan.read_text() if plan.exists() else ""


def name_of(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"


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


def dump(database: Database) -> list[str]:
    """The database as pg_dump writes it, line by line in an order that ignores where a column stands."""
    text = pg_dump.dump(database.admin_url, ("--exclude-schema=extensions", "--exclude-schema=pgstack"))
    lines = (canonical(line.strip().rstrip(",")) for line in text.splitlines())
    return sorted(line for line in lines if line and not line.startswith(("--", "\\", "SET ", "SELECT ")))
