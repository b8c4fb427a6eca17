"""Jobs of pg_cron on a real server: made, seen, mended, run and taken away."""

import psycopg

from infra.plugin import UNKNOWN, Secret
from infra.provider.postgres import pg_cron
from infra.provider.postgres.database import connected
from tests.conftest import OWNER, Database
from tests.provider.pg_cron.conftest import Inputs, jobs, rows, run
from tests.provider.pgstack.conftest import Manage
from tests.waiting import wait_until

SEAL = "agent-ecosystem public seal"
SILENT = "UPDATE agent_registry SET status = 'online', last_heartbeat_at = '2000-01-01'"
STATUS = "SELECT status FROM public.agent_registry WHERE agent_id = 'silent'"


def report(cron: Database) -> tuple[bool, str]:
    with connected(cron.owner_url, "public") as connection:
        return pg_cron.report(connection, "public")


def test_each_duty_is_a_job_of_the_owner(manage: Manage, cron: Database, inputs: Inputs) -> None:
    maintenance = manage("postgres:Maintenance")
    seen = maintenance.preview_create(**inputs)
    assert seen["by"] == "pg_cron"
    assert jobs(cron) == {}
    maintenance.create(**inputs)
    assert maintenance["by"] == "pg_cron"
    assert isinstance(maintenance.state["url"], Secret)
    found = jobs(cron)
    wanted = pg_cron.wanted("public", 60)
    assert {name: {"schedule": job["schedule"], "command": job["command"]} for name, job in found.items()} == wanted
    assert {(job["username"], job["database"], job["active"]) for job in found.values()} == {
        ("ecosystem_owner", "ecosystem", True)
    }
    assert maintenance.diff(**inputs).changes == {}
    maintenance.refresh()
    assert maintenance.diff(**inputs).changes == {}


def test_making_it_again_disturbs_nothing(manage: Manage, cron: Database, inputs: Inputs) -> None:
    manage("postgres:Maintenance").create(**inputs)
    before = jobs(cron)
    manage("postgres:Maintenance").create(**inputs)
    assert jobs(cron) == before


def test_jobs_do_the_maintenance_and_the_report_says_how_it_goes(
    manage: Manage, cron: Database, inputs: Inputs
) -> None:
    run(cron, "SELECT register_agent('silent', 'executor', '1.8.3')", cron.owner_url)
    run(cron, SILENT, cron.owner_url)
    manage("postgres:Maintenance").create(**{**inputs, "roundSeconds": 1})
    assert report(cron) == (True, "8 jobs, none has run yet")
    wait_until(lambda: rows(cron, STATUS)[0]["status"] == "offline", "the silent agent is marked")
    run(cron, "ALTER FUNCTION public.mark_stale_agents RENAME TO away")
    wait_until(lambda: not report(cron)[0], "a job that fails is reported")
    assert "public mark_stale_agents: ERROR: function mark_stale_agents() does not exist" in report(cron)[1]
    run(cron, "ALTER FUNCTION public.away RENAME TO mark_stale_agents")
    wait_until(lambda: report(cron)[0], "it goes well again")
    assert "the last that failed 20" in report(cron)[1]


DRIFT = {
    "check_rollouts": "SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname = '{}'",
    "mark_stale_agents": "UPDATE cron.job SET schedule = '0 0 1 1 *' WHERE jobname = '{}'",
    "prune_tasks": "UPDATE cron.job SET command = 'SELECT 1' WHERE jobname = '{}'",
    "reclaim_expired": "UPDATE cron.job SET active = FALSE WHERE jobname = '{}'",
    "seal": "UPDATE cron.job SET database = 'postgres' WHERE jobname = '{}'",
}


def test_a_refresh_sees_drift_and_an_update_mends_it(manage: Manage, cron: Database, inputs: Inputs) -> None:
    maintenance = manage("postgres:Maintenance")
    maintenance.create(**inputs)
    before = jobs(cron)
    names = {duty: f"agent-ecosystem public {duty}" for duty in DRIFT}
    for duty, statement in DRIFT.items():
        # The superuser sees all jobs, and takes away his own alone.
        run(
            cron,
            f"SET SESSION AUTHORIZATION {OWNER if duty == 'check_rollouts' else 'postgres'}; "
            + statement.format(names[duty]),
        )
    missing = "reclaim_expired, check_rollouts, seal"
    assert report(cron) == (False, f"no job of pg_cron does {missing}: make refresh, then make up")
    assert maintenance.diff(**inputs).changes == {}  # a preview without changes asks no server
    maintenance.refresh()
    assert maintenance.diff(**inputs).changes == {"jobs": "UPDATE"}
    maintenance.update(**inputs)
    assert maintenance.diff(**inputs).changes == {}
    after = jobs(cron)
    assert {name for name in after if after[name]["jobid"] != before[name]["jobid"]} == set(names.values())
    assert [{**job, "jobid": 0} for job in after.values()] == [{**job, "jobid": 0} for job in before.values()]


