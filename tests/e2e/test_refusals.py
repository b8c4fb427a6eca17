"""What this machine or the configuration makes impossible stops with one clear message, before anything is made."""

import os
import re
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.e2e.project import Project

UP = ["pulumi", "up", "--yes", "--non-interactive", "--stack", "dev"]


@pytest.fixture(scope="module")
def project(make_project: object) -> Project:
    assert callable(make_project)
    made: Project = make_project()
    made.pulumi("stack", "init", "dev")
    return made


def assert_nothing_was_made(project: Project) -> None:
    assert project.processes() == []
    assert not (project.folder / ".state/dev").exists()


def test_a_taken_port(project: Project) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        project.pulumi("config", "set", "postgresPort", str(port))
        try:
            said = project.pulumi("up", "--yes", expect=1)
        finally:
            project.pulumi("config", "rm", "postgresPort")
    assert re.search(rf"port {port} on 127\.0\.0\.1 is taken by \S+ \(process {os.getpid()}\)", said), said
    assert "choose another port in the stack's configuration" in said
    assert "Traceback" not in said
    assert_nothing_was_made(project)


def test_a_wrong_configuration_value(project: Project) -> None:
    project.pulumi("config", "set", "target", "cloud")
    try:
        said = project.preview(expect=1)
    finally:
        project.pulumi("config", "set", "target", "embedded")
    assert "configuration key agent-ecosystem:target = 'cloud': Input should be 'embedded'" in said
    assert "Traceback" not in said
    assert_nothing_was_made(project)


def test_a_preflight_of_a_stack_that_makes_its_own_servers(project: Project) -> None:
    said = project.make("preflight", expect=2)
    assert "stack dev has target embedded: there is nothing to check before it is made. Set target external" in said
    assert "Traceback" not in said


def test_a_full_disk(project: Project) -> None:
    if os.getuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("a full disk is a tiny file system of our own: that takes the right to mount")
    project.folder.chmod(0o755)  # PostgreSQL's account has to reach it
    folder = project.folder / "tiny"
    folder.mkdir()
    script = 'mount -t tmpfs -o size=20m,mode=755 tiny "$1" && shift && exec "$@"'
    project.pulumi("config", "set", "stateFolder", str(folder))
    try:
        run = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, "sh", str(folder), *UP],
            cwd=project.folder,
            env=project.environment,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        project.pulumi("config", "rm", "stateFolder")
    assert run.returncode != 0
    assert re.search(r"tiny has \d+ MB free, 300 MB are needed", run.stdout), run.stdout
    assert "Traceback" not in run.stdout
    assert_nothing_was_made(project)


def test_a_missing_library(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without libossp-uuid, and without apt-get to fetch it, the message names the package."""
    empty = tmp_path_factory.mktemp("cache")
    tools = tmp_path_factory.mktemp("tools")
    for name in ("sh", "env", "dirname", "sed", "git"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    path = [str(folder) for folder in project.environment["PATH"].split(":") if "pulumi" in folder or ".venv" in folder]
    offline = [folder for folder in project.environment["PATH"].split(":") if "offline_plugins" in folder]
    environment = {
        **project.environment,
        "PATH": ":".join([*path, *offline, str(tools)]),
        "AGENT_ECOSYSTEM_CACHE": str(empty),
        "AGENT_ECOSYSTEM_SHARED_CACHE": str(empty),
    }
    empty.chmod(0o777)
    root = Path(os.environ.get("PYTEST_DEBUG_TEMPROOT") or tempfile.gettempdir()).resolve()
    for parent in empty.parents:
        if root in parent.parents:  # pytest's own folders, which nobody else may enter
            parent.chmod(0o755)
    run = subprocess.run(
        UP,
        cwd=project.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    said = run.stdout + run.stderr
    assert run.returncode != 0
    assert "apt-get install libossp-uuid16" in said, said
    assert "Traceback" not in said
    assert_nothing_was_made(project)
