"""The command line as a user runs it: a process of its own, with the database in its environment."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.provider.schema.command_line import main
from tests import forked
from tests.conftest import Database

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


Run = Callable[..., Ran]


def run_command(*arguments: str | Path, url: str | None, **environment: str) -> Ran:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    variables = {**inherited, **({"DATABASE_URL": url} if url else {}), **environment}
    done = forked.run(main, [str(argument) for argument in arguments], folder=ROOT, environment=variables)
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def run(database: Database) -> Run:
    """Return a function that runs a command on the test's database, as its owner."""
    return lambda *arguments, url=database.owner_url, **environment: run_command(*arguments, url=url, **environment)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder of schema files: one table."""
    home = tmp_path / "schema"
    home.mkdir()
    (home / "agents.sql").write_text("CREATE TABLE agents (id int PRIMARY KEY, name text NOT NULL);\n")
    return home
