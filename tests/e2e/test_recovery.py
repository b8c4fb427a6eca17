"""The state, its passphrase, or the secrecy of a credential is lost, while everything runs."""

import json
import secrets
import shutil

import psycopg
import pytest

from tests.e2e.project import Project
from tests.full_run import in_full


@in_full
def test_a_stack_survives_the_loss_of_its_passphrase_and_of_its_state(fresh: Project) -> None:
    fresh.make("up")
    fresh.query("SELECT register_agent('survivor', 'executor', '1.8.3')")

    (fresh.folder / ".state/passphrase").write_text(secrets.token_urlsafe(32))
    said = fresh.make("up", expect=2)
    assert "make recover STACK=dev ARGS=--give-up-state" in said
    fresh.make("recover", "ARGS=--give-up-state")
    assert list((fresh.folder / ".state/backend/.pulumi/set-aside/agent-ecosystem").glob("dev-*/dev.json"))
    fresh.preview("--expect-no-changes")
    assert fresh.query("SELECT agent_id FROM agent_registry") == [{"agent_id": "survivor"}]
    said = fresh.make("recover", expect=2)
    assert "the state of stack dev is there and can be read" in said

    shutil.rmtree(fresh.folder / ".state/backend")
    fresh.make("recover")
    fresh.preview("--expect-no-changes")
    assert fresh.query("SELECT agent_id FROM agent_registry") == [{"agent_id": "survivor"}]
    fresh.make("destroy", "YES=1")
    assert fresh.processes() == []
    assert fresh.data_folders() == []


def test_every_credential_and_key_changes_with_one_config_value(fresh: Project) -> None:
    fresh.make("up")
    before, job = fresh.outputs(), _job(fresh)
    fresh.pulumi("config", "set", "passwordRotation", "2")
    said = fresh.preview()
    assert all(f"Service {name} update [diff: ~rotation]" in said for name in ("postgres", "object-store"))
    fresh.make("up")
    fresh.preview("--expect-no-changes")
    for output in ("url", "adminUrl"):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(before[output])
        assert fresh.query("SELECT 1 AS one", output=output) == [{"one": 1}]
    renewed = {"database_url", "proof_url", "s3_access_key", "s3_secret_key"}
    assert {name for name, value in _job(fresh).items() if value != job[name]} == renewed
    fresh.make("backup")
    fresh.make("status")
    fresh.make("destroy", "YES=1")


def _job(project: Project) -> dict[str, object]:
    configuration: dict[str, object] = json.loads((project.folder / ".state/dev/backup/job.json").read_text())
    return configuration
