"""Who does the maintenance: pg_cron where it can, and where it can not, why."""

from typing import Any

import docker
import psycopg
import pytest

from infra.plugin import UNKNOWN, Secret
from infra.provider.schema.identifiers import literal
from tests.conftest import OWNER, Database
from tests.provider.pg_cron.conftest import NAME, RUNS, Inputs, install, jobs, rows, run, serving
from tests.provider.pgstack.conftest import Manage
from tests.provider.plugin_client import PluginError
from tests.waiting import wait_until

GRANTS = (
    f"GRANT USAGE ON SCHEMA cron TO {OWNER}",
    f"GRANT EXECUTE ON FUNCTION cron.schedule(text, text, text), cron.unschedule(bigint) TO {OWNER}",
    f"GRANT SELECT ON cron.job, cron.job_run_details TO {OWNER}",
    f"GRANT DELETE ON cron.job_run_details TO {OWNER}",
)


def warnings(manage: Manage) -> list[str]:
    return [words for severity, words in manage("postgres:Maintenance").logs() if severity == "warning"]


def test_without_the_extension_it_is_the_service_and_nothing_is_said(manage: Manage, database: Database) -> None:
    inputs = {"url": Secret(database.owner_url), "schemaName": "public", "wanted": "auto", "roundSeconds": 60}
    before = warnings(manage)
    maintenance = manage("postgres:Maintenance")
    assert maintenance.preview_create(**inputs)["by"] == "service"
    maintenance.create(**inputs)
    assert (maintenance["by"], maintenance["jobs"]) == ("service", {})
    assert maintenance["whyNot"].startswith("pg_cron is not installed; as a superuser, in this database: CREATE EXT")
    maintenance.refresh()
    assert maintenance.diff(**inputs).changes == {}
    assert maintenance.diff(**{**inputs, "roundSeconds": 20}).changes == {}  # the service alone is told
    assert warnings(manage) == before
    maintenance.delete()


def test_pg_cron_where_there_is_none_is_refused(manage: Manage, database: Database) -> None:
    inputs = {"url": Secret(database.owner_url), "schemaName": "public", "wanted": "pg_cron", "roundSeconds": 60}
    maintenance = manage("postgres:Maintenance")
    for attempt in (maintenance.preview_create, maintenance.create):
        with pytest.raises(PluginError) as refused:
            attempt(**inputs)
        assert refused.value.message.startswith("maintenanceBy = pg_cron, on 127.0.0.1:")
        assert "pg_cron is not installed; as a superuser, in this database: CREATE EXTENSION" in refused.value.message
        assert refused.value.message.endswith("or let the schedule service do it: maintenanceBy = auto")
    maintenance.create(**{**inputs, "wanted": "auto"})
    with pytest.raises(PluginError, match="maintenanceBy = pg_cron"):
        maintenance.update(**inputs)


def test_a_server_that_does_not_answer_stops_no_preview_and_no_destroy(manage: Manage, inputs: Inputs) -> None:
    nowhere = {**inputs, "url": Secret("postgresql://me:pass-word@127.0.0.1:1/nowhere")}
    maintenance = manage("postgres:Maintenance")
    assert maintenance.preview_create(**nowhere)["by"] == UNKNOWN
    maintenance.create(**inputs)
    maintenance.state["url"] = nowhere["url"]
    maintenance.delete()
    (said,) = [words for words in warnings(manage) if "127.0.0.1:1/nowhere" in words]
    assert said.startswith("jobs of ours may stay in cron.job of 127.0.0.1:1/nowhere: ")
    assert "pass-word" not in said


def test_the_extension_vanishes_and_comes_back(manage: Manage, cron: Database, inputs: Inputs) -> None:
    maintenance = manage("postgres:Maintenance")
    maintenance.create(**inputs)
    run(cron, "DROP EXTENSION pg_cron")
    maintenance.refresh()
    assert maintenance.diff(**inputs).changes["by"] == "UPDATE"
    assert maintenance.preview_update(**inputs)["by"] == "service"
    maintenance.update(**inputs)
    assert maintenance["by"] == "service"
    assert maintenance.diff(**inputs).changes == {}
    run(cron, "CREATE EXTENSION pg_cron")
    run(cron, GRANTS[0])
    maintenance.refresh()
    assert maintenance.diff(**inputs).changes["by"] == "UPDATE"
    maintenance.update(**inputs)
    assert maintenance["by"] == "pg_cron"
    assert len(jobs(cron)) == 8
    run(cron, "DROP EXTENSION pg_cron")
    before = warnings(manage)
    maintenance.delete()  # before anybody noticed
    assert warnings(manage) == before


