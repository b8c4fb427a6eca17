"""A database with pg_cron, which no other database of its server can have: its backups are proven and restored."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.backup.conftest import Job, job_values
from tests.backup.s3_server import BUCKET, S3Server
from tests.conftest import Database, Server
from tests.provider.pg_cron.conftest import cron, image, install, rows, run, served
from tests.waiting import wait_until

__all__ = ["cron", "image", "served"]


@pytest.fixture
def scheduled(cron: Database, server: Server, s3_server: S3Server, tmp_path: Path) -> Iterator[Job]:
    """The job of that database; it proves and restores on the same server."""
    run(cron, "SELECT cron.schedule('theirs', '0 0 1 1 *', 'SELECT 1')", cron.owner_url)
    run(cron, "COMMENT ON EXTENSION pg_cron IS 'ours'")
    run(cron, "GRANT SELECT ON cron.job TO observer")
    run(cron, "GRANT EXECUTE ON FUNCTION cron.schedule(text, text, text) TO observer")
    job = Job(tmp_path / "job.json", job_values(server, s3_server, BUCKET, cron), s3_server.client)
    url = cron.admin_url.removesuffix(cron.name) + "postgres"
    job.set(proof_url=url, restore_url=url)
    yield job
    job.stop()


def test_it_is_proven_and_restored_without_it(scheduled: Job, cron: Database) -> None:
    proven = scheduled.run("run")
    assert proven.returncode == 0, proven.stderr
    assert "pg_cron and its jobs are left out" in proven.stderr
    assert scheduled.manifest().contents.rows["public.realtime_channels"] == 0
    name = scheduled.good("restore").strip().rpartition("/")[2]
    with psycopg.connect(cron.admin_url.removesuffix(cron.name) + name) as restored:
        assert restored.execute("SELECT FROM pg_extension WHERE extname = 'pg_cron'").fetchall() == []
        assert restored.execute("SELECT to_regclass('agent_registry')::text").fetchone() == ("agent_registry",)
    run(cron, f"DROP DATABASE {name} WITH (FORCE)")
    assert [row["jobname"] for row in rows(cron, "SELECT jobname FROM cron.job")] == ["theirs"]


def test_it_is_replaced_although_pg_cron_is_connected_and_gets_its_pg_cron_anew(scheduled: Job, cron: Database) -> None:
    scheduled.good("run")
    scheduled.good("restore", "--into", cron.name, "--force")
    (kept,) = rows(cron, "SELECT datname FROM pg_database WHERE datname LIKE 'ecosystem_replaced%'")
    assert rows(cron, "SELECT FROM pg_extension WHERE extname = 'pg_cron'") == []
    install(cron)
    run(cron, "SELECT cron.schedule('unscheduled', '1 seconds', $$SELECT cron.unschedule('unscheduled')$$)")
    wait_until(lambda: not rows(cron, "SELECT FROM cron.job"), "a job runs in the restored database")
    run(cron, f"DROP DATABASE {kept['datname']} WITH (FORCE)")
