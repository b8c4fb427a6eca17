"""The database's maintenance as jobs of pg_cron: a job a duty, all of the role that owns the tables.

Names tell whose they are: `agent-ecosystem SCHEMA DUTY`. A job belongs to the role that made it, and row level security
shows that role no others.
"""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from infra.backup_job.duties import EACH_HOUR, EACH_ROUND, FUNCTION, LOCK_TIMEOUT
from infra.provider.schema.identifiers import literal, quote

if TYPE_CHECKING:
    import psycopg

NAME: Final = "pg_cron"

Jobs = dict[str, dict[str, str]]
"""`schedule` and `command` by the job's name."""

FORGET = "forget_runs"
"""The job that is no duty: pg_cron itself keeps a row of every run for ever, and each minute has four."""
KEPT = "7 days"
OLDEST = (1, 5)
"""The version that knows seconds, and names of any length."""

_FACTS = """
SELECT extversion AS version, current_user::text AS login, current_database()::text AS database,
    has_schema_privilege(cron.oid, 'USAGE') AS may_enter,
    (SELECT bool_and(has_function_privilege(oid, 'EXECUTE')) FROM pg_proc
        WHERE pronamespace = cron.oid AND (proname, oidvectortypes(proargtypes))
            IN (('schedule', 'text, text, text'), ('unschedule', 'bigint'))) AS may_schedule,
    (SELECT bool_and(has_table_privilege(oid, 'SELECT')) FROM pg_class
        WHERE relnamespace = cron.oid AND relname IN ('job', 'job_run_details')) AS may_look,
    (SELECT has_table_privilege(oid, 'DELETE') FROM pg_class
        WHERE relnamespace = cron.oid AND relname = 'job_run_details') AS may_forget,
    EXISTS (SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'pg_cron scheduler') AS runs
FROM pg_extension CROSS JOIN pg_namespace AS cron
WHERE extname = 'pg_cron' AND nspname = 'cron'
"""
_GRANTS = {
    "may_enter": "GRANT USAGE ON SCHEMA cron TO {login}",
    "may_schedule": "GRANT EXECUTE ON FUNCTION cron.schedule(text, text, text), cron.unschedule(bigint) TO {login}",
    "may_look": "GRANT SELECT ON cron.job, cron.job_run_details TO {login}",
    "may_forget": "GRANT DELETE ON cron.job_run_details TO {login}",
}
_OURS = """
SELECT jobid, jobname::text AS name, schedule, command, active AND database = current_database() AS here
FROM cron.job WHERE username = current_user AND starts_with(jobname::text, %s) ORDER BY jobname
"""
"""A job that is switched off, or of a database that had this name before, is as good as none."""
_LAST_RUNS = """
WITH run AS (
    SELECT job.jobname::text AS name, run.status, run.return_message AS words, run.start_time AS begun, run.runid,
        rank() OVER (PARTITION BY run.jobid ORDER BY run.runid DESC) = 1 AS latest,
        rank() OVER (PARTITION BY run.status ORDER BY run.runid DESC) = 1 AND run.status = 'failed' AS last_failed
    FROM cron.job JOIN cron.job_run_details AS run USING (jobid)
    WHERE job.username = current_user AND starts_with(job.jobname::text, %s) AND run.status IN ('succeeded', 'failed')
)
SELECT * FROM run WHERE latest OR last_failed ORDER BY runid DESC
"""
"""The latest run of each job, and the last that failed of any."""


@dataclass(frozen=True)
class Found:
    """What there is of pg_cron in a database: why it can not be used, empty if it can, and the jobs of ours in it."""

    installed: bool
    why_not: str
    jobs: Jobs = field(default_factory=dict)


def prefix(schema: str) -> str:
    """Return how the names of our jobs for `schema` begin."""
    return f"agent-ecosystem {schema} "


def wanted(schema: str, round_seconds: int) -> Jobs:
    """Return the jobs that do the maintenance of `schema`; a round is as long as that, or a little less.

    >>> wanted("public", 60)["agent-ecosystem public seal"]
    {'schedule': '* * * * *', 'command': "SET lock_timeout = '10s'; SELECT public.maintain('seal')"}
    >>> [wanted("public", seconds)["agent-ecosystem public seal"]["schedule"] for seconds in (20, 300, 3600)]
    ['20 seconds', '*/5 * * * *', '0 * * * *']
    """
    due = dict.fromkeys(EACH_ROUND, _every(round_seconds))
    # Not all at once: making a partition waits for locks.
    due |= {duty: f"{5 * place} * * * *" for place, duty in enumerate(EACH_HOUR, start=1)}
    jobs = {
        f"{prefix(schema)}{duty}": {
            "schedule": schedule,
            "command": f"SET lock_timeout = {literal(LOCK_TIMEOUT)}; "
            f"SELECT {quote(schema)}.{FUNCTION}({literal(duty)})",
        }
        for duty, schedule in due.items()
    }
    forget = (
        "DELETE FROM cron.job_run_details WHERE coalesce(end_time, start_time) < now() - "  # noqa: S608 - our own words
        f"interval {literal(KEPT)} AND jobid IN (SELECT jobid FROM cron.job WHERE username = current_user "
        f"AND starts_with(jobname, {literal(prefix(schema))}))"
    )
    return {**jobs, f"{prefix(schema)}{FORGET}": {"schedule": f"{5 * len(EACH_HOUR) + 5} * * * *", "command": forget}}


