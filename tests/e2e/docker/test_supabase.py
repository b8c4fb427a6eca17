"""An image like Supabase's: its superuser, its roles and its configuration are respected."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import docker
import psycopg
import pytest

from tests.e2e.docker.conftest import MakeStack
from tests.e2e.docker.containers import ContainerStack, inspected
from tests.full_run import in_full

pytestmark = in_full

FOLDER = Path(__file__).parent / "supabase"


@pytest.fixture
def supabase(engine: docker.DockerClient) -> Iterator[str]:
    reference = f"test-{secrets.token_hex(3)}/supabase/postgres:17.0.0.1"
    engine.images.build(path=str(FOLDER), tag=reference, rm=True, forcerm=True)
    yield reference
    engine.images.remove(reference, force=True)


def test_it_runs_beside_what_the_image_brings(make_stack: MakeStack, supabase: str) -> None:
    stack = make_stack(postgresImage=supabase)
    stack.up()
    assert stack.outputs()["adminUrl"].startswith("postgresql://supabase_admin:")
    roles = stack.query("SELECT rolname, rolinherit FROM pg_roles WHERE rolname IN ('anon', 'agent') ORDER BY 1")
    assert roles == [{"rolname": "agent", "rolinherit": True}, {"rolname": "anon", "rolinherit": False}]
    file = stack.project.query("SHOW config_file", stack=stack.name, output="adminUrl")  # its superuser's to see
    assert file == [{"config_file": "/etc/postgresql/postgresql.conf"}]
    host = inspected(stack.container("postgres"))["HostConfig"]
    assert (host["CapDrop"], len(host["CapAdd"])) == (["ALL"], 5)
    assert "💾 good" in stack.make("status")
    stack.preview("--expect-no-changes", "--refresh")
    password_changes(stack)
    stack.pulumi("destroy", "--yes")
    assert stack.names() == set()


def password_changes(stack: ContainerStack) -> None:
    """Let the superuser's password change, with a slot like Realtime's: without the image's settings nothing starts."""
    before = stack.outputs()["adminUrl"]
    slot = "SELECT slot_name FROM pg_create_logical_replication_slot('realtime', 'pgoutput')"
    stack.project.query(slot, stack=stack.name, output="adminUrl")
    stack.query("SELECT register_agent('survivor', 'executor', '1.8.3')")
    stack.pulumi("config", "set", "passwordRotation", "2")
    stack.up()
    after = stack.outputs()["adminUrl"]
    assert after != before
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(before)
    slots = stack.project.query("SELECT slot_name FROM pg_replication_slots", stack=stack.name, output="adminUrl")
    assert slots == [{"slot_name": "realtime"}]
    assert stack.query("SELECT agent_id FROM agent_registry") == [{"agent_id": "survivor"}]
    assert stack.read("postgres", "superuser.password") in after
    assert stack.read("postgres", "superuser.password") not in stack.container("postgres").logs().decode()
    stack.preview("--expect-no-changes", "--refresh")
