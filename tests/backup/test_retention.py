"""Grandfather, father, son: what stays over ten years, and what prune deletes."""

from datetime import UTC, datetime, timedelta

import psycopg

from infra import store_policies
from infra.backup_job.retention import Retention, kept
from tests.backup.conftest import Job
from tests.backup.s3_server import S3Server
from tests.conftest import Database

START = datetime(2016, 1, 1, 0, 17, tzinfo=UTC)
END = datetime(2025, 12, 31, 18, 17, tzinfo=UTC)
RETENTION = Retention(last=3, hourly=4, daily=7, weekly=5, monthly=12, yearly=10)


def test_ten_simulated_years_leave_the_expected_set() -> None:
    """A backup every six hours, pruned after each: the set is written down here by hand, not by the same rule."""
    moments: set[datetime] = set()
    moment = START
    while moment <= END:
        moments.add(moment)
        moments = set(kept(moments, RETENTION))
        assert moment in moments
        assert len(moments) >= min(3, (moment - START) // timedelta(hours=6) + 1)
        moment += timedelta(hours=6)

    def last_of(year: int, month: int, day: int) -> datetime:
        return datetime(year, month, day, 18, 17, tzinfo=UTC)

    hours = {END - timedelta(hours=6 * number) for number in range(4)}
    days = {last_of(2025, 12, day) for day in range(25, 32)}
    sundays = {last_of(2025, 12, day) for day in (7, 14, 21, 28)}  # the fifth week is the running one, of the 31st
    ends = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    months = {last_of(2025, number, day) for number, day in enumerate(ends, 1)}
    years = {last_of(year, 12, 31) for year in range(2016, 2026)}
    assert moments == hours | days | sundays | months | years


def test_a_long_silence_costs_no_backup() -> None:
    old = [START + timedelta(days=number) for number in range(3)]
    assert kept([*old, END], Retention(last=1, hourly=0, daily=4, weekly=0, monthly=0, yearly=0)) == {*old, END}


def test_prune_deletes_what_is_not_kept_and_never_the_latest(job: Job, s3_server: S3Server, database: Database) -> None:
    for _ in range(3):
        job.good("run")
    assert "prune needs keys of its own" in job.refused("prune")
    none = {"hourly": 0, "daily": 0, "weekly": 0, "monthly": 0, "yearly": 0}
    pruner = s3_server.keys(store_policies.PRUNER)
    keys = {"prune_access_key": pruner.access_key, "prune_secret_key": pruner.secret_key}
    job.set(retention={"last": 2, **none}, **keys)
    before = job.objects()
    assert "1 would go" in job.good("prune", "--dry-run")
    assert job.objects() == before
    assert "1 went" in job.good("prune")
    assert len(set(before) - set(job.objects())) == 4
    job.set(retention={"last": 1, **none})
    job.good("prune")
    pointer = job.latest()
    assert pointer is not None
    assert [key for key in job.objects() if key.startswith("manifests/")] == [
        pointer.manifest.key.removeprefix(job.values["prefix"] + "/")
    ]
    job.good("verify")
    with psycopg.connect(database.admin_url) as admin:
        assert admin.execute("SELECT 1").fetchone() == (1,)