def test_another_job_of_our_name_goes(manage: Manage, cron: Database, inputs: Inputs) -> None:
    run(cron, "SELECT cron.schedule('agent-ecosystem public of_old', '* * * * *', 'SELECT 1')", cron.owner_url)
    maintenance = manage("postgres:Maintenance")
    maintenance.create(**inputs)
    assert jobs(cron).keys() == maintenance["jobs"].keys()


def test_other_rounds_are_other_schedules(manage: Manage, cron: Database, inputs: Inputs) -> None:
    maintenance = manage("postgres:Maintenance")
    maintenance.create(**inputs)
    quick = {**inputs, "roundSeconds": 20}
    assert maintenance.diff(**quick).changes == {"jobs": "UPDATE"}
    maintenance.update(**quick)
    assert jobs(cron)[SEAL]["schedule"] == "20 seconds"


def test_destroy_takes_ours_and_their_runs_and_nothing_else(manage: Manage, cron: Database, inputs: Inputs) -> None:
    run(cron, "CREATE SCHEMA other AUTHORIZATION ecosystem_owner")
    run(cron, "SELECT cron.schedule('agent-ecosystem', '* * * * *', 'SELECT 1')", cron.owner_url)
    run(cron, f"SELECT cron.schedule('{SEAL}', '0 0 1 1 *', 'SELECT 1')")  # the superuser's own
    beside = manage("postgres:Maintenance", "beside")
    beside.create(**{**inputs, "schemaName": "other"})
    before = rows(cron, "SELECT * FROM cron.job ORDER BY jobid")
    maintenance = manage("postgres:Maintenance")
    maintenance.create(**inputs)
    past_run(cron, SEAL, "1 minute")
    maintenance.delete()
    assert rows(cron, "SELECT * FROM cron.job ORDER BY jobid") == before
    assert rows(cron, "SELECT FROM cron.job_run_details WHERE return_message = '1 minute'") == []
    maintenance.delete()
    run(cron, "DROP SCHEMA other")


def past_run(cron: Database, name: str, age: str) -> None:
    run(
        cron,
        "INSERT INTO cron.job_run_details (jobid, username, status, return_message, start_time, end_time) "
        f"SELECT jobid, username, 'succeeded', '{age}', now() - interval '{age}', now() - interval '{age}' "
        f"FROM cron.job WHERE jobname = '{name}' AND username = 'ecosystem_owner'",
    )


def test_runs_of_ours_are_forgotten_after_a_week(manage: Manage, cron: Database, inputs: Inputs) -> None:
    run(cron, "SELECT cron.schedule('theirs', '0 0 1 1 *', 'SELECT 1')", cron.owner_url)
    manage("postgres:Maintenance").create(**inputs)
    for name, age in ((SEAL, "8 days"), (SEAL, "6 days"), ("theirs", "9 days")):
        past_run(cron, name, age)
    run(cron, jobs(cron)["agent-ecosystem public forget_runs"]["command"], cron.owner_url)
    left = rows(cron, "SELECT return_message FROM cron.job_run_details WHERE return_message LIKE '_ days' ORDER BY 1")
    assert [row["return_message"] for row in left] == ["6 days", "9 days"]


def test_another_login_makes_its_own_and_the_former_ones_go(manage: Manage, cron: Database, inputs: Inputs) -> None:
    maintenance = manage("postgres:Maintenance")
    maintenance.create(**inputs)
    maintenance.update(**{**inputs, "url": Secret(cron.admin_url)})
    assert {job["username"] for job in jobs(cron).values()} == {"postgres"}
    assert len(jobs(cron)) == 8


def test_a_superuser_sees_all_jobs_and_takes_its_own_alone(manage: Manage, cron: Database, inputs: Inputs) -> None:
    manage("postgres:Maintenance").create(**inputs)
    before = jobs(cron)
    superusers = manage("postgres:Maintenance", "superusers")
    superusers.create(**{**inputs, "url": Secret(cron.admin_url)})
    assert len(rows(cron, "SELECT FROM cron.job")) == 16
    superusers.delete()
    assert jobs(cron) == before


def test_a_new_password_makes_no_new_jobs(manage: Manage, cron: Database, inputs: Inputs) -> None:
    maintenance = manage("postgres:Maintenance")
    maintenance.create(**inputs)
    before = jobs(cron)
    run(cron, "ALTER ROLE ecosystem_owner PASSWORD 'another'")
    url = psycopg.conninfo.make_conninfo(cron.owner_url, password="another")
    try:
        maintenance.update(**{**inputs, "url": Secret(url)})
    finally:
        password = psycopg.conninfo.conninfo_to_dict(cron.owner_url)["password"]
        run(cron, f"ALTER ROLE ecosystem_owner PASSWORD '{password}'")
    assert jobs(cron) == before


def test_a_url_that_is_not_known_yet(manage: Manage, inputs: Inputs) -> None:
    maintenance = manage("postgres:Maintenance")
    unknown = {**inputs, "url": UNKNOWN}
    assert maintenance.preview_create(**unknown)["by"] == UNKNOWN
    assert maintenance.preview_create(**{**unknown, "wanted": "service"})["by"] == "service"
    assert maintenance.preview_create(**{**unknown, "wanted": "pg_cron"})["by"] == "pg_cron"
