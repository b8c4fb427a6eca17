"""The preflight as a resource: it stops a preview, asks no server twice, and shows no secret."""

from typing import Any

from infra.plugin.values import Secret
from infra.roles import BACKUP, EXTENSION_SCHEMA, EXTENSIONS, GROUPS
from tests.provider.pgstack.conftest import Manage
from tests.provider.plugin_client import PluginClient
from tests.supabase.emulation import Supabase


def inputs(project: Supabase, **changed: Any) -> dict[str, Any]:
    return {
        "url": project.url(),
        "schemaName": "public",
        "directory": "sql/schema",
        "groups": list(GROUPS),
        "extensions": list(EXTENSIONS),
        "extensionsSchema": EXTENSION_SCHEMA,
        "backupRole": BACKUP,
        "backupUrl": None,
        "adopt": False,
        **changed,
    }


def folder() -> str:
    from infra.settings import PROJECT_FOLDER  # noqa: PLC0415

    return str(PROJECT_FOLDER / "sql/schema")


def test_it_knows_in_preview_whom_the_login_acts_as(supabase: Supabase, manage: Manage) -> None:
    preflight = manage("postgres:Preflight")
    preview = preflight.preview_create(**inputs(supabase, directory=folder()))
    assert preview["role"] == "postgres"
    assert preview["serverVersion"] >= 180000
    preflight.create(**inputs(supabase, directory=folder()))
    assert isinstance(preflight.state["url"], Secret)


def test_what_passed_once_is_believed_until_something_changes(supabase: Supabase, manage: Manage) -> None:
    preflight = manage("postgres:Preflight")
    preflight.create(**inputs(supabase, directory=folder()))
    supabase.cluster.stop("immediate")
    assert preflight.diff(**inputs(supabase, directory=folder())).changes == {}
    failures = preflight.failures(**inputs(supabase, directory=folder(), schemaName="other"))
    assert "nothing listens there" in str(failures)


def test_each_failing_line_is_a_failure_without_a_property(supabase: Supabase, client: PluginClient) -> None:
    """A property's value would be shown with it, and the URL is one."""
    with supabase.connected() as admin:
        admin.execute("CREATE ROLE backup LOGIN")
        admin.execute("DROP EXTENSION vector")
    urn = "urn:pulumi:test::project::pgstack:postgres:Preflight::it"
    found = client.check(urn, inputs(supabase, directory=folder())).failures
    assert {path for path, _ in found} == {""}
    assert [reason.split(":")[0] for _, reason in found] == ["backups", "extensions"]
    assert all(supabase.password.encode() not in answer for answer in client.received[-1:])
