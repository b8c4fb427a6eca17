"""From nothing to a standing stack: what preview promises, what up makes, what a newcomer then has."""

import json
import re
import subprocess

import pytest
from botocore.exceptions import ClientError

from tests.e2e.project import Project

TABLES = (
    "agent_communication_logs",
    "agent_hierarchy",
    "agent_performance_history",
    "agent_registry",
    "agent_versions",
    "distributed_tasks",
    "realtime_channels",
)


def test_before_anything_exists_preview_lists_every_table(fresh: Project) -> None:
    fresh.pulumi("stack", "init", "dev")
    said = fresh.preview()
    for table in TABLES:
        assert re.search(rf"\+\s+pgstack:postgres:Table {table} create", said), said
    assert fresh.processes() == []


def test_after_up_preview_says_no_changes(standing: Project) -> None:
    said = standing.preview("--expect-no-changes")
    assert "to update" not in said
    assert "to create" not in said


def test_what_stands_is_what_the_seed_document_promises(standing: Project) -> None:
    tables = standing.query(
        "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
    )
    assert sorted(row["relname"] for row in tables) == list(TABLES)
    assert all(row["relrowsecurity"] and row["relforcerowsecurity"] for row in tables)
    channels = standing.query("SELECT channel_name FROM realtime_channels ORDER BY 1")
    assert [row["channel_name"] for row in channels] == [
        "agents.discovery",
        "agents.executor",
        "agents.heartbeat",
        "agents.indexing",
        "agents.orchestrator",
        "agents.research",
        "system.health",
        "tasks.distribution",
    ]
    versions = standing.query("SELECT agent_class, version FROM agent_versions ORDER BY 1")
    assert [(row["agent_class"], row["version"]) for row in versions] == [
        ("executor", "1.8.3"),
        ("indexing", "1.7.1"),
        ("orchestrator", "2.1.0"),
        ("research", "1.9.0"),
        ("test-system", "1.0.0"),
    ]


def test_the_report_reads_like_the_seed_documents(standing: Project) -> None:
    report = "\n".join(standing.outputs()["report"])
    for mark in ("✅", "🚀", "📊", "⚡", "📡", "📦"):
        assert mark in report
    for table in TABLES:
        assert table in report


def test_the_server_takes_scram_on_loopback_only(standing: Project) -> None:
    rows = standing.query("SELECT DISTINCT auth_method FROM pg_hba_file_rules", output="adminUrl")
    assert [row["auth_method"] for row in rows] == ["scram-sha-256"]
    listening = standing.query("SHOW listen_addresses")
    assert listening == [{"listen_addresses": "127.0.0.1"}]


def test_the_first_backup_lies_in_the_bucket_dated_and_latest(standing: Project) -> None:
    client, bucket = standing.s3(), standing.outputs()["bucket"]
    keys = [entry["Key"] for entry in client.list_objects_v2(Bucket=bucket)["Contents"]]
    client.close()
    assert "backups/schema/latest_schema_backup.sql" in keys
    assert "backups/data/latest_data_backup.dump.zst" in keys
    assert any(re.fullmatch(r"backups/schema/distributed_schema_backup_\d{8}_\d{6}\.sql", key) for key in keys)
    assert any(re.fullmatch(r"backups/data/distributed_data_backup_\d{8}_\d{6}\.dump\.zst", key) for key in keys)


def test_the_job_can_not_delete_what_it_wrote_and_prune_waits_for_the_lock(standing: Project) -> None:
    bucket = standing.outputs()["bucket"]
    for identity in ("backup", "prune"):
        client = standing.s3(identity)
        for version in client.list_object_versions(Bucket=bucket)["Versions"]:
            with pytest.raises(ClientError, match="AccessDenied"):
                client.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
        client.close()
    assert standing.make("prune").splitlines()[0].endswith("0 refused by the store")


def test_make_url_prints_the_connection_string_and_nothing_else(standing: Project) -> None:
    assert standing.make("url") == standing.outputs()["url"] + "\n"


def test_make_status_shows_the_live_report_and_the_last_backup(standing: Project) -> None:
    said = standing.make("status")
    assert "agent_registry" in said
    assert "💾" in said


def test_make_backup_and_restore_work(standing: Project) -> None:
    standing.make("backup")
    said = standing.make("restore")
    match = re.search(r"ecosystem_restored_\d{8}_\d{6}", said)
    assert match, said
    try:
        rows = standing.query("SELECT count(*) AS n FROM pg_database WHERE datname = %s", match[0], output="adminUrl")
        assert rows == [{"n": 1}]
    finally:
        standing.query(f'DROP DATABASE "{match[0]}"', output="adminUrl")


def test_backup_list_shows_the_backup(standing: Project) -> None:
    run = subprocess.run(
        ["python", "-m", "infra.backup_job", "list"],
        cwd=standing.folder,
        env=standing.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "latest" in run.stdout


def test_git_status_is_clean_after_up(standing: Project) -> None:
    """The salt pulumi writes into Pulumi.dev.yaml is kept out of git."""
    assert "encryptionsalt" in (standing.folder / "Pulumi.dev.yaml").read_text()
    for command in (["add", "--all"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "-m", "t"]):
        subprocess.run(["git", *command], cwd=standing.folder, check=True)
    committed = subprocess.run(
        ["git", "show", "HEAD:Pulumi.dev.yaml"], cwd=standing.folder, capture_output=True, text=True, check=True
    )
    assert "encryptionsalt" not in committed.stdout
    standing.up()
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=standing.folder, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""


def test_no_secret_is_in_state_previews_logs_or_arguments(standing: Project) -> None:
    outputs = standing.outputs()
    configuration = json.loads((standing.folder / ".state/dev/backup/job.json").read_text())
    secrets = {
        *(re.findall(r"://[^:]+:([^@]+)@", outputs["url"] + outputs["adminUrl"] + configuration["database_url"])),
        *(standing.identity(name).secret_key for name in ("administrator", "backup", "prune")),
        (standing.folder / ".state/passphrase").read_text(),
    }
    assert configuration["s3_secret_key"] in secrets
    pruner = standing.folder / ".state/dev/prune/prune.json"
    assert json.loads(pruner.read_text())["s3_secret_key"] == standing.identity("prune").secret_key
    assert pruner.stat().st_mode & 0o777 == 0o600
    assert standing.identity("prune").secret_key not in json.dumps(configuration)
    assert len(secrets) == 7
    logs = [path for place in standing.places() for path in place.rglob("*.log")]
    texts = {
        "state": standing.state(),
        "preview": standing.preview("--diff"),
        "outputs": standing.pulumi("stack", "output", "--json"),
        "arguments": json.dumps([process.cmdline() for process in standing.processes()]),
        **{str(path): path.read_text(errors="replace") for path in logs},
    }
    assert len(logs) >= 3
    leaks = [where for where, text in texts.items() for secret in secrets if secret in text]
    assert leaks == []
