"""A stack that an earlier release made goes through today's `up`: nothing is replaced, the data stays."""

import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.e2e.project import SOURCE, Project

PREVIOUS = "942e462d6ba6f02c36bfdf86a7af54d118018575"
"""The commit whose state has to be taken over: the last release's. No tag yet, so that of version 0.1.0 as it stood."""

ALLOWED = ("RLS_WEAKENED:agent_registry.orchestrator_read", "RLS_WEAKENED:agent_registry.agent_read")
"""What has to be allowed by name to come from there, as CHANGELOG.md tells users. Each line here is one there."""

REPLACES = {"replace", "create-replacement", "delete-replaced", "delete"}


def archive(commit: str) -> bytes:
    """Return the tree of a commit of this repository.

    A shallow clone does not have it, and there may be no remote to ask: then there is nothing to be proved here, which
    the summary of the run says. A recorded state would not do instead: it holds the secrets of its servers.
    """
    # Without the filter that puts this clone's own salt into a checked-out stack file: it is another passphrase's.
    command = ["git", "-c", "filter.pulumi-salt.smudge=cat", "archive", "--format=tar", commit]
    found = subprocess.run(command, cwd=SOURCE, capture_output=True, check=False)
    if found.returncode:
        subprocess.run(["git", "fetch", "--quiet", "--depth=1", "origin", commit], cwd=SOURCE, check=False)
        found = subprocess.run(command, cwd=SOURCE, capture_output=True, check=False)
    if found.returncode:
        pytest.skip(f"commit {commit}, whose state is to be taken over, is not in this clone: git fetch --unshallow")
    return found.stdout


def go_back(project: Project, tree: bytes) -> None:
    """Make the checkout's files those of `tree`, on today's pins: the shared virtual environment must stay as it is."""
    for name in tracked(project):
        (project.folder / name).unlink()
    with tarfile.open(fileobj=BytesIO(tree)) as tar:
        tar.extractall(project.folder, filter="data")
    for pins in SOURCE.glob("requirements*.txt"):
        shutil.copy(pins, project.folder)


def go_on(project: Project, today: Path) -> None:
    """Make the checkout's files today's again; what Pulumi wrote into the stack's file stays."""
    stack_file = (project.folder / "Pulumi.dev.yaml").read_text()
    for name in tracked(project):
        (project.folder / name).unlink(missing_ok=True)
    shutil.copytree(today, project.folder, dirs_exist_ok=True, symlinks=True)
    (project.folder / "Pulumi.dev.yaml").write_text(stack_file)


def tracked(project: Project) -> list[str]:
    """Return the checkout's own files, without what a stack keeps beside them."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=project.folder, capture_output=True, check=True)
    return [name for name in listed.stdout.decode().split("\0") if name and (project.folder / name).is_file()]


@pytest.fixture(scope="module")
def upgraded(make_project: Callable[[], Project], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of today's files whose stack dev was made by the earlier ones, and holds an agent."""
    tree = archive(PREVIOUS)
    project = make_project()
    today = tmp_path_factory.mktemp("today")
    for name in tracked(project):
        (today / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project.folder / name, today / name)
    go_back(project, tree)
    project.make("up")
    project.query("SELECT register_agent('survivor', 'executor', '1.8.3')")
    go_on(project, today)
    for number, hazard in enumerate(ALLOWED):
        project.pulumi("config", "set", "--path", f"allow[{number}]", hazard)
    return project


def test_nothing_is_replaced_or_deleted(upgraded: Project) -> None:
    said = upgraded.pulumi("preview", "--json")
    found = json.loads(said[said.index("{") :])
    assert [(step["op"], step["urn"]) for step in found["steps"] if step["op"] in REPLACES and made(step)] == []
    assert sum(found["changeSummary"].values()) > 20


def made(step: dict[str, str]) -> bool:
    """Tell what is made by itself from an object inside the schema, which comes and goes with the files."""
    return not re.search(r"\$pgstack:postgres:Schema\$[^$]+$", step["urn"])


def test_it_goes_through_and_the_data_is_still_there(upgraded: Project) -> None:
    url = upgraded.outputs()["url"]
    upgraded.make("up")
    assert upgraded.outputs()["url"] == url
    assert upgraded.query("SELECT agent_id FROM agent_registry") == [{"agent_id": "survivor"}]
    upgraded.preview("--expect-no-changes")
    assert "💾" in upgraded.make("status")


def test_its_job_has_lost_the_administrators_keys_and_its_bucket_is_locked(upgraded: Project) -> None:
    bucket, job, administrator = upgraded.outputs()["bucket"], upgraded.s3("backup"), upgraded.s3()
    configuration = json.loads((upgraded.folder / ".state/dev/backup/job.json").read_text())
    assert configuration["s3_secret_key"] == upgraded.identity("backup").secret_key
    old = job.list_objects_v2(Bucket=bucket, Prefix="backups/manifests/")["Contents"]
    with pytest.raises(ClientError, match="AccessDenied"):
        job.delete_object(Bucket=bucket, Key=old[0]["Key"])
    with pytest.raises(ClientError, match="AccessDenied"):
        job.delete_bucket_policy(Bucket=bucket)
    lock = administrator.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    assert lock["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 7}
    upgraded.make("backup")
    job.close()
    administrator.close()
