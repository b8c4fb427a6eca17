"""What the program registers: which resources, after which others, what is secret, what is protected."""

import json
from typing import Any

import pytest
from pyrage import x25519

from infra.backup_job.retention import Retention
from infra.backup_job.store_settings import PrunerSettings
from infra.plugin.values import Secret, holds_secret
from infra.provider.s3.recent_backup import RecentBackup
from infra.settings import PROJECT_FOLDER
from tests.unit.program import Graph, Refused, run

PRODUCTION: dict[str, Any] = {"environment": "production", "protect": True}
COMPONENTS = {
    "PostgresInstance postgres": {"Service postgres"},
    "DatabaseAccess access": {
        *(f"Role {name}" for name in ("anon", "authenticated", "service_role", "agent", "orchestrator", "observer")),
        "Role maintenance",
        *("Role ecosystem_owner", "Role backup", "Password ecosystem_owner-password", "Password backup-password"),
        *("postgresql server", "Database database", "Schema extensions"),
        *(f"Extension {name}" for name in ("uuid-ossp", "vector", "pg_trgm")),
    },
    "BackupStore store": {"Service object-store", "Bucket backups"},
    "EcosystemSchema schema": {
        "Schema schema",
        "Seed agent_versions",
        "Seed realtime_channels",
        "Verification verification",
    },
    "BackupJob backup": {"Service backup-schedule", "Service prune-schedule"},
}
DATA = {"Service postgres", "Database database", "Schema schema", "Service object-store", "Bucket backups"}


@pytest.fixture(scope="module")
def dev() -> Graph:
    return run()


@pytest.fixture
def strong_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "a8Hq0dV2mPz7TtRw")


def test_every_resource_is_in_its_component_under_its_name(dev: Graph) -> None:
    found: dict[str, set[str]] = {}
    for name, resource in dev.resources.items():
        found.setdefault(resource.parent or "the stack", set()).add(name)
    assert found == {"the stack": set(COMPONENTS), **COMPONENTS}


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        ("Role agent", "Service postgres"),
        ("Role backup", "Role maintenance"),  # it is a member of that
        ("Database database", "Role observer"),  # a role can only be dropped after the database with its grants
        ("Extension vector", "Schema extensions"),
        ("Schema schema", "Extension vector"),
        ("Schema schema", "Bucket backups"),  # a change that loses data is to take a backup first
        ("Seed agent_versions", "Schema schema"),
        ("Verification verification", "Seed realtime_channels"),
        ("Service backup-schedule", "Verification verification"),
        ("Service backup-schedule", "Bucket backups"),
        ("Service backup-schedule", "Role backup"),
        ("Service prune-schedule", "Service backup-schedule"),
    ],
)
def test_what_is_needed_comes_before(dev: Graph, later: str, earlier: str) -> None:
    assert earlier in dev.comes_after(later)


def test_nothing_waits_for_what_it_does_not_need(dev: Graph) -> None:
    assert dev.comes_after("Service postgres") == {"PostgresInstance postgres"}
    assert dev.comes_after("Bucket backups") == {"BackupStore store", "Service object-store"}


def test_what_is_inside_the_server_goes_with_it(dev: Graph) -> None:
    inside = {name for name, resource in dev.resources.items() if resource.deleted_with == "Service postgres"}
    in_server = {name for name in dev.resources if name.split()[0] in {"Role", "Database", "Extension", "Seed"}}
    assert inside == in_server | {"Schema extensions", "Verification verification"}


@pytest.mark.parametrize(
    ("resource", "inputs"),
    [
        ("Role ecosystem_owner", {"password"}),
        ("Role backup", {"password"}),
        ("postgresql server", {"username", "password"}),
        ("Bucket backups", {"accessKey", "secretKey"}),
        ("Schema schema", {"url"}),
        ("Seed agent_versions", {"url"}),
        ("Verification verification", {"url"}),
        ("Service backup-schedule", {"files"}),
        ("Service prune-schedule", {"files"}),
    ],
)
def test_secrets_are_secret_and_nothing_else_is(dev: Graph, resource: str, inputs: set[str]) -> None:
    assert {name for name, value in dev[resource].inputs.items() if holds_secret(value)} == inputs


def test_no_password_stands_anywhere_in_clear(dev: Graph) -> None:
    shown = repr([resource.inputs for resource in dev.resources.values()]) + repr(dev.outputs)
    assert not [secret for secret in ("generated", "pw", "SK") if secret in shown.replace("pgstack", "")]


def test_keys_of_encryption_and_the_webhook_stand_nowhere_in_clear() -> None:
    identity = x25519.Identity.generate()
    graph = run(
        backupFailureWebhook="https://hooks.example.org/T0ken",
        backupEncryptionRecipients=str(identity.to_public()),
        backupEncryptionIdentity=str(identity),
    )
    shown = repr([resource.inputs for resource in graph.resources.values()]) + repr(graph.outputs)
    assert not [secret for secret in ("T0ken", str(identity), "prune-SK", "backup-SK") if secret in shown]
    told = graph["Service prune-schedule"].inputs["files"]["prune.json"].value
    assert "T0ken" in told
    assert str(identity) not in told  # pruning reads no backup


