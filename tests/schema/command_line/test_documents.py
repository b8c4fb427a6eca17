"""The JSON of the command line: its shape is a promise (docs/schema-cli.md), and this holds it."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.provider.schema.documents import VERSION
from tests.conftest import Database
from tests.schema.command_line.conftest import Run

pytestmark = pytest.mark.server

HEAD = {"version": int, "command": str, "database": str, "schema": str, "server": int}
PLANNED = {
    "scratch": str,
    "steps": [
        {
            "object": {"kind": str, "name": str},
            "operation": str,
            "sql": str,
            "lock": str,
            "phase": int,
            "transactional": bool,
            "hazards": [{"name": str, "object": str, "sentence": str}],
        }
    ],
    "changes": [{"kind": str, "name": str, "operation": str, "paths": dict}],
    "refused": [{"name": str, "object": str, "sentence": str, "allow": str}],
    "foreign": [{"kind": str, "name": str}],
    "proof": {"status": str, "scratch": (str, type(None)), "reason": (str, type(None))},
    "timings": dict,
}


def holds(found: Any, shape: Any, path: str = "") -> None:
    """Require every field of `shape` in `found`; further ones may be there."""
    if isinstance(shape, dict):
        assert isinstance(found, dict), path
        for name, inner in shape.items():
            assert name in found, f"{path}.{name} is missing"
            holds(found[name], inner, f"{path}.{name}")
    elif isinstance(shape, list):
        assert isinstance(found, list), path
        for item in found:
            holds(item, shape[0], f"{path}[]")
    else:
        assert isinstance(found, shape), f"{path} is {found!r}"


@pytest.fixture
def changed(run: Run, folder: Path, database: Database) -> Path:
    """A plan with a step of every sort: a hazard that refuses, a foreign object, an update, a new index."""
    run("apply", "--dir", folder)
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("INSERT INTO agents VALUES (1, 'a'); CREATE VIEW mine AS SELECT 1 AS one")
    (folder / "agents.sql").write_text(
        "CREATE TABLE agents (id int PRIMARY KEY, size int); CREATE INDEX agents_size_idx ON agents (size);"
    )
    return folder


def test_plan(run: Run, changed: Path) -> None:
    document = run("plan", "--dir", changed, "--json").document
    holds(document, HEAD | PLANNED)
    assert document["version"] == VERSION == 1
    assert document["command"] == "plan"
    assert document["refused"][0]["allow"] == "DATA_LOSS:agents.name"
    assert document["foreign"] == [{"kind": "view", "name": "mine"}]
    assert document["proof"] == {"status": "none", "scratch": None, "reason": None}
    assert {step["operation"] for step in document["steps"]} == {"create", "delete"}
    allowed = run("plan", "--dir", changed, "--json", "--allow", "all")
    assert allowed.code == 2
    assert allowed.document["proof"] == {"status": "passed", "scratch": "embedded", "reason": None}
    assert {"desired", "plan", "proof"} <= allowed.document["timings"].keys()


def test_apply(run: Run, changed: Path) -> None:
    refused = run("apply", "--dir", changed, "--json")
    assert (refused.code, refused.document["applied"]) == (1, False)
    done = run("apply", "--dir", changed, "--json", "--allow", "all")
    holds(done.document, HEAD | PLANNED | {"applied": bool, "check": str})
    assert (done.code, done.document["applied"], done.document["check"]) == (0, True, "passed")
    assert {"desired", "plan", "proof", "apply", "check"} <= done.document["timings"].keys()
    again = run("apply", "--dir", changed, "--json").document
    assert (again["steps"], again["check"]) == ([], "none")


def test_drift(run: Run, changed: Path) -> None:
    document = run("drift", "--dir", changed, "--json").document
    shape = {"files_applied": bool, "changes": PLANNED["changes"], "foreign": PLANNED["foreign"], "timings": dict}
    holds(document, HEAD | shape)
    assert [(change["kind"], change["operation"]) for change in document["changes"]] == [
        ("Index", "delete"),
        ("Table", "update"),
    ]


@pytest.mark.usefixtures("changed")
def test_dump(run: Run, tmp_path: Path) -> None:
    document = run("dump", "--dir", tmp_path / "tree", "--json").document
    holds(document, HEAD | {"files": [str], "changes": PLANNED["changes"], "left_out": [str], "timings": dict})
    assert document["files"] == ["tables/agents.sql", "views/mine.sql"]


def test_an_error(run: Run, folder: Path) -> None:
    (folder / "agents.sql").write_text("CREATE TABEL agents ();")
    ran = run("plan", "--dir", folder, "--json")
    assert ran.code == 1
    assert ran.document["version"] == VERSION
    assert ran.document["command"] == "plan"
    assert ran.document["error"]["kind"] == "SourceErrors"
    assert "agents.sql:1:8: syntax error" in ran.document["error"]["message"]
    assert "syntax error" in ran.err