@pytest.mark.parametrize(
    ("revoked", "lacks"),
    [
        (f"REVOKE USAGE ON SCHEMA cron FROM {OWNER}", GRANTS[0]),
        ("REVOKE EXECUTE ON FUNCTION cron.schedule(text, text, text) FROM PUBLIC", GRANTS[1]),
        ("REVOKE EXECUTE ON FUNCTION cron.unschedule(bigint) FROM PUBLIC", GRANTS[1]),
        ("REVOKE SELECT ON cron.job FROM PUBLIC", GRANTS[2]),
        ("REVOKE DELETE ON cron.job_run_details FROM PUBLIC", GRANTS[3]),
    ],
)
def test_a_privilege_that_lacks_is_told_and_can_be_given(
    manage: Manage, cron: Database, inputs: Inputs, revoked: str, lacks: str
) -> None:
    run(cron, revoked)
    before = len(warnings(manage))
    maintenance = manage("postgres:Maintenance")
    maintenance.create(**inputs)
    assert (maintenance["by"], jobs(cron)) == ("service", {})
    (said,) = warnings(manage)[before:]
    assert "pg_cron of 127.0.0.1:" in said
    assert said.endswith(f"does no maintenance: {OWNER} may not use pg_cron; as a superuser, in this database: {lacks}")
    with pytest.raises(PluginError) as refused:
        maintenance.update(**{**inputs, "wanted": "pg_cron"})
    assert lacks in refused.value.message
    run(cron, lacks)
    maintenance.refresh()
    maintenance.update(**inputs)
    assert (maintenance["by"], len(jobs(cron))) == ("pg_cron", 8)
    maintenance.delete()
    assert jobs(cron) == {}


def test_the_service_on_demand_takes_the_jobs_away(manage: Manage, cron: Database, inputs: Inputs) -> None:
    maintenance = manage("postgres:Maintenance")
    maintenance.create(**inputs)
    before = warnings(manage)
    maintenance.update(**{**inputs, "wanted": "service"})
    assert (maintenance["by"], jobs(cron)) == ("service", {})
    run(cron, f"REVOKE USAGE ON SCHEMA cron FROM {OWNER}")
    maintenance.update(**{**inputs, "wanted": "service"})
    assert warnings(manage) == before


def test_a_version_that_is_too_old(manage: Manage, cron: Database, inputs: Inputs) -> None:
    run(cron, "UPDATE pg_extension SET extversion = '1.4-1' WHERE extname = 'pg_cron'")
    maintenance = manage("postgres:Maintenance")
    maintenance.create(**inputs)
    assert maintenance["whyNot"] == "pg_cron 1.4-1 is too old: 1.5 or later, then ALTER EXTENSION pg_cron UPDATE"


@pytest.fixture
def copied(cron: Database) -> Any:
    """A copy of the database, extension and all, in which no scheduler works."""
    server = psycopg.conninfo.make_conninfo(cron.admin_url, dbname="postgres")
    run(cron, f"ALTER DATABASE {NAME} ALLOW_CONNECTIONS FALSE", server)
    run(cron, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{NAME}'", server)
    wait_until(lambda: not rows(cron, RUNS, server), "the scheduler is away")
    run(cron, f"CREATE DATABASE copied TEMPLATE {NAME} OWNER {OWNER}", server)
    run(cron, f"ALTER DATABASE {NAME} ALLOW_CONNECTIONS TRUE", server)
    yield cron.owner_url.removesuffix(NAME) + "copied"
    run(cron, "DROP DATABASE copied WITH (FORCE)", server)


def test_a_pg_cron_that_does_not_run_here_is_not_believed(manage: Manage, copied: str, inputs: Inputs) -> None:
    maintenance = manage("postgres:Maintenance")
    maintenance.create(**{**inputs, "url": Secret(copied)})
    assert maintenance["by"] == "service"
    assert maintenance["whyNot"] == (
        "pg_cron is installed, and does not run in this database; in the server's settings: "
        "shared_preload_libraries = 'pg_cron', cron.database_name = 'copied'"
    )


TRUST = f"sed -i '1i host all {OWNER} localhost trust' \"$PGDATA/pg_hba.conf\""


def test_jobs_that_are_not_let_in_are_not_believed(manage: Manage, engine: docker.DockerClient, image: str) -> None:
    with serving(engine, image) as database:  # as the stack's own servers: everybody has a password
        install(database)
        inputs = {"url": Secret(database.owner_url), "schemaName": "public", "wanted": "auto", "roundSeconds": 60}
        maintenance = manage("postgres:Maintenance")
        before = len(warnings(manage))
        maintenance.create(**inputs)
        assert (maintenance["by"], jobs(database)) == ("service", {})
        (said,) = warnings(manage)[before:]
        assert "does no maintenance: its jobs fail (connection failed); in the server's settings: cron.use_back" in said
        maintenance.refresh()
        assert maintenance.diff(**inputs).changes == {}
        demanded = {**inputs, "wanted": "pg_cron"}
        with pytest.raises(PluginError, match=r"maintenanceBy = pg_cron, on .* its jobs fail \(connection failed\)"):
            maintenance.update(**demanded)
        assert jobs(database) == {}
        run(database, f"COPY (SELECT) TO PROGRAM {literal(TRUST)}")
        run(database, "SELECT pg_reload_conf()")
        maintenance.update(**demanded)
        assert (maintenance["by"], len(jobs(database))) == ("pg_cron", 8)
