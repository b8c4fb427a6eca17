"""A database made by hand from a script comes under management by the command line alone, while it is in use."""

from pathlib import Path

import psycopg
import pytest

from infra.provider.schema.lock_rules import LOCK_TIMEOUT
from tests.conftest import Database
from tests.schema.adoption.conftest import Application, contents, edit, require_every_row
from tests.schema.command_line.conftest import Ran, run_command

pytestmark = pytest.mark.server


def test_dump_adopt_change(hand_made: Database, application: Application, tmp_path: Path) -> None:
    def run(command: str, *options: str) -> Ran:
        return run_command(command, "--dir", tmp_path / "schema", *options, url=hand_made.owner_url)

    before = contents(hand_made)
    dumped = run("dump")
    assert dumped.code == 0, dumped
    assert "the files describe it whole" in dumped.out
    assert run("plan").code == 0
    assert run("apply").code == 0  # takes it over: from here on the ledger knows what is ours
    assert run("drift", "--no-adopt").code == 0

    edit(tmp_path / "schema")
    refused = run("apply")
    assert refused.code == 1
    assert "--allow RLS_WEAKENED:agent_registry.owner_sees_all" in refused.out
    allow = ("--allow", "RLS_WEAKENED:agent_registry.owner_sees_all")
    planned = run("plan", *allow)
    assert planned.code == 2, planned
    assert "proven on a copy, in the embedded server" in planned.out
    applied = run("apply", "--json", *allow)
    assert applied.code == 0, applied
    assert applied.document["check"] == "passed"
    assert run("plan").code == 0

    assert application.longest < LOCK_TIMEOUT / 1000, f"a statement waited {application.longest:.1f} s"
    require_every_row(hand_made, before, application)
    with psycopg.connect(hand_made.owner_url) as owner:
        assert owner.execute("SELECT DISTINCT region FROM active_agents").fetchall() == [("eu",)]
