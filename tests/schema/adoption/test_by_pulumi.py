"""A database made by hand from a script comes under management by a schema resource with `adopt`, while in use."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.plugin import Secret
from infra.provider.schema.lock_rules import LOCK_TIMEOUT
from tests.conftest import OWNER, Database
from tests.provider.pgstack.driver import Managed
from tests.provider.plugin_client import PluginClient, start_plugin
from tests.schema.adoption.conftest import Application, contents, edit, require_every_row
from tests.schema.command_line.conftest import ROOT, run_command

pytestmark = pytest.mark.server


@pytest.fixture
def client(tmp_path: Path) -> Iterator[PluginClient]:
    home = tmp_path / "plugin"
    home.mkdir()
    with start_plugin(ROOT / "infra/provider/pulumi-resource-pgstack", home) as (running, _):
        yield running
    assert (home / "plugin.err").read_text() == ""


@pytest.fixture
def inputs(hand_made: Database, tmp_path: Path) -> dict[str, Any]:
    run_command("dump", "--dir", tmp_path / "schema", url=hand_made.owner_url)
    return {
        "url": Secret(hand_made.owner_url),
        "schemaName": "public",
        "directory": str(tmp_path / "schema"),
        "owner": OWNER,
        "roles": ["anon", "authenticated", "service_role"],
        "extensions": ["uuid-ossp", "vector", "pg_trgm"],
        "extensionsSchema": "public",
        "allow": [],
        "adopt": False,
        "dropOnDelete": False,
    }


def test_names_that_are_taken_are_refused_before_anything_happens(client: PluginClient, inputs: dict[str, Any]) -> None:
    checked = client.check(Managed(client, "postgres:Schema").urn, inputs)
    assert [path for path, _ in checked.failures] == ["directory"]
    assert "already holds objects of these names" in checked.failures[0][1]
    assert "table agent_registry" in checked.failures[0][1]


def test_adopt_then_change(
    client: PluginClient, inputs: dict[str, Any], hand_made: Database, application: Application
) -> None:
    before = contents(hand_made)
    schema = Managed(client, "postgres:Schema")
    adopting = inputs | {"adopt": True}
    schema.preview_create(**adopting)
    schema.create(**adopting)
    require_every_row(hand_made, before, application)
    assert schema.diff(**inputs).changes == {}

    edit(Path(inputs["directory"]))
    failures = client.check(schema.urn, inputs).failures
    assert [path for path, _ in failures] == ["allow"]
    allowed = inputs | {"allow": ["RLS_WEAKENED:agent_registry.owner_sees_all"]}
    assert "tables.agent_registry.columns.region" in schema.diff(**allowed).changes
    schema.update(**allowed)
    assert schema.diff(**allowed).changes == {}
    assert application.longest < LOCK_TIMEOUT / 1000, f"a statement waited {application.longest:.1f} s"
    require_every_row(hand_made, before, application)


def test_an_extension_of_the_files_comes_and_goes_beside_the_programs(
    client: PluginClient, inputs: dict[str, Any], hand_made: Database
) -> None:
    provided = installed(hand_made)
    schema = Managed(client, "postgres:Schema")
    schema.create(**inputs | {"adopt": True})
    file = Path(inputs["directory"]) / "citext.sql"
    file.write_text("CREATE EXTENSION citext;")
    assert list(schema.diff(**inputs).changes) == ["ownExtensions.citext"]
    schema.update(**inputs)
    assert schema.diff(**inputs).changes == {}
    assert installed(hand_made) == provided | {"citext"}
    file.unlink()
    schema.update(**inputs)
    assert installed(hand_made) == provided


def installed(database: Database) -> set[object]:
    with psycopg.connect(database.owner_url) as connection:
        return {name for (name,) in connection.execute("SELECT extname FROM pg_extension").fetchall()}
