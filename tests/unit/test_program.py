"""What the program registers: which resources, after which others, what is secret, what is protected."""

from typing import Any

import pytest
from pyrage import x25519

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