def look(connection: "psycopg.Connection[dict[str, Any]]", schema: str) -> Found:
    """Look whether pg_cron can be used in this database, by this login, and what of ours is in it."""
    facts = connection.execute(_FACTS).fetchone()
    if facts is None:
        where = "as a superuser, in this database: CREATE EXTENSION pg_cron (the server has to preload it)"
        return Found(installed=False, why_not=f"pg_cron is not installed; {where}")
    if reason := _reason(facts):
        return Found(installed=True, why_not=reason)
    rows = connection.execute(_OURS, [prefix(schema)]).fetchall()
    jobs = {row["name"]: {"schedule": row["schedule"], "command": row["command"]} for row in rows if row["here"]}
    return Found(installed=True, why_not="", jobs=jobs)


def schedule(connection: "psycopg.Connection[dict[str, Any]]", schema: str, jobs: Jobs) -> None:
    """Have these jobs and no others of this schema; what is so already goes on undisturbed."""
    kept = set()
    for row in connection.execute(_OURS, [prefix(schema)]).fetchall():
        if row["here"] and jobs.get(row["name"]) == {"schedule": row["schedule"], "command": row["command"]}:
            kept.add(row["name"])
            continue
        connection.execute("DELETE FROM cron.job_run_details WHERE jobid = %s", [row["jobid"]])
        connection.execute("SELECT cron.unschedule(%s::bigint)", [row["jobid"]])
    for name in jobs.keys() - kept:
        connection.execute("SELECT cron.schedule(%s, %s, %s)", [name, jobs[name]["schedule"], jobs[name]["command"]])


def report(connection: "psycopg.Connection[dict[str, Any]]", schema: str) -> tuple[bool, str]:
    """Say whether jobs do the maintenance: each duty has one, whose latest run went well; and what went wrong last."""
    found = look(connection, schema)
    if found.why_not:
        return False, found.why_not
    if left := [duty for duty in (*EACH_ROUND, *EACH_HOUR) if f"{prefix(schema)}{duty}" not in found.jobs]:
        return False, f"no job of pg_cron does {', '.join(left)}: make refresh, then make up"
    runs = connection.execute(_LAST_RUNS, [prefix(schema)]).fetchall()
    if not runs:
        return True, f"{len(found.jobs)} jobs, none has run yet"
    words = f"{len(found.jobs)} jobs, the last run began {_moment(runs[0])}"
    for run in runs:
        if run["last_failed"]:
            words += f", the last that failed {_moment(run)}: {run['name']}: {' '.join((run['words'] or '').split())}"
    return not any(run["latest"] and run["status"] == "failed" for run in runs), words


def _reason(facts: dict[str, Any]) -> str:
    """Say why pg_cron can not be used, and what to do; nothing if it can."""
    version = tuple(map(int, re.findall(r"\d+", facts["version"])[:2]))
    if version < OLDEST:
        return f"pg_cron {facts['version']} is too old: 1.5 or later, then ALTER EXTENSION pg_cron UPDATE"
    login = quote(facts["login"])
    if lacks := [grant.format(login=login) for name, grant in _GRANTS.items() if not facts[name]]:
        return f"{facts['login']} may not use pg_cron; as a superuser, in this database: {'; '.join(lacks)}"
    if not facts["runs"]:
        settings = f"shared_preload_libraries = 'pg_cron', cron.database_name = {literal(facts['database'])}"
        return f"pg_cron is installed, and does not run in this database; in the server's settings: {settings}"
    return ""


def _every(seconds: int) -> str:
    minutes = seconds // 60
    if minutes == 0:
        return f"{seconds} seconds"
    return {1: "* * * * *", 60: "0 * * * *"}.get(minutes, f"*/{minutes} * * * *")


def _moment(run: dict[str, Any]) -> str:
    return f"{run['begun']:%Y-%m-%d %H:%M:%S %Z}" if run["begun"] else "at a moment not noted"
