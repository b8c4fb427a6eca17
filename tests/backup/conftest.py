"""A real object store, and the job as its users run it: a process with a settings file."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from infra import store_policies
from infra.backup_job import catalog, latest
from infra.backup_job.command_line import main
from infra.backup_job.database import Programs
from infra.backup_job.facts import database_identity
from infra.backup_job.manifest import Identity as DatabaseIdentity
from infra.backup_job.manifest import LatestPointer, Manifest
from infra.backup_job.names import Names
from infra.backup_job.settings import Settings, load
from infra.backup_job.store import ObjectStore as JobStore
from infra.embedded.account import Account
from infra.provider.s3.store import empty
from tests import forked
from tests.backup.held import children
from tests.backup.s3_server import BUCKET, GIVEN_STORE, S3Server, given_store, running_store
from tests.conftest import Database, Server, running_server

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A store with the bucket of the tests, which keeps no versions: what is written over is gone."""
    given = os.environ.get(GIVEN_STORE)
    with contextlib.nullcontext(given_store(given)) if given else running_store(BUCKET) as server:
        server.client.create_bucket(Bucket=BUCKET)
        yield server
        if given:  # it goes on: it is left as it was
            empty(server.client, BUCKET, locked=False)
            server.client.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def fragile_store() -> Iterator[S3Server]:
    """A store that is one test's alone."""
    with running_store(BUCKET) as server:
        server.client.create_bucket(Bucket=BUCKET)
        yield server


@pytest.fixture
def fragile_server(account: Account) -> Iterator[Server]:
    """A server that is one test's alone."""
    with running_server(account) as server:
        yield server


@dataclass
class Job:
    """The job of one database, with a prefix of its own in the bucket."""

    file: Path
    values: dict[str, Any]
    client: "S3Client"
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return load(self.file, {})

    @property
    def names(self) -> Names:
        return Names(self.values["prefix"])

    def set(self, **values: Any) -> None:
        """Change the settings file."""
        self.values.update(values)
        self.file.write_text(json.dumps(self.values))

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "BACKUP_CONFIG": str(self.file)}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "infra.backup_job", *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self.command(*arguments),
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def stop(self) -> None:
        """Kill what a failed test left running."""
        for process in self.started:
            for child in children(process):
                child.kill()
            process.kill()
            process.communicate()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return forked.run(main, arguments, folder=PROJECT, environment=self.environment)

    def good(self, *arguments: str) -> str:
        """Run a command that must succeed; return its standard output."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *arguments: str, code: int = 1) -> str:
        """Run a command that must fail with that exit code and one line; return that line."""
        done = self.run(*arguments)
        assert done.returncode == code, done.stderr + done.stdout
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith("error: "), done.stderr
        assert "Traceback" not in done.stderr
        return last

    def latest(self) -> LatestPointer | None:
        return latest.read(JobStore(self.settings), self.names)[0]

    def manifest(self) -> Manifest:
        """Return the manifest of the latest backup."""
        return catalog.find(JobStore(self.settings), self.names, "latest")

    def identity(self) -> DatabaseIdentity:
        """Return which database this is."""
        return database_identity(self.settings)

    def forge(self, **changes: Any) -> str:
        """Write another manifest over the latest backup's own, sealed as if the job had; return the stamp.

        It is what it is when a restore loses something without an error: manifest and dump disagree.
        """
        manifest = self.manifest()
        contents = manifest.contents.model_copy(update=changes)
        other = manifest.model_copy(update={"contents": contents, "schema_fingerprint": contents.fingerprint})
        key = self.names.manifest(manifest.stamp)
        self.client.put_object(Bucket=BUCKET, Key=key, Body=other.to_bytes())
        return manifest.stamp

    def objects(self) -> list[str]:
        """Return every visible key below the prefix, without the prefix."""
        prefix = self.values["prefix"] + "/"
        listed = self.client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return sorted(entry["Key"].removeprefix(prefix) for entry in listed)

    def open_uploads(self) -> int:
        return len(JobStore(self.settings).open_uploads(self.names.data_start))


_serial = count(1)


def job_values(server: Server, s3_server: S3Server, bucket: str, database: Database) -> dict[str, Any]:
    """Return the settings of a job, with the keys of its own identity."""
    distribution = server.cluster.distribution
    keys = s3_server.keys(store_policies.JOB)
    return {
        "stack": "test",
        "database_url": database.backup_url,
        "restore_url": server.url(),
        "s3_endpoint": s3_server.endpoint,
        "s3_bucket": bucket,
        "s3_access_key": keys.access_key,
        "s3_secret_key": keys.secret_key,
        "prefix": f"test-{next(_serial)}/backups",
        "pg_bin": str(distribution.root / "bin"),
        "pg_environment": {"LD_LIBRARY_PATH": distribution.environment()["LD_LIBRARY_PATH"]},
        "retry_seconds": 0.2,
        "jitter_seconds": 0,
    }


@pytest.fixture
def job(server: Server, s3_server: S3Server, database: Database, tmp_path: Path) -> Iterator[Job]:
    made = Job(tmp_path / "job.json", job_values(server, s3_server, BUCKET, database), s3_server.client)
    made.set()
    yield made
    made.stop()


def programs(job: Job) -> Programs:
    """Return PostgreSQL's programs as the job uses them."""
    return Programs(job.settings.pg_bin, job.settings.pg_environment)


@pytest.fixture
def filled(database: Database) -> Database:
    """The database with a schema of awkward things, as its owner made it."""
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute(f"ALTER DATABASE {database.name} SET search_path = public, extensions")
        owner.execute("SET search_path = public, extensions, pg_temp")
        owner.execute(Path(__file__).with_name("awkward.sql").read_text().encode())
    return database


@pytest.fixture
def restored(server: Server) -> Iterator[list[str]]:
    """A list for the names of databases that a test restores; they are dropped afterwards."""
    names: list[str] = []
    yield names
    with psycopg.connect(server.url(), autocommit=True) as admin:
        for name in names:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def big(filled: Database) -> Database:
    """The same with 40 MB that do not compress: several parts of an upload."""
    with psycopg.connect(filled.owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE public.big (id integer, body bytea STORAGE EXTERNAL)")
        for number in range(40):
            owner.execute("INSERT INTO public.big VALUES (%s, %b)", [number, os.urandom(1_000_000)])
    return filled
