"""What the program tells the backup job and its pruner, and whom it has do the maintenance."""

import json
from typing import Any

import pytest
from pyrage import x25519

from infra.backup_job.retention import Retention
from infra.backup_job.store_settings import PrunerSettings
from infra.plugin.values import Secret, holds_secret
from infra.settings import PROJECT_FOLDER
from tests.unit.program import Graph, run


def test_the_job_has_keys_of_its_own_and_no_others(dev: Graph) -> None:
    assert dev["Bucket backups"].inputs["secretKey"] == Secret("SK")
    job = json.loads(dev["Service backup-schedule"].inputs["files"]["job.json"].value)
    assert (job["s3_access_key"], job["s3_secret_key"]) == ("backup-AK", "backup-SK")
    assert [name for name in job if "prune" in name] == []
    assert set(dev["Service object-store"].inputs["identities"]) == {"backup", "prune"}


def test_the_pruner_has_its_own_keys_and_knows_no_database(dev: Graph) -> None:
    file = dev["Service prune-schedule"].inputs["files"]["prune.json"].value
    pruner = json.loads(file)
    assert (pruner["s3_access_key"], pruner["s3_secret_key"]) == ("prune-AK", "prune-SK")
    assert "postgresql://" not in file
    assert PrunerSettings.model_validate(pruner).retention == Retention()
    job = json.loads(dev["Service backup-schedule"].inputs["files"]["job.json"].value)
    assert job["pruning"] is True
    assert "prune-" not in json.dumps(job)


def test_retention_is_as_configured_for_both_and_pruning_can_be_left_out() -> None:
    graph = run(backupRetention={"last": 2, "yearly": 0}, backupPrune=False)
    assert "Service prune-schedule" not in graph.resources
    job = json.loads(graph["Service backup-schedule"].inputs["files"]["job.json"].value)
    assert (job["pruning"], job["retention"]["last"], job["retention"]["yearly"]) == (False, 2, 0)


def test_the_job_is_told_whom_to_encrypt_for(dev: Graph) -> None:
    plain = json.loads(dev["Service backup-schedule"].inputs["files"]["job.json"].value)
    assert (plain["encryption_recipients"], plain["encryption_identity"]) == ([], None)
    identity = x25519.Identity.generate()
    graph = run(backupEncryptionRecipients=str(identity.to_public()), backupEncryptionIdentity=str(identity))
    files = graph["Service backup-schedule"].inputs["files"]
    assert isinstance(files["job.json"], Secret)
    job = json.loads(files["job.json"].value)
    assert job["encryption_recipients"] == [str(identity.to_public())]
    assert job["encryption_identity"] == str(identity)


def test_the_job_knows_webhook_and_mirror() -> None:
    graph = run(backupFailureWebhook="https://hooks.example.org/x", backupMirror="mirror")
    job = json.loads(graph["Service backup-schedule"].inputs["files"]["job.json"].value)
    assert job["failure_webhook"] == "https://hooks.example.org/x"
    assert job["mirror"] == str(PROJECT_FOLDER / "mirror")


def test_the_job_knows_when_to_give_up(dev: Graph) -> None:
    limits = {"run_limit_seconds": 48 * 3600, "silence_seconds": 30, "store_timeout_seconds": 5}
    graph = run(backupRunLimitHours=48, backupSilenceSeconds=30, backupStoreTimeoutSeconds=5)
    job = json.loads(graph["Service backup-schedule"].inputs["files"]["job.json"].value)
    assert {key: job[key] for key in limits} == limits
    usual = json.loads(dev["Service backup-schedule"].inputs["files"]["job.json"].value)
    assert [usual[key] for key in limits] == [24 * 3600, 300, 60]


EXTERNAL: dict[str, Any] = {"target": "external", "databaseUrl": "postgresql://u:p@h/app"}


def seconds(graph: Graph) -> Any:
    return json.loads(graph["Service backup-schedule"].inputs["files"]["job.json"].value)["maintenance_seconds"]


