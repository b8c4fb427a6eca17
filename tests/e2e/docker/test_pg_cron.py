"""A stack of containers whose image has pg_cron: it takes over once the database has it; backups stay proven."""

import json

import psycopg

from tests.e2e.docker.conftest import MakeStack
from tests.full_run import in_full
from tests.provider.pg_cron.conftest import image
from tests.waiting import wait_until

__all__ = ["image"]

pytestmark = in_full

SETTINGS = {
    "shared_preload_libraries": "pg_cron",
    "cron.database_name": "ecosystem",
    "cron.use_background_workers": "on",
}


def test_it_takes_over_and_backups_are_proven_still(make_stack: MakeStack, image: str) -> None:
    stack = make_stack(postgresImage=image)
    for name, value in SETTINGS.items():
        stack.pulumi("config", "set", "--path", f'postgresSettings["{name}"]', value)
    stack.up()
    assert stack.outputs()["maintenanceBy"] == "service"
    with psycopg.connect(stack.outputs()["adminUrl"], dbname="ecosystem", autocommit=True) as admin:
        admin.execute("CREATE EXTENSION pg_cron")
        admin.execute("GRANT USAGE ON SCHEMA cron TO ecosystem_owner")
    stack.pulumi("refresh", "--yes")
    stack.up()
    assert stack.outputs()["maintenanceBy"] == "pg_cron"
    assert json.loads(stack.read("backup", "job.json"))["maintenance_seconds"] == 0
    stack.preview("--expect-no-changes", "--refresh")
    stack.pulumi("config", "set", "maintenanceSeconds", "1")
    stack.up()
    wait_until(lambda: "the last run began" in stack.make("status"), "a job has run")
    assert "pg_cron and its jobs are left out" in stack.make("backup")
    assert "proven by a restore" in stack.make("status")
    stack.pulumi("destroy", "--yes")
    assert stack.names() == set()
