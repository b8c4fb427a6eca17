"""Giving a database what it lacks: once, only that, and taking only that away again."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from infra.roles import BACKUP, EXTENSION_SCHEMA, EXTENSIONS, GROUPS
from tests.provider.pgstack.conftest import Manage
from tests.provider.pgstack.driver import Managed
from tests.provider.plugin_client import PluginError
from tests.supabase.emulation import Supabase

PASSWORD = "reader's own"
OURS = ["agent", "backup", "maintenance", "observer", "orchestrator"]


def inputs(project: Supabase, **changed: Any) -> dict[str, Any]:
    return {
        "url": project.url(),
        "schemaName": "public",
        "groups": list(GROUPS),
        "extensions": list(EXTENSIONS),
        "extensionsSchema": EXTENSION_SCHEMA,
        "backupRole": BACKUP,
        "backupPassword": PASSWORD,
        "dropOnDelete": False,
        **changed,
    }


def roles(project: Supabase) -> list[str]:
    return [name for (name,) in project.rows("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) ORDER BY 1", OURS)]


@pytest.fixture
def preparation(manage: Manage) -> Managed:
    return manage("postgres:Preparation")


def test_only_what_is_missing_is_made_and_told_beforehand(supabase: Supabase, preparation: Managed) -> None:
    preparation.preview_create(**inputs(supabase))
    severity, message = preparation.logs()[-1]
    assert severity == "info"
    lacking = ("role agent", "role orchestrator", "role observer", "role maintenance", "login backup")
    assert message.endswith(f"will be given: {', '.join(lacking)}")
    assert roles(supabase) == []
    preparation.create(**inputs(supabase))
    assert roles(supabase) == OURS
    assert preparation["made"] == [
        "login backup",
        "role agent",
        "role maintenance",
        "role observer",
        "role orchestrator",
        "usage extensions agent",
        "usage extensions maintenance",
        "usage extensions observer",
        "usage extensions orchestrator",
    ]
    assert preparation.diff(**inputs(supabase)).changes == {}


def test_the_reader_reads_everything_and_its_password_is_known_to_nobody_else(
    supabase: Supabase, preparation: Managed
) -> None:
    with supabase.connected() as admin:
        admin.execute("ALTER DATABASE postgres SET log_statement = 'all'")
    preparation.create(**inputs(supabase))
    reader = psycopg.conninfo.make_conninfo(supabase.url(), user=BACKUP, password=PASSWORD)
    with psycopg.connect(reader) as connection:
        connection.execute("SET row_security = off")
        assert connection.execute("SELECT count(*) FROM auth.users").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM vault.secrets").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("INSERT INTO public.todos (title) VALUES ('x')")
    log = supabase.cluster.log.read_text()
    assert "ALTER ROLE" in log
    assert PASSWORD.replace("'", "''") not in log


def test_a_new_password_reaches_the_reader(supabase: Supabase, preparation: Managed) -> None:
    preparation.create(**inputs(supabase))
    preparation.update(**inputs(supabase, backupPassword="next"))
    psycopg.connect(psycopg.conninfo.make_conninfo(supabase.url(), user=BACKUP, password="next")).close()


def test_switching_backups_off_takes_the_reader_away(supabase: Supabase, preparation: Managed) -> None:
    preparation.create(**inputs(supabase))
    preparation.update(**inputs(supabase, backupRole="", backupPassword=None))
    assert roles(supabase) == ["agent", "maintenance", "observer", "orchestrator"]


def test_why_a_reader_that_nobody_needs_any_more_stays_is_said(supabase: Supabase, preparation: Managed) -> None:
    preparation.create(**inputs(supabase))
    supabase.run("GRANT UPDATE ON public.todos TO backup")
    preparation.update(**inputs(supabase, backupRole="", backupPassword=None))
    assert "backup" in roles(supabase)
    assert preparation.logs()[-1] == ("warning", "login backup stays: privileges for table todos")
    supabase.run("REVOKE UPDATE ON public.todos FROM backup")
    preparation.update(**inputs(supabase, backupRole="", backupPassword=None, dropOnDelete=True))
    assert "backup" not in roles(supabase)


def test_a_group_that_is_not_ours_to_grant_is_an_error_with_the_statement(
    supabase: Supabase, preparation: Managed
) -> None:
    supabase.run("CREATE ROLE maintenance NOLOGIN")
    advised = "GRANT maintenance TO postgres WITH ADMIN OPTION;"
    with pytest.raises(PluginError, match=advised):
        preparation.create(**inputs(supabase))
    assert roles(supabase) == ["maintenance"]
    supabase.run(advised)
    preparation.create(**inputs(supabase))
    assert supabase.rows("SELECT pg_has_role('backup', 'maintenance', 'USAGE')") == [(True,)]
    assert "role maintenance" not in preparation["made"]


def test_a_create_that_was_interrupted_is_found_again(supabase: Supabase, preparation: Managed, manage: Manage) -> None:
    preparation.create(**inputs(supabase))
    again = manage("postgres:Preparation", "again")
    again.create(**inputs(supabase))
    assert again["made"] == preparation["made"]


def test_a_role_that_somebody_dropped_is_made_again(supabase: Supabase, preparation: Managed) -> None:
    preparation.create(**inputs(supabase))
    with supabase.connected() as admin:
        admin.execute("REVOKE USAGE ON SCHEMA extensions FROM observer")
        admin.execute("DROP ROLE observer")
    assert preparation.refresh()
    assert set(preparation.diff(**inputs(supabase)).changes) == {"groups[5]", "groups[6]"}
    preparation.update(**inputs(supabase))
    assert roles(supabase) == OURS


def test_delete_leaves_all_but_the_login(supabase: Supabase, preparation: Managed) -> None:
    preparation.create(**inputs(supabase))
    preparation.delete()
    assert roles(supabase) == ["agent", "maintenance", "observer", "orchestrator"]
    assert supabase.rows("SELECT count(*) FROM pgstack.prepared_object WHERE kind = 'role'") == [(4,)]


def test_delete_drops_what_is_ours_where_that_is_asked_for(
    start_supabase: Callable[..., Supabase], preparation: Managed
) -> None:
    project = start_supabase()
    project.enable("vector")
    preparation.create(**inputs(project, schemaName="agents", dropOnDelete=True))
    assert project.rows("SELECT extname FROM pg_extension WHERE extname = 'pg_trgm'") == [("pg_trgm",)]
    assert project.rows("SELECT has_schema_privilege('anon', 'agents', 'USAGE')") == [(True,)]
    preparation.delete()
    assert roles(project) == []
    assert project.rows("SELECT nspname FROM pg_namespace WHERE nspname IN ('agents', 'pgstack')") == []
    kept = project.rows("SELECT extname FROM pg_extension WHERE extname = ANY(%s) ORDER BY 1", list(EXTENSIONS))
    assert kept == [("uuid-ossp",), ("vector",)]
    assert project.rows("SELECT count(*) FROM pg_roles WHERE rolname IN ('anon', 'service_role')") == [(2,)]


def test_what_others_lean_on_stays_and_is_named(supabase: Supabase, preparation: Managed) -> None:
    preparation.create(**inputs(supabase, dropOnDelete=True))
    with supabase.connected("postgres") as owner:
        owner.execute("GRANT SELECT ON public.todos TO agent")
    preparation.delete()
    assert roles(supabase) == ["agent"]
    severity, message = preparation.logs()[-1]
    assert severity == "warning"
    assert message.startswith("role agent stays: ")


def test_a_database_that_is_gone_does_not_keep_its_stack_alive(supabase: Supabase, preparation: Managed) -> None:
    preparation.create(**inputs(supabase))
    supabase.cluster.stop("immediate")
    preparation.delete()
    assert "the login for backups, backup, stays there" in preparation.logs()[-1][1]


def test_a_reader_of_somebody_elses_is_not_taken_over(supabase: Supabase, preparation: Managed) -> None:
    with supabase.connected() as admin:
        admin.execute("CREATE ROLE backup LOGIN")
    with pytest.raises(PluginError, match="give its login as backupDatabaseUrl") as caught:
        preparation.create(**inputs(supabase))
    assert PASSWORD not in caught.value.message
    assert roles(supabase) == ["backup"]


def test_usage_that_can_not_be_granted_is_an_error_with_the_statement(supabase: Supabase, preparation: Managed) -> None:
    with supabase.connected() as admin:
        admin.execute("ALTER SCHEMA extensions OWNER TO supabase_admin")
        admin.execute("GRANT USAGE ON SCHEMA extensions TO postgres")
    with pytest.raises(PluginError, match="GRANT USAGE ON SCHEMA extensions TO agent;"):
        preparation.create(**inputs(supabase))
    assert roles(supabase) == []
