"""A whole stack on a database that is there already: an emulated Supabase, entered as its owner, no superuser."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.backup.conftest import s3_server
from tests.backup.s3_server import S3Server
from tests.e2e.project import Project
from tests.e2e.test_lifecycle import TABLES
from tests.full_run import in_full
from tests.supabase.certificates import Authority
from tests.supabase.emulation import Emulated, Supabase
from tests.supabase.fixtures import start_supabase, supabase_template

__all__ = ["s3_server", "start_supabase", "supabase_template"]

REGISTRY = "sql/schema/tables/agent_registry.sql"
FIRST_COLUMN = "    agent_id agent_name"

SURROUNDINGS = {
    "roles": """
        SELECT rolname, rolsuper, rolcanlogin, rolbypassrls, rolconfig FROM pg_roles
        WHERE rolname !~ '^(agent|orchestrator|observer|maintenance|backup)$' ORDER BY 1
    """,
    "default privileges": """
        SELECT defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype, defaclacl FROM pg_default_acl
        ORDER BY 1, 2, 3
    """,
    "event triggers": "SELECT evtname, evtenabled, evtowner::regrole FROM pg_event_trigger ORDER BY 1",
    "publications": "SELECT pubname, puballtables, pubowner::regrole FROM pg_publication",
    "published tables": "SELECT prrelid::regclass FROM pg_publication_rel",
    "tables of others": """
        SELECT oid::regclass, relacl, relowner::regrole FROM pg_class WHERE relname IN ('todos', 'users', 'messages')
        ORDER BY oid::regclass::text
    """,
    "policies of others": "SELECT polname FROM pg_policy WHERE polrelid = 'realtime.messages'::regclass",
    "schemas": "SELECT nspname, nspowner::regrole FROM pg_namespace WHERE nspname !~ '^(pg_|pgstack)' ORDER BY 1",
    "extensions": """
        SELECT extname, extowner::regrole, extnamespace::regnamespace FROM pg_extension WHERE extname <> 'pg_trgm'
        ORDER BY 1
    """,
    "rows of others": "SELECT title FROM public.todos",
}
"""What was there before us, and what it was set to."""


Surroundings = dict[str, list[tuple[str, ...]]]


def surroundings(supabase: Emulated) -> Surroundings:
    return {name: [tuple(map(str, row)) for row in supabase.rows(query)] for name, query in SURROUNDINGS.items()}


def ours_in(supabase: Emulated) -> list[str]:
    """What a stack made that goes with it where dropOnDestroy is on."""
    found = supabase.rows(
        """
        SELECT 'table ' || relname FROM pg_class WHERE relname = ANY(%s)
        UNION ALL SELECT 'role ' || rolname FROM pg_roles
        WHERE rolname ~ '^(agent|orchestrator|observer|maintenance|backup)$'
        UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname = 'pgstack'
        UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE proname = 'register_agent'
        """,
        list(TABLES),
    )
    return [name for (name,) in found]


@dataclass
class External:
    """A project whose stack dev is up on `supabase`; `before` is what that looked like."""

    project: Project
    supabase: Emulated
    before: Surroundings


def configure(project: Project, supabase: Emulated, store: S3Server, bucket: str) -> None:
    project.pulumi("config", "set", "target", "external")
    project.pulumi("config", "set", "--secret", "databaseUrl", supabase.url())
    project.pulumi("config", "set", "s3Endpoint", store.endpoint)
    project.pulumi("config", "set", "--secret", "s3AccessKey", store.identity.access_key)
    project.pulumi("config", "set", "--secret", "s3SecretKey", store.identity.secret_key)
    project.pulumi("config", "set", "bucket", bucket)


@pytest.fixture(scope="module")
def supabase(start_supabase: Callable[..., Supabase]) -> Supabase:
    project = start_supabase()
    project.enable("vector")
    return project


@pytest.fixture(scope="module")
def external(make_project: Callable[[], Project], supabase: Supabase, s3_server: S3Server) -> External:
    """Up over TLS: the certificate's file is named relative to the checkout, wherever a process runs."""
    project = make_project()
    authority = Authority.make(project.folder / "certificates")
    authority.encrypt(supabase)
    project.pulumi("stack", "init", "dev")
    configure(project, supabase, s3_server, "external-backups")
    url = supabase.url().replace("127.0.0.1", "localhost").replace("?sslmode=disable", "")
    project.pulumi("config", "set", "--secret", "databaseUrl", url)
    project.pulumi("config", "set", "sslRootCertificate", "certificates/ca.crt")
    before = surroundings(supabase)
    said = project.pulumi("up", "--yes")
    assert "lacks, and will be given: role agent, role orchestrator, role observer" in said, said
    return External(project, supabase, before)


def test_our_tables_stand_beside_what_was_there(external: External) -> None:
    owners = external.supabase.rows(
        "SELECT relname, relowner::regrole::text FROM pg_class WHERE relname = ANY(%s) ORDER BY 1", list(TABLES)
    )
    assert owners == [(name, "postgres") for name in TABLES]
    assert surroundings(external.supabase) == external.before