def test_an_embedded_server_has_no_pg_cron_so_nobody_looks_for_it(dev: Graph) -> None:
    assert "Maintenance maintenance" not in dev.resources
    assert seconds(dev) == 60
    assert run(maintenanceSeconds=0).outputs["maintenanceBy"] == "others"


def test_the_job_does_the_maintenance_unless_pg_cron_does() -> None:
    by_service = run(**EXTERNAL, maintenanceSeconds=20)
    maintenance = by_service["Maintenance maintenance"]
    assert {name for name, value in maintenance.inputs.items() if holds_secret(value)} == {"url"}
    given = {name: maintenance.inputs[name] for name in ("schemaName", "wanted", "roundSeconds")}
    assert given == {"schemaName": "public", "wanted": "auto", "roundSeconds": 20}
    assert (maintenance.parent, maintenance.retain) == (
        "EcosystemSchema schema",
        False,
    )  # jobs do not outlive the stack
    assert (seconds(by_service), by_service.outputs["maintenanceBy"]) == (20, "service")
    by_pg_cron = run(**EXTERNAL, maintenanceBy="pg_cron")
    assert (seconds(by_pg_cron), by_pg_cron.outputs["maintenanceBy"]) == (0, "pg_cron")
    assert "Schema schema" in by_pg_cron.comes_after("Maintenance maintenance")
    assert "Maintenance maintenance" in by_pg_cron.comes_after("Service backup-schedule")


def test_a_job_that_runs_elsewhere_leaves_the_maintenance_to_pg_cron_as_well() -> None:
    graph = run(**EXTERNAL, backupRunner="elsewhere", maintenanceBy="pg_cron")
    assert json.loads(graph.outputs["backupJob"].value)["maintenance_seconds"] == 0


def test_pg_cron_needs_no_backups() -> None:
    assert run(**EXTERNAL, backups=False, maintenanceBy="pg_cron").outputs["maintenanceBy"] == "pg_cron"
    assert run(**EXTERNAL, backups=False).outputs["maintenanceBy"] == "others"


def test_without_rounds_pg_cron_is_left_alone() -> None:
    graph = run(**EXTERNAL, maintenanceSeconds=0)
    assert graph["Maintenance maintenance"].inputs["wanted"] == "service"
    assert (seconds(graph), graph.outputs["maintenanceBy"]) == (0, "others")


SECOND: dict[str, Any] = {
    "backupSecondBucket": "elsewhere",
    "backupSecondEndpoint": "https://s3.second.example",
    "backupSecondRegion": "eu-west-1",
    "backupSecondAccessKey": "second-AK",
    "backupSecondSecretKey": "second-S3cret",
}


@pytest.mark.parametrize("target", ["embedded", "external"])
def test_the_job_alone_knows_the_second_destination_and_nothing_of_it_is_made(target: str) -> None:
    graph = run(**SECOND, **(EXTERNAL if target == "external" else {}))
    files = graph["Service backup-schedule"].inputs["files"]
    assert isinstance(files["job.json"], Secret)
    job = json.loads(files["job.json"].value)
    assert {key: value for key, value in job.items() if key.startswith("second_")} == {
        "second_bucket": "elsewhere",
        "second_endpoint": "https://s3.second.example",
        "second_region": "eu-west-1",
        "second_access_key": "second-AK",
        "second_secret_key": "second-S3cret",
    }
    assert [name for name in graph.resources if name.startswith("Bucket ")] == ["Bucket backups"]
    shown = repr([resource.inputs for resource in graph.resources.values()]) + repr(graph.outputs)
    assert "second-S3cret" not in shown
    if target == "embedded":
        assert "second_" not in graph["Service prune-schedule"].inputs["files"]["prune.json"].value


def test_without_a_second_destination_the_job_is_told_of_none(dev: Graph) -> None:
    assert '"second_' not in dev["Service backup-schedule"].inputs["files"]["job.json"].value
