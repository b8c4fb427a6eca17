"""A dump of an older major version becomes the same database on the newest: by the job's own restore and comparison."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.backup_job.facts import digest
from infra.embedded.account import Account
from tests.backup.aged import NAME, aged, at
from tests.backup.conftest import Job, job_values
from tests.backup.s3_server import BUCKET, S3Server
from tests.backup.test_round_trip import content
from tests.conftest import Database, Server
from tests.schema.engine.other_servers import OtherServer

NOT_OF_THE_DATABASE = re.compile(r"^(-- Dumped (from|by) .*|\\(un)?restrict \w+)\n", re.MULTILINE)
"""The versions, and pg_dump's word for psql, which is another one every time."""


@pytest.fixture(scope="module", params=[15, 17])
def older(request: pytest.FixtureRequest, account: Account) -> Iterator[OtherServer]:
    """A server of an older version with a filled database: 15 is Debian's own, 17 is there where npm has it."""
    with aged(request.param, account) as server:
        yield server


@pytest.fixture
def moving(older: OtherServer, server: Server, s3_server: S3Server, tmp_path: Path) -> Iterator[Job]:
    """The job of the older server's database, which proves on the newest server and restores there."""
    url = at(older)
    database = Database(NAME, url, older.as_owner(NAME), url)
    job = Job(tmp_path / "job.json", job_values(server, s3_server, BUCKET, database), s3_server.client)
    job.set(proof_url=server.url())
    yield job
    job.stop()


def dump(job: Job, url: str) -> list[str]:
    """Return the lines of the database as pg_dump of the newest version writes it, without what names versions.

    Where a cast stands in `x IN (…)` a restore words anew, on any version: such lines are the same to `digest`. Before
    16 columns of a view over one table are written with its name.
    """
    settings = job.settings
    command = [str(settings.pg_bin / "pg_dump"), f"--dbname={url}"]
    environment = {**os.environ, **settings.pg_environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    lines = NOT_OF_THE_DATABASE.sub("", done.stdout).replace('"Odd Näme".', "").splitlines()
    return [digest(line) if "::character varying" in line else line for line in lines]


def test_it_is_proven_and_restored_on_the_newest_version(
    moving: Job, older: OtherServer, server: Server, restored: list[str]
) -> None:
    moving.good("run")
    manifest = moving.manifest()
    assert manifest.server.major == older.major
    assert manifest.proof is not None
    assert manifest.proof.method == "restore"
    assert manifest.proof.server is not None
    assert manifest.proof.server.startswith("18")
    restored.append(moving.good("restore").strip().rpartition("/")[2])
    target = server.url(restored[0])
    before = content(at(older))
    assert before["child"][0] == 90
    assert content(target) == before
    assert dump(moving, target) == dump(moving, at(older))
    with psycopg.connect(target) as connection:
        assert connection.execute("SELECT counted()").fetchone() == (90,)
        changed = "UPDATE \"Odd Näme\" SET document = '[1]' WHERE id = 1 RETURNING label"
        assert connection.execute(changed).fetchone() == ("touched",)


def test_a_lost_row_is_noticed_across_versions(moving: Job) -> None:
    moving.good("run")
    stamp = moving.forge(rows={**moving.manifest().contents.rows, "public.child": 91})
    assert "public.child has 90 rows of 91" in moving.refused("restore", "--at", stamp)
