"""What becomes of creates that a killed engine did not finish."""

import json
from typing import Any

import psycopg
import pytest

from tests.bootstrap.conftest import Clone
from tests.conftest import Server
from tools.bootstrap.interrupted_creates import PendingCreate, plan_repair

PREFIX = "urn:pulumi:dev::agent-ecosystem::"

PROGRAM = """
import os, pulumi, pulumi_postgresql as postgresql
provider = postgresql.Provider("server", host="127.0.0.1", port=int(os.environ["SERVER_PORT"]), username="postgres",
                               password=os.environ["SERVER_PASSWORD"], sslmode="disable")
for name in os.environ.get("ROLES", "").split():
    postgresql.Role(name, name=name, login=True, opts=pulumi.ResourceOptions(provider=provider))
"""


def resource(type_: str, name: str, /, **inputs: object) -> dict[str, Any]:
    return {"urn": f"{PREFIX}{type_}::{name}", "type": type_, "custom": True, "inputs": inputs}


def export(*creating: dict[str, Any], resources: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    operations = [{"type": "creating", "resource": each} for each in creating]
    return {"version": 3, "deployment": {"resources": resources or [], "pending_operations": operations}}


@pytest.mark.parametrize(
    ("type_", "inputs", "provider_id"),
    [
        ("postgresql:index/role:Role", {"name": "owner"}, "owner"),
        ("postgresql:index/database:Database", {"name": "eco"}, "eco"),
        ("postgresql:index/extension:Extension", {"name": "vector", "database": "eco"}, "eco.vector"),
        ("postgresql:index/schema:Schema", {"name": "extensions", "database": "eco"}, "eco.extensions"),
        ("postgresql:index/extension:Extension", {"name": "vector"}, None),
        ("postgresql:index/grant:Grant", {"name": "x", "database": "eco"}, None),
        ("docker:index/container:Container", {"name": "x"}, None),
    ],
)
def test_the_id_follows_from_the_inputs(type_: str, inputs: dict[str, str], provider_id: str | None) -> None:
    assert PendingCreate(resource(type_, "any", **inputs)).provider_id == provider_id


def test_each_is_adopted_looked_up_or_named() -> None:
    role = resource("postgresql:index/role:Role", "owner", name="owner")
    service = resource("pgstack:local:Service", "postgres")
    volume = resource("docker:index/volume:Volume", "data", name="data")
    grant = resource("postgresql:index/grant:Grant", "job", role="job")
    repair = plan_repair(export(role, service, volume, grant))
    assert [create.name for create in repair.forgotten] == ["postgres", "data"]
    assert [create.name for create in repair.looked_up] == ["owner"]
    assert [create.name for create in repair.unknown] == ["job"]
    assert repair.state["deployment"] == {"resources": [{**role, "id": "owner", "outputs": {"name": "owner"}}]}
    assert repair.state_without["deployment"] == {"resources": []}


def test_an_interrupted_replacement_begins_again() -> None:
    role = resource("postgresql:index/role:Role", "owner", name="new")
    repair = plan_repair(export(role, resources=[{**role, "id": "old"}]))
    assert repair.state["deployment"]["resources"] == [{**role, "id": "old"}]
    assert not repair.looked_up


def test_nothing_pending_nothing_done() -> None:
    repair = plan_repair({"version": 3, "deployment": {"manifest": {}}})
    assert [*repair.forgotten, *repair.looked_up, *repair.unknown] == []


@pytest.mark.e2e
@pytest.mark.server
def test_a_role_that_was_made_is_taken_over_and_one_that_was_not_is_made(clone: Clone, server: Server) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE ROLE interrupted_there")
        try:
            _interrupt_and_mend(clone, server)
            roles = connection.execute("SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname ~ '^interrupted_'")
            assert sorted(roles) == [("interrupted_absent", True), ("interrupted_there", True)]
        finally:
            for name in ("interrupted_there", "interrupted_absent"):
                connection.execute(f"DROP ROLE IF EXISTS {name}")


def _interrupt_and_mend(clone: Clone, server: Server) -> None:
    clone.environment.update(SERVER_PORT=str(server.port), SERVER_PASSWORD=server.password)
    (clone.root / "__main__.py").write_text(PROGRAM)
    stack = clone.stack()
    stack.select()
    assert stack.run("up", "--yes", "--skip-preview") == 0
    state = json.loads(clone.run("pulumi", "stack", "export"))
    provider = next(each for each in state["deployment"]["resources"] if each["type"] == "pulumi:providers:postgresql")
    pending = [
        {
            **resource("postgresql:index/role:Role", name, name=name, login=True),
            "parent": state["deployment"]["resources"][0]["urn"],
            "provider": f"{provider['urn']}::{provider['id']}",
        }
        for name in ("interrupted_there", "interrupted_absent")
    ]
    # As the engine leaves it: `pulumi stack import` would drop them.
    (checkpoint,) = clone.checkout.backend.glob(".pulumi/stacks/agent-ecosystem/dev.json")
    content = json.loads(checkpoint.read_text())
    content["checkpoint"]["latest"]["pending_operations"] = export(*pending)["deployment"]["pending_operations"]
    checkpoint.write_text(json.dumps(content))

    clone.environment["ROLES"] = "interrupted_there interrupted_absent"
    stack = clone.stack()
    assert stack.has_pending_creates()
    stack.mend()
    assert not stack.has_pending_creates()
    assert stack.run("up", "--yes", "--skip-preview") == 0
    assert stack.run("preview", "--expect-no-changes") == 0
