"""A whole stack on a project whose database has pg_cron: its jobs do the maintenance as long as the stack stands."""

import json
from collections.abc import Callable, Iterator

import docker
import pytest

from tests.backup.conftest import s3_server
from tests.backup.s3_server import S3Server
from tests.e2e.project import Project
from tests.e2e.test_external import configure
from tests.full_run import in_full
from tests.provider.pg_cron.conftest import image
from tests.supabase.container import running_container
from tests.supabase.emulation import Emulated
from tests.waiting import wait_until

pytestmark = in_full

__all__ = ["image", "s3_server"]

FOUND_CHANGES = 7
"""Pulumi's exit code where none were expected."""
SILENT = "UPDATE public.agent_registry SET status = 'online', last_heartbeat_at = '2000-01-01'"
STATUS = "SELECT status::text FROM public.agent_registry"


@pytest.fixture(scope="module")
def server(engine: docker.DockerClient, image: str) -> Iterator[Emulated]:
    jobs = {"cron__database_name": "postgres", "cron__use_background_workers": "on"}
    with running_container(engine, image, shared_preload_libraries="pg_cron", **jobs) as emulated:
        emulated.enable("vector")
        emulated.run("CREATE EXTENSION pg_cron")  # what lets `postgres` use it is Supabase's own trigger
        yield emulated


@pytest.fixture(scope="module")
def project(make_project: Callable[[], Project], server: Emulated, s3_server: S3Server) -> Project:
    made = make_project()
    made.pulumi("stack", "init", "dev")
    configure(made, server, s3_server, "pg-cron-backups")
    made.make("up")
    return made


def jobs(server: Emulated) -> list[tuple[str, ...]]:
    return server.rows("SELECT username, schedule FROM cron.job WHERE jobname LIKE 'agent-ecosystem public %'")


def told(project: Project) -> int:
    job = json.loads((project.folder / ".state/dev/backup/job.json").read_text())
    return int(job["maintenance_seconds"])


def test_its_jobs_do_the_maintenance_and_the_service_does_not(project: Project, server: Emulated) -> None:
    assert project.outputs()["maintenanceBy"] == "pg_cron"
    assert told(project) == 0
    assert len(jobs(server)) == 8
    assert {user for user, _ in jobs(server)} == {"postgres"}
    project.preview("--expect-no-changes")
    project.preview("--expect-no-changes", "--refresh")


def test_they_run_as_often_as_the_configuration_says_and_status_tells(project: Project, server: Emulated) -> None:
    server.rows("SELECT register_agent('silent', 'executor', '1.8.3')", user="postgres")
    server.run(SILENT, user="postgres")
    project.pulumi("config", "set", "maintenanceSeconds", "1")
    project.up()
    wait_until(lambda: server.rows(STATUS) == [("offline",)], "the silent agent is marked")
    assert "🧹 maintenance: pg_cron, 8 jobs, the last run began 20" in project.make("status")


def test_a_failing_job_is_no_good_status(project: Project, server: Emulated) -> None:
    failed = "SELECT FROM cron.job_run_details WHERE status = 'failed'"
    server.run("ALTER FUNCTION public.mark_stale_agents RENAME TO away", user="postgres")
    wait_until(lambda: server.rows(failed), "a job fails")
    assert "✗ maintenance: 8 jobs" in project.make("status", expect=None)
    server.run("ALTER FUNCTION public.away RENAME TO mark_stale_agents", user="postgres")


def test_a_job_that_somebody_took_away_is_found_and_made_again(project: Project, server: Emulated) -> None:
    server.rows("SELECT cron.unschedule('agent-ecosystem public seal')", user="postgres")
    project.preview("--expect-no-changes")
    said = project.pulumi("refresh", "--preview-only", "--expect-no-changes", expect=FOUND_CHANGES)
    assert "pgstack:postgres:Maintenance maintenance" in said
    project.pulumi("refresh", "--yes")
    project.up()
    assert len(jobs(server)) == 8
    project.preview("--expect-no-changes", "--refresh")


def test_the_service_takes_over_when_the_extension_goes(project: Project, server: Emulated) -> None:
    server.run("DROP EXTENSION pg_cron")
    project.pulumi("refresh", "--yes")
    said = project.preview()
    assert "Service backup-schedule" in said, said
    project.up()
    assert (told(project), project.outputs()["maintenanceBy"]) == (1, "service")
    assert "🧹 maintenance: the backup job's schedule" in project.make("status")
    server.run("CREATE EXTENSION pg_cron")
    project.pulumi("refresh", "--yes")
    project.up()
    assert (told(project), len(jobs(server))) == (0, 8)


def test_destroy_takes_the_jobs_and_leaves_the_tables(project: Project, server: Emulated) -> None:
    project.make("destroy", "YES=1")
    assert jobs(server) == []
    assert server.rows("SELECT agent_id FROM public.agent_registry") == [("silent",)]
