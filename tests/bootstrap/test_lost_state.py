"""What a lost state is made anew from."""

from pathlib import Path
from typing import Any

from tools.bootstrap.interrupted_creates import plan_repair
from tools.bootstrap.lost_state import knows_something, set_aside, with_creates_pending

STACK = {"urn": "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev", "type": "pulumi:pulumi:Stack"}
PREFIX = "urn:pulumi:dev::p::"


def step(op: str, type_: str, name: str, /, *, custom: bool = True, **state: object) -> dict[str, Any]:
    return {"op": op, "newState": {"urn": f"{PREFIX}{type_}::{name}", "type": type_, "custom": custom, **state}}


def test_what_a_preview_would_make_is_looked_up_as_if_it_had_been_interrupted() -> None:
    role = step(
        "create",
        "postgresql:index/role:Role",
        "owner",
        inputs={"name": "owner", "password": "[secret]"},
        dependencies=[f"{PREFIX}pgstack:random:Password::owner-password"],
        propertyDependencies={"password": [f"{PREFIX}pgstack:random:Password::owner-password"]},
        parent=f"{PREFIX}a:b:C::access",
    )
    preview = {
        "steps": [
            step("same", "pgstack:local:Service", "postgres"),
            step("create", "a:b:C", "schema", custom=False),
            step("create", "pgstack:s3:Bucket", "backups"),
            role,
        ]
    }
    export = with_creates_pending({"version": 3, "deployment": {"resources": [STACK]}}, preview)
    repair = plan_repair(export)
    assert [create.name for create in repair.forgotten] == ["backups"]
    (made,) = repair.state["deployment"]["resources"][1:]
    assert made["id"] == "owner"
    assert made["inputs"] == {"name": "owner"}
    assert made["parent"] == f"{PREFIX}a:b:C::access"
    assert not made.keys() & {"dependencies", "propertyDependencies"}


def test_a_state_with_the_stack_alone_knows_nothing() -> None:
    assert not knows_something({"deployment": {}})
    assert not knows_something({"deployment": {"resources": [STACK]}})
    assert knows_something({"deployment": {"resources": [STACK, {"type": "pgstack:s3:Bucket"}]}})


def test_only_the_files_of_that_stack_are_set_aside(tmp_path: Path) -> None:
    stacks = tmp_path / ".pulumi/stacks/p"
    stacks.mkdir(parents=True)
    for name in ("dev.json", "dev.json.bak", "dev.json.attrs", "dev2.json"):
        (stacks / name).write_text("{}")
    moved = set_aside(tmp_path.as_uri(), "p", "dev")
    assert sorted(file.name for file in moved) == ["dev.json", "dev.json.attrs", "dev.json.bak"]
    assert [file.name for file in stacks.iterdir()] == ["dev2.json"]
    assert set_aside("s3://bucket", "p", "dev") == []