def test_every_connection_of_ours_is_encrypted(external: External) -> None:
    url = conninfo_to_dict(external.project.outputs()["url"])
    assert (url["sslmode"], url["sslrootcert"]) == ("verify-full", "certificates/ca.crt")
    job = json.loads((external.project.folder / ".state/dev/backup/job.json").read_text())
    reader = conninfo_to_dict(job["database_url"])
    assert (reader["sslmode"], reader["user"]) == ("verify-full", "backup")
    assert "s3://" in external.project.make("backup")


def test_a_second_preview_changes_nothing(external: External) -> None:
    external.project.preview("--expect-no-changes")
    said = external.project.preview("--refresh", "--expect-no-changes")
    assert "to update" not in said


def test_the_api_reads_nothing_that_default_privileges_would_open(external: External) -> None:
    for role in ("anon", "authenticated"):
        with external.supabase.connected("authenticator") as api:
            api.execute(f"SET ROLE {role}".encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                api.execute("SELECT FROM agent_registry")
    with external.supabase.connected("authenticator") as api:
        api.execute("SET ROLE service_role")
        assert api.execute("SELECT count(*) FROM realtime_channels").fetchone() == (8,)


def test_a_change_of_the_schema_reaches_it_and_postgrest_hears(external: External) -> None:
    """Also where the dashboard publishes a table of ours."""
    project = external.project
    external.supabase.run("ALTER PUBLICATION supabase_realtime ADD TABLE public.agent_registry", user="postgres")
    with external.supabase.connected() as listener:
        listener.execute("LISTEN pgrst")
        with project.edited(REGISTRY, FIRST_COLUMN, "    region text,\n" + FIRST_COLUMN):
            said = project.pulumi("up", "--yes")
            assert "Table agent_registry update [diff: +columns.region]" in re.sub(" +", " ", said), said
        heard = next(listener.notifies(timeout=60))
    assert heard.channel == "pgrst"
    project.up()
    project.preview("--expect-no-changes")
    published = external.supabase.rows("SELECT tablename FROM pg_publication_tables ORDER BY 1")
    assert published == [("agent_registry",), ("todos",)]
    external.supabase.run("ALTER PUBLICATION supabase_realtime DROP TABLE public.agent_registry", user="postgres")
    assert surroundings(external.supabase) == external.before


def test_status_works_as_on_a_server_of_our_own_and_says_how_far_backups_are_proven(external: External) -> None:
    said = external.project.make("status")
    assert re.search(r"💾 not proven by a restore: last backup .*, read back only", said), said
    assert "row level security" not in said.replace("Row level security", ""), said


def test_a_backup_is_restored_where_supabases_roles_are_and_we_may_use_them(
    external: External, start_supabase: Callable[..., Supabase]
) -> None:
    said = external.project.make("restore", expect=2)
    assert 'must be able to SET ROLE "supabase_admin"' in said, said
    other = start_supabase()
    other.run("CREATE DATABASE restored")
    for role in ("agent", "observer", "orchestrator", "maintenance"):
        other.run(f"CREATE ROLE {role}")
    external.project.make("restore", f"ARGS=--into {other.url('supabase_admin', 'restored')}")
    with psycopg.connect(other.url("supabase_admin", "restored")) as connection:
        assert connection.execute("SELECT count(*) FROM realtime_channels").fetchone() == (8,)
        assert connection.execute("SELECT title FROM todos").fetchone() == ("stays",)


def test_no_password_is_in_the_state_or_in_what_is_said(external: External) -> None:
    project = external.project
    written = "\n".join(
        path.read_text(errors="replace")
        for path in [*(project.folder / ".state/backend").rglob("*.json"), *project.folder.glob("Pulumi.*.yaml")]
    )
    said = project.pulumi("preview", "--diff") + project.pulumi("stack", "output", "--json")
    for text in (written, said):
        assert external.supabase.password not in text


def test_destroy_leaves_the_tables_and_a_later_up_knows_them(external: External) -> None:
    project, supabase = external.project, external.supabase
    supabase.rows("SELECT register_agent('survivor', 'executor', '1.8.3')", user="postgres")
    for _ in range(2):
        project.make("destroy", "YES=1")
    assert supabase.rows("SELECT agent_id FROM agent_registry") == [("survivor",)]
    assert supabase.rows("SELECT count(*) FROM realtime_channels") == [(8,)]
    assert supabase.rows("SELECT rolname FROM pg_roles WHERE rolname = 'backup'") == []
    assert surroundings(supabase) == external.before

    project.pulumi("config", "set", "dropOnDestroy", "true")
    project.up()
    assert supabase.rows("SELECT agent_id FROM agent_registry") == [("survivor",)]
    supabase.rows("SELECT connect_realtime()", user="postgres")
    assert len(surroundings(supabase)["policies of others"]) == 2
    project.preview("--refresh", "--expect-no-changes")
    for _ in range(2):
        project.make("destroy", "YES=1")
        assert ours_in(supabase) == []
    assert surroundings(supabase) == external.before


REFUSING_VIEWS = """
    CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'no views here'; END $$;
    CREATE EVENT TRIGGER no_views ON ddl_command_start WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION public.refuse();
"""


@in_full
def test_destroy_after_an_up_that_failed_half_way_leaves_what_was_there(
    make_project: Callable[[], Project], start_supabase: Callable[..., Supabase], s3_server: S3Server
) -> None:
    """Once before the tables are there, by a rule of the database's own, and once behind them."""
    project, supabase = make_project(), start_supabase()
    supabase.enable("vector")
    project.pulumi("stack", "init", "dev")
    configure(project, supabase, s3_server, "half-way")
    project.pulumi("config", "set", "dropOnDestroy", "true")

    supabase.run(REFUSING_VIEWS)
    before = surroundings(supabase)
    assert "no views here" in project.make("up", expect=2)
    assert "role agent" in ours_in(supabase)
    for _ in range(2):
        project.make("destroy", "YES=1")
        assert ours_in(supabase) == []
    assert surroundings(supabase) == before

    supabase.run("DROP EVENT TRIGGER no_views")
    before = surroundings(supabase)
    (project.folder / "sql/verify/99_broken.sql").write_text("SELECT false AS ok, 'broken on purpose' AS message")
    assert "broken on purpose" in project.make("up", expect=2)
    assert "table agent_registry" in ours_in(supabase)
    for _ in range(2):
        project.make("destroy", "YES=1")
        assert ours_in(supabase) == []
    assert surroundings(supabase) == before
    assert project.processes() == []
    assert "half-way" not in [bucket["Name"] for bucket in s3_server.client.list_buckets()["Buckets"]]


@pytest.fixture(scope="module")
def untouched(start_supabase: Callable[..., Supabase]) -> Supabase:
    project = start_supabase()
    project.enable("vector")
    return project


@pytest.fixture(scope="module")
def unmade(make_project: Callable[[], Project], untouched: Supabase, s3_server: S3Server) -> Project:
    """A project of which nothing is made: its database is refused each time, for another reason."""
    project = make_project()
    project.pulumi("stack", "init", "dev")
    configure(project, untouched, s3_server, "never-made")
    return project


def one_clear_error(project: Project, url: str, *expected: str) -> None:
    password = conninfo_to_dict(url)["password"]
    project.pulumi("config", "set", "--secret", "databaseUrl", url)
    said = project.preview(expect=1)
    for words in expected:
        assert words in said, said
    assert len(re.findall(r"has a problem: ", said.partition("Diagnostics:")[2])) == 1, said
    assert "Traceback" not in said
    assert str(password) not in said


def test_a_database_that_can_not_be_entered_is_one_clear_error_in_preview(unmade: Project, untouched: Supabase) -> None:
    right = untouched.url()
    one_clear_error(unmade, right.replace(untouched.password, "Wr0ng-s3cret"), "refuses this user with this password")
    one_clear_error(unmade, right.replace(f":{untouched.port}/", ":9/"), "nothing listens there")
    one_clear_error(unmade, right.replace("sslmode=disable", "sslmode=require"), "does not speak TLS")
    pooled = "postgresql://postgres.abc:S3cret-word@aws-0-eu-central-1.pooler.supabase.com:6543/postgres"
    one_clear_error(unmade, pooled, "transaction pooler", "port 5432 of aws-0-eu-central-1.pooler.supabase.com")


def test_everything_that_is_missing_is_said_at_once_before_anything_is_made(
    unmade: Project, start_supabase: Callable[..., Supabase], s3_server: S3Server
) -> None:
    bare = start_supabase()  # without vector
    with bare.connected("postgres") as owner:
        owner.execute("CREATE TABLE public.agent_registry (id int)")
    unmade.pulumi("config", "set", "--secret", "databaseUrl", bare.url())
    said = unmade.preview(expect=1)
    assert "Dashboard, Database, Extensions: search vector" in said, said
    assert "holds objects of our names that this stack did not make: table agent_registry" in said, said
    said = unmade.pulumi("up", "--yes", "--skip-preview", expect=1)
    assert "search vector" in said
    assert bare.rows("SELECT rolname FROM pg_roles WHERE rolname = 'agent'") == []
    assert "never-made" not in [bucket["Name"] for bucket in s3_server.client.list_buckets()["Buckets"]]


def test_the_command_says_the_same(unmade: Project, untouched: Supabase) -> None:
    unmade.pulumi("config", "set", "--secret", "databaseUrl", untouched.url())
    said = unmade.make("preflight")
    assert "✓ version: PostgreSQL 18" in said, said
    unmade.pulumi("config", "set", "--secret", "databaseUrl", untouched.url("authenticator"))
    said = unmade.make("preflight", expect=2)
    missing = "agent, orchestrator, observer, maintenance do not exist"
    assert f"✗ roles: {missing}, and authenticator may not create roles" in said, said
    assert untouched.password not in said
