"""Pulumi as a user has it: a backend and a passphrase of its own, and no virtual environment on PATH."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.e2e.project import Project
from tools.bootstrap.pulumi_cli import cached_home

HOST = "pulumi-language-python"


def programs(project: Project, folder: Path) -> Path:
    """Return a folder with pulumi and a language host that finds the virtual environment by itself.

    An ordinary host reads `runtime.options.virtualenv` of Pulumi.yaml. The one that builds from Pulumi's modules is
    older and takes it as a flag instead.
    """
    found = Path(shutil.which("pulumi", path=project.environment["PATH"]) or "").parent
    if found != cached_home() / "bin" and not found.is_relative_to(cached_home()):
        return found
    for name in ("pulumi", f"{HOST}-exec"):
        (folder / name).symlink_to(found / name)
    host = folder / HOST
    host.write_text(f'#!/bin/sh\nexec {found / HOST} -virtualenv .venv "$@"\n')
    host.chmod(0o755)
    return folder


def test_plain_pulumi_needs_no_make_and_no_virtual_environment_on_path(fresh: Project, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "state").mkdir()
    stand_ins = [folder for folder in fresh.environment["PATH"].split(os.pathsep) if "offline_plugins" in folder]
    path = [str(programs(fresh, tmp_path / "bin")), *stand_ins, "/usr/local/bin", "/usr/bin", "/bin"]
    environment = {
        "HOME": str(tmp_path),
        "PATH": os.pathsep.join(path),
        "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "the user's own",
    }
    plain = Project(fresh.folder, environment)

    def said(*arguments: str) -> str:
        run = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=plain.folder,
            env=plain.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    said("stack", "init", "dev")
    said("up", "--yes")
    assert "unchanged" in said("preview", "--expect-no-changes")
    assert "agent_registry" in said("stack", "output", "report", "--json")
    said("destroy", "--yes")
    assert plain.processes() == []
    assert plain.data_folders() == []
