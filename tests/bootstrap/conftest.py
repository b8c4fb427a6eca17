"""Clones of a small Pulumi project, with real git, the real Pulumi and the environment the bootstrap makes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tools.bootstrap import pulumi_cli, salt, state_folder
from tools.bootstrap.checkout import Checkout
from tools.bootstrap.environment import Programs, stack_environment
from tools.bootstrap.stack import Stack

PROGRAM = """
import pulumi
pulumi.export("url", pulumi.Output.secret("postgresql://somewhere"))
"""

IDENTITY = {f"GIT_{who}_{what}": "test@test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@dataclass(frozen=True)
class Clone:
    """A clone of the small project, as `make up` prepares one."""

    checkout: Checkout
    environment: dict[str, str]

    @property
    def root(self) -> Path:
        return self.checkout.root

    def stack(self, name: str = "dev") -> Stack:
        return Stack(self.checkout, name, self.environment)

    def run(self, *command: str, **environment: str) -> str:
        """Run a command in the clone and return what it prints; it must succeed."""
        run = subprocess.run(
            command, cwd=self.root, env={**self.environment, **environment}, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, f"{command}\n{run.stdout}\n{run.stderr}"
        return run.stdout

    def status(self) -> str:
        return self.run("git", "status", "--porcelain")


@pytest.fixture(scope="session")
def pulumi_folder() -> Path | None:
    return pulumi_cli.ensure(Checkout.here()).folder


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A repository with a small program and this project's own stack file."""
    root = tmp_path / "origin"
    root.mkdir()
    here = Checkout.here().root
    shutil.copy(here / ".gitattributes", root)
    stack_file = salt.stack_file("dev")
    (root / stack_file).write_text(salt.SALT_LINE.sub("", (here / stack_file).read_text()))
    (root / "Pulumi.yaml").write_text("name: agent-ecosystem\nruntime:\n  name: python\n")
    (root / "__main__.py").write_text(PROGRAM)
    (root / ".gitignore").write_text("/.state/\n/.venv\n__pycache__/\n")
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "Start"]):
        subprocess.run(["git", *command], cwd=root, env={**os.environ, **IDENTITY}, check=True)
    return root


@pytest.fixture
def make_clone(origin: Path, tmp_path: Path, pulumi_folder: Path | None) -> Callable[[str], Clone]:
    def make(name: str) -> Clone:
        root = tmp_path / name
        subprocess.run(["git", "clone", "-q", origin, root], check=True)
        checkout = Checkout(root)
        checkout.venv.symlink_to(sys.prefix)
        state_folder.prepare(checkout)
        salt.install_filter(checkout)
        programs = Programs(pulumi_folder, Checkout.here().offline_plugins)
        return Clone(checkout, {**stack_environment(checkout, programs), **IDENTITY})

    return make


@pytest.fixture
def clone(make_clone: Callable[[str], Clone]) -> Iterator[Clone]:
    yield make_clone("a clone")
    assert not [process for process in psutil.Process().children(recursive=True) if process.name() == "pulumi"]
