"""Programs beside this one: what they read of a stack, and a backend in S3 that several people share."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.project import Project
from tests.waiting import wait_until

DEADLINE_SECONDS = 120
READER = """
import pulumi
ecosystem = pulumi.StackReference("organization/agent-ecosystem/dev")
pulumi.export("url", ecosystem.require_output("url"))
pulumi.export("bucket", ecosystem.require_output("bucket"))
"""
HELD = """
import os, pathlib, time
import pulumi
if (gate := os.environ.get("GATE")) and not pulumi.runtime.is_dry_run():
    pathlib.Path(gate, "started").touch()
    while not pathlib.Path(gate, "go").exists():
        time.sleep(0.05)
pulumi.export("answer", 42)
"""


def program(folder: Path, name: str, source: str, environment: dict[str, str]) -> Project:
    """Write a small Pulumi program."""
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
    (folder / "__main__.py").write_text(source)
    return Project(folder, environment)


# -- another stack that needs the database


def test_another_program_reads_the_url_as_a_secret(standing: Project, tmp_path: Path) -> None:
    reader = program(tmp_path / "reader", "reader", READER, standing.environment)
    reader.pulumi("stack", "init", "dev")
    try:
        said = reader.pulumi("up", "--yes", "--skip-preview")
        found, wanted = reader.outputs(), standing.outputs()
        assert (found["url"], found["bucket"]) == (wanted["url"], wanted["bucket"])
        assert "[secret]" in said
        state = (standing.folder / ".state/backend/.pulumi/stacks/reader/dev.json").read_text()
        password = wanted["url"].split(":")[2].partition("@")[0]
        assert password not in said + state
    finally:
        reader.pulumi("stack", "rm", "--yes", "--force")


# -- a backend in S3


@pytest.fixture(scope="module")
def team(standing: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A program whose state lies in a versioned bucket of a real S3 store."""
    store, endpoint = standing.s3(), standing.outputs()["s3Endpoint"]
    administrator = standing.identity()
    store.create_bucket(Bucket="team-state")
    store.put_bucket_versioning(Bucket="team-state", VersioningConfiguration={"Status": "Enabled"})
    environment = {
        **standing.environment,
        "AWS_ACCESS_KEY_ID": administrator.access_key,
        "AWS_SECRET_ACCESS_KEY": administrator.secret_key,
        "PULUMI_BACKEND_URL": f"s3://team-state/pulumi?endpoint={endpoint}&s3ForcePathStyle=true&region=us-east-1",
        "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",  # or it warns of each object without one
        "PULUMI_CONFIG_PASSPHRASE": "kept-in-the-teams-vault-4711",
    }
    project = program(tmp_path_factory.mktemp("team") / "one", "team", HELD, environment)
    project.pulumi("stack", "init", "dev")
    yield project
    empty(store, "team-state")
    store.delete_bucket(Bucket="team-state")
    store.close()


def empty(store: Any, bucket: str) -> None:
    listed = store.list_object_versions(Bucket=bucket)
    for entry in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
        store.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])


def begun(process: "subprocess.Popen[bytes]", gate: Path) -> bool:
    assert process.poll() is None, "the first up ended early"
    return (gate / "started").exists()


@contextlib.contextmanager
def held_up(project: Project, gate: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start an `up` and wait until its program is in the middle; it goes on when the block ends."""
    gate.mkdir()
    process = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", "dev"],
        cwd=project.folder,
        env={**project.environment, "GATE": str(gate)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: begun(process, gate), "the first up begins", DEADLINE_SECONDS)
        yield process
    finally:
        (gate / "go").touch()
        process.wait(DEADLINE_SECONDS)


def test_of_two_ups_at_once_one_is_told_who_holds_the_lock(team: Project, tmp_path: Path) -> None:
    with held_up(team, tmp_path / "gate") as first:
        said = team.up(expect=1)
        assert "the stack is currently locked by 1 lock(s)" in said
        assert f"(pid {first.pid})" in said
    assert first.returncode == 0
    team.up()
    assert team.outputs() == {"answer": 42}


def test_the_lock_of_a_killed_up_stays_until_pulumi_cancel(team: Project, tmp_path: Path) -> None:
    with held_up(team, tmp_path / "gate") as first:
        children = psutil.Process(first.pid).children(recursive=True)
        first.kill()
        first.wait()
        for child in children:  # the language host does not notice
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
    assert "delete the lock file with `pulumi cancel`" in team.up(expect=1)
    team.pulumi("cancel", "--yes")
    team.up()


def test_a_second_checkout_needs_the_passphrase_and_no_salt(team: Project, tmp_path: Path) -> None:
    second = program(tmp_path / "two", "team", HELD, team.environment)
    second.up()
    assert second.outputs() == {"answer": 42}
    stranger = Project(second.folder, {**team.environment, "PULUMI_CONFIG_PASSPHRASE": "guessed"})
    assert "incorrect passphrase" in stranger.up(expect=1)
