"""What connect_realtime() made in schemas of Supabase's: how it goes with the stack, and what it is to an update."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from infra.plugin import Secret
from infra.roles import BACKUP, EXTENSION_SCHEMA, EXTENSIONS, GROUPS
from infra.schema import SCHEMA_FOLDER, UNDONE_BY
from infra.settings import PROJECT_FOLDER
from tests.external.test_preparation import inputs as of_the_preparation
from tests.provider.pgstack.conftest import Manage
from tests.provider.pgstack.driver import Managed
from tests.provider.plugin_client import PluginClient, PluginError
from tests.supabase.emulation import Supabase

OURS = "SELECT count(*) FROM pg_class WHERE relname IN ('agent_registry', 'distributed_tasks')"
POLICIES = "SELECT polname::text FROM pg_policy WHERE polrelid = 'realtime.messages'::regclass ORDER BY 1"
PUBLISHED = "SELECT tablename::text FROM pg_publication_tables WHERE pubname = 'supabase_realtime' ORDER BY 1"

OF_OTHERS = "a user's own"
CONNECTED = [(OF_OTHERS,), ("ecosystem_publish_public",), ("ecosystem_subscribe_public",)]
CHANNEL = "functions/can_access_channel.sql"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROJECT_FOLDER / SCHEMA_FOLDER, tmp_path / "schema"))


@pytest.fixture
def schema(supabase: Supabase, manage: Manage, folder: Path) -> Managed:
    """The ecosystem in a project with a policy of its own on Realtime's messages, connected with Realtime."""
    manage("postgres:Preparation").create(**of_the_preparation(supabase))
    resource = manage("postgres:Schema")
    resource.create(**inputs(supabase, folder))
    supabase.run(f'CREATE POLICY "{OF_OTHERS}" ON realtime.messages FOR SELECT TO authenticated USING (TRUE)')
    done = supabase.rows("SELECT connect_realtime()", user="postgres")
    assert len(done) == 9
    assert supabase.rows(POLICIES) == CONNECTED
    return resource


def inputs(supabase: Supabase, folder: Path) -> dict[str, Any]:
    return {
        "url": Secret(supabase.url()),
        "schemaName": "public",
        "directory": str(folder),
        "owner": "postgres",
        "roles": [*GROUPS, BACKUP],
        "extensions": list(EXTENSIONS),
        "extensionsSchema": EXTENSION_SCHEMA,
        "dropOnDelete": True,
        "beforeDrop": UNDONE_BY,
    }


def edit(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


def test_what_was_connected_goes_with_the_schema_and_what_others_made_stays(
    supabase: Supabase, schema: Managed
) -> None:
    schema.delete()
    assert supabase.rows(OURS) == [(0,)]
    assert supabase.rows(POLICIES) == [(OF_OTHERS,)]
    assert supabase.rows(PUBLISHED) == [("todos",)]


def test_what_may_not_be_taken_back_is_named_and_nothing_goes(supabase: Supabase, schema: Managed) -> None:
    supabase.run("REVOKE supabase_realtime_admin FROM postgres")
    published = supabase.rows(PUBLISHED)
    with pytest.raises(PluginError, match=r"policy ecosystem_\w+_public on table realtime\.messages depends on"):
        schema.delete()
    assert supabase.rows(OURS) == [(2,)]
    assert supabase.rows(POLICIES) == CONNECTED
    assert supabase.rows(PUBLISHED) == published


def test_a_connected_schema_is_no_drift_and_is_changed_in_place(
    supabase: Supabase, schema: Managed, folder: Path, client: PluginClient
) -> None:
    """But for the arguments of what the policies call: they have to go first, and the refusal names them."""
    assert schema.refresh()
    assert schema.diff(**inputs(supabase, folder)).changes == {}

    edit(folder, CHANNEL, "RETURN FALSE;", "RETURN NULL;")
    schema.update(**inputs(supabase, folder))
    assert supabase.rows("SELECT can_access_channel('no.such', 'publish')", user="postgres") == [(None,)]
    assert supabase.rows(POLICIES) == CONNECTED

    edit(folder, CHANNEL, "agent_id text DEFAULT NULL)", "agent_id text DEFAULT NULL, note text DEFAULT NULL)")
    edit(folder, CHANNEL, "(text, text, text)", "(text, text, text, text)")
    ((_, refusal),) = client.check(schema.urn, inputs(supabase, folder), schema.inputs).failures
    assert "policy ecosystem_publish_public on table realtime.messages depends on function" in refusal
    assert "The planner is wrong" not in refusal
    supabase.rows("SELECT disconnect_realtime()", user="postgres")
    assert supabase.rows(POLICIES) == [(OF_OTHERS,)]
    schema.update(**inputs(supabase, folder))
    supabase.rows("SELECT connect_realtime()", user="postgres")
    assert supabase.rows(POLICIES) == CONNECTED
