"""Whether jobs of pg_cron run for this login: tried, because nothing else tells.

By default pg_cron logs in for each job, as the job's owner and without a password. Whether the server lets it in is in
settings that only superusers see.
"""

import time
from threading import Event

from infra.provider.postgres.database import opened
from infra.provider.postgres.pg_cron import prefix
from infra.provider.schema.identifiers import literal

PATIENCE = 30.0
"""Seconds that a job which is due each second may keep us waiting."""
PAUSE = 0.1
ADVICE = (
    "in the server's settings: cron.use_background_workers = on, or a pg_hba.conf that trusts the jobs' owner from "
    "localhost; an update with maintenanceBy = pg_cron tries again"
)

_THERE = "SELECT jobid FROM cron.job WHERE jobid = %s"
_FAILED = "SELECT return_message FROM cron.job_run_details WHERE jobid = %s AND status = 'failed'"


def tried(url: str, schema: str, cancelled: Event) -> str:
    """Have pg_cron run a job that takes itself away; say why it did not, nothing if it did.

    Args:
        url: of the login whose jobs they will be, which may use pg_cron.
        schema: whose maintenance it is about.
        cancelled: set when there is no use in waiting any longer.
    """
    name = f"{prefix(schema)}trial"
    takes_itself_away = (
        f"SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname = {literal(name)} AND username = current_user"  # noqa: S608
    )
    latest = time.monotonic() + PATIENCE
    with opened(url) as connection:
        job = connection.execute("SELECT cron.schedule(%s, '1 seconds', %s)", [name, takes_itself_away]).fetchone()
        try:
            while connection.execute(_THERE, job).fetchone():
                if failed := connection.execute(_FAILED, job).fetchone():
                    return f"its jobs fail ({' '.join(failed[0].split())}); {ADVICE}"
                if time.monotonic() > latest or cancelled.wait(PAUSE):
                    return f"a job that is due each second had not run after {PATIENCE:g} s"
            return ""
        finally:
            connection.execute("SELECT cron.unschedule(jobid) FROM cron.job WHERE jobid = %s", job)
            connection.execute("DELETE FROM cron.job_run_details WHERE jobid = %s", job)
