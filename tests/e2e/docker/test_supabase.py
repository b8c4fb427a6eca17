"""An image like Supabase's: its superuser, its roles and its configuration are respected."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.e2e.docker.conftest import MakeStack, in_full
from tests.e2e.docker.containers import inspected

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
    stack.pulumi("destroy", "--yes")
    assert stack.names() == set()
