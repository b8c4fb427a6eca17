"""The state or its passphrase is lost, while everything it knew of still runs."""

import secrets
import shutil

from tests.e2e.project import Project


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