def test_outputs(dev: Graph) -> None:
    assert dev.outputs == {
        "url": Secret("postgresql://ecosystem_owner:generated@127.0.0.1:15432/ecosystem"),
        "adminUrl": Secret("postgresql://postgres:pw@127.0.0.1:15432/postgres"),
        "s3Endpoint": "http://127.0.0.1:15432",
        "bucket": "agent-ecosystem-dev-backups",
        "pruneAccessKey": Secret("prune-AK"),
        "pruneSecretKey": Secret("prune-SK"),
        "schema": "public",
        "report": ["fine"],
        "maintenanceBy": "service",
    }


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


def test_the_bucket_is_locked_and_its_policy_denies_deletion_to_the_job(dev: Graph) -> None:
    bucket = dev["Bucket backups"].inputs
    assert bucket["objectLockDays"] == 7
    job, writes, others = bucket["policy"]["Statement"]
    assert (job["Effect"], job["Principal"]) == ("Deny", {"AWS": "arn:aws:iam::000000000000:user/backup"})
    assert "s3:Delete*" in job["Action"]
    for pruner in (writes, others):
        assert (pruner["Effect"], pruner["Principal"]) == ("Deny", {"AWS": "arn:aws:iam::000000000000:user/prune"})
    assert writes["Action"] == ["s3:PutObject"]
    assert writes["NotResource"] == ["arn:aws:s3:::agent-ecosystem-dev-backups/backups/prune.json"]
    assert {resource for entry in (job, others) for resource in entry["Resource"]} == {
        "arn:aws:s3:::agent-ecosystem-dev-backups",
        "arn:aws:s3:::agent-ecosystem-dev-backups/*",
    }
    assert run(backupLockDays=0)["Bucket backups"].inputs["objectLockDays"] == 0


def test_a_development_stack_is_not_protected(dev: Graph) -> None:
    assert not [name for name, resource in dev.resources.items() if resource.protect]


@pytest.mark.parametrize("environment", ["development", "staging", "production"])
@pytest.mark.usefixtures("strong_passphrase")
def test_protect_guards_what_holds_data_in_any_stack(environment: str) -> None:
    graph = run("live", environment=environment, protect=True)
    assert {name for name, resource in graph.resources.items() if resource.protect} == DATA


def test_the_bucket_is_private_unless_somebody_says_otherwise(dev: Graph) -> None:
    assert dev["Bucket backups"].inputs["blockPublicAccess"] is True
    assert run(blockPublicAccess=False)["Bucket backups"].inputs["blockPublicAccess"] is False


def test_kept_backups_outlive_the_stack() -> None:
    graph = run(keepBackupsOnDestroy=True)
    assert graph["Service object-store"].inputs["keepData"] is True
    bucket = graph["Bucket backups"]
    assert (bucket.deleted_with, bucket.inputs["forceDestroy"], bucket.inputs["retainOnDelete"]) == (None, False, True)


@pytest.mark.usefixtures("strong_passphrase")
def test_in_production_the_schema_waits_for_the_look_at_the_latest_backup() -> None:
    graph = run("live", **PRODUCTION, backupMaxAgeHours=5)
    assert {"RecentBackup recent-backup", "Bucket backups"} <= graph.comes_after("Schema schema")
    guard = graph["RecentBackup recent-backup"]
    assert guard.inputs["maxAgeHours"] == 5
    assert {name for name, value in guard.inputs.items() if holds_secret(value)} == RecentBackup.secrets
    assert guard.inputs["preview"] is False
    assert run("live", preview=True, **PRODUCTION)["RecentBackup recent-backup"].inputs["preview"] is True


def test_other_stacks_do_without_that_look(dev: Graph) -> None:
    assert "RecentBackup recent-backup" not in dev.resources


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"target": "cloud"}, "configuration key agent-ecosystem:target = 'cloud'"),
        ({"environment": "production"}, "production: configuration key agent-ecosystem:protect = False"),
        (PRODUCTION | {"blockPublicAccess": False}, "production: configuration key agent-ecosystem:blockPublicAccess"),
    ],
)
@pytest.mark.usefixtures("strong_passphrase")
def test_a_refused_configuration_registers_nothing(config: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as refused:
        run("live", **config)
    assert str(refused.value).startswith(said)
    assert len(str(refused.value).splitlines()) == 1


def test_a_stack_has_folders_and_a_bucket_of_its_own(dev: Graph) -> None:
    other = run("other")
    for name in ("Service postgres", "Service object-store", "Service backup-schedule", "Service prune-schedule"):
        assert dev[name].inputs["folder"] != other[name].inputs["folder"]
        assert "other" in other[name].inputs["folder"]
    assert other["Bucket backups"].inputs["bucket"] == "agent-ecosystem-other-backups"


def test_further_seed_files_are_resources_of_their_own() -> None:
    graph = run(seeds=["sql/seeds-ours/fleet.yaml"])
    assert graph["Seed fleet"].inputs["file"] == "sql/seeds-ours/fleet.yaml"
    assert (PROJECT_FOLDER / graph["Seed agent_versions"].inputs["file"]).is_file()


def test_a_schema_of_another_name_is_made_and_usable() -> None:
    graph = run(schema="ecosystem")
    assert "Schema ecosystem" in graph.comes_after("Schema schema")
    assert graph["Schema schema"].inputs["schemaName"] == "ecosystem"
    granted = {policy["role"] for policy in graph["Schema ecosystem"].inputs["policies"]}
    groups = {"anon", "authenticated", "service_role", "agent", "orchestrator", "observer", "maintenance"}
    assert granted == groups | {"backup"}
