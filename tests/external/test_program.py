"""What the program registers for an existing database: order, secrets, and what outlives the stack."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.plugin.values import Secret
from tests.unit.program import Graph, Refused, run

URL = "postgresql://postgres.ref:S3cret%2Fword@aws-0-eu.pooler.supabase.com:5432/app"
KEYS = {"s3AccessKey": "AKIA", "s3SecretKey": "S3-s3cret"}


def external(**config: Any) -> Graph:
    return run("prod", target="external", databaseUrl=URL, **config)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return external(s3Endpoint="https://s3.example.com", **KEYS)


def test_nothing_is_asked_of_the_postgresql_plugin(graph: Graph) -> None:
    assert [resource.type for resource in graph.resources.values() if "postgresql:" in resource.type] == []
    assert "Service postgres" not in graph.resources
    assert "Service object-store" not in graph.resources


@pytest.mark.parametrize(
    "later", ["Bucket backups", "Preparation preparation", "Schema schema", "Service backup-schedule"]
)
def test_everything_waits_for_the_preflight(graph: Graph, later: str) -> None:
    assert "Preflight preflight" in graph.comes_after(later)


def test_the_schema_waits_for_what_the_database_lacked(graph: Graph) -> None:
    assert "Preparation preparation" in graph.comes_after("Schema schema")


def test_the_login_owns_the_tables_and_the_reader_names_the_project(graph: Graph) -> None:
    assert graph["Schema schema"].inputs["owner"] == "postgres"
    configuration = graph["Service backup-schedule"].inputs["files"]["job.json"]
    assert isinstance(configuration, Secret)
    assert (
        "postgresql://backup.ref:generated@aws-0-eu.pooler.supabase.com:5432/app?sslmode=require" in configuration.value
    )


def test_urls_and_keys_are_secret(graph: Graph) -> None:
    for resource, name in (
        ("Preflight preflight", "url"),
        ("Preparation preparation", "url"),
        ("Preparation preparation", "backupPassword"),
        ("Schema schema", "url"),
        ("Bucket backups", "accessKey"),
        ("Bucket backups", "secretKey"),
    ):
        assert isinstance(graph[resource].inputs[name], Secret), (resource, name)
    assert isinstance(graph.outputs["url"], Secret)


def job_of(graph: Graph) -> dict[str, Any]:
    configuration: dict[str, Any] = json.loads(graph["Service backup-schedule"].inputs["files"]["job.json"].value)
    return configuration


def test_the_job_may_have_keys_of_its_own_and_the_bucket_denies_it_deletion(graph: Graph) -> None:
    assert job_of(graph)["s3_secret_key"] == "S3-s3cret"
    assert graph["Bucket backups"].inputs.get("policy") is None
    arn = "arn:aws:iam::123456789012:user/backup-job"
    own = external(s3JobAccessKey="AKIAJOB", s3JobSecretKey="J0b-s3cret", s3JobPrincipal=arn, **KEYS)
    assert (job_of(own)["s3_access_key"], job_of(own)["s3_secret_key"]) == ("AKIAJOB", "J0b-s3cret")
    assert own["Bucket backups"].inputs["secretKey"] == Secret("S3-s3cret")
    (statement,) = own["Bucket backups"].inputs["policy"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", {"AWS": arn})


def test_nothing_is_pruned_by_itself_without_keys_for_it(graph: Graph) -> None:
    assert "Service prune-schedule" not in graph.resources
    assert job_of(graph)["pruning"] is False
    arn = "arn:aws:iam::123456789012:user/prune"
    own = external(s3PruneAccessKey="AKIAPRUNE", s3PruneSecretKey="Prune-s3cret", s3PrunePrincipal=arn, **KEYS)
    file = own["Service prune-schedule"].inputs["files"]["prune.json"]
    assert isinstance(file, Secret)
    assert json.loads(file.value)["s3_secret_key"] == "Prune-s3cret"
    assert job_of(own)["pruning"] is True
    assert "Prune-s3cret" not in json.dumps(job_of(own))
    statements = own["Bucket backups"].inputs["policy"]["Statement"]
    assert {entry["Principal"]["AWS"] for entry in statements} == {arn}
    assert own.outputs["pruneSecretKey"] == Secret("Prune-s3cret")


def test_rows_and_tables_outlive_the_stack_unless_told_otherwise(graph: Graph) -> None:
    assert graph["Schema schema"].inputs["dropOnDelete"] is False
    assert graph["Seed realtime_channels"].retain
    dropped = external(dropOnDestroy="true", **KEYS)
    assert dropped["Schema schema"].inputs["dropOnDelete"] is True
    assert dropped["Preparation preparation"].inputs["dropOnDelete"] is True
    assert not dropped["Seed realtime_channels"].retain


def test_without_backups_there_is_no_bucket_no_schedule_and_no_reader() -> None:
    graph = external(backups="false")
    assert {"Bucket backups", "Service backup-schedule", "Password backup-password"} & graph.resources.keys() == set()
    assert graph["Preflight preflight"].inputs["backupRole"] == ""
    assert "bucket" not in graph.outputs


@pytest.fixture
def without_programs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is unpacked yet, and what the wheel brings fails as it does on a full disk."""
    folder = Path(tempfile.mkdtemp(prefix="ae-cache-", dir="/var/tmp" if os.getuid() == 0 else None))  # noqa: S108
    folder.chmod(0o755)  # the account that runs PostgreSQL has to reach it
    program = folder / "wheel" / "pg0" / "bin" / "pg0"
    program.parent.mkdir(parents=True)
    (program.parents[1] / "__init__.py").touch()
    program.write_text("#!/bin/sh\necho No space left on device >&2\nexit 1\n")
    monkeypatch.setenv("PYTHONPATH", str(folder / "wheel"))
    monkeypatch.setenv("AGENT_ECOSYSTEM_CACHE", str(folder / "cache"))
    try:
        yield
    finally:
        shutil.rmtree(folder)


@pytest.mark.usefixtures("without_programs")
def test_without_client_programs_there_are_no_backups_and_the_reason_is_said() -> None:
    with pytest.raises(Refused) as caught:
        external(**KEYS)
    assert str(caught.value).startswith("no client programs for backups: pg0 could not unpack PostgreSQL into ")
    assert str(caught.value).endswith(": No space left on device")
    assert "Service backup-schedule" not in external(backups="false").resources


def test_a_given_reader_is_used_as_it_is() -> None:
    graph = external(backupDatabaseUrl="postgresql://reader:R3ad@replica.example.com/app", **KEYS)
    assert "Password backup-password" not in graph.resources
    assert isinstance(graph["Preflight preflight"].inputs["backupUrl"], Secret)
    configuration = graph["Service backup-schedule"].inputs["files"]["job.json"].value
    assert "postgresql://reader:R3ad@replica.example.com:5432/app?sslmode=require" in configuration


def test_without_endpoint_and_keys_it_is_aws_with_the_surroundings_credentials() -> None:
    bucket = external(s3Region="eu-central-1")["Bucket backups"].inputs
    assert [bucket.get(name) for name in ("endpoint", "accessKey", "secretKey")] == [None, None, None]
    assert bucket["region"] == "eu-central-1"
