"""An ordinary user has what root has: a bare checkout, his own folders, a Python that the system brought."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.e2e.project import SOURCE, Project
from tests.full_run import in_full
from tools.bootstrap import pulumi_cli
from tools.bootstrap.checkout import Checkout

USER = "nobody"
SECONDS = 900
pytestmark = [
    pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user"),
    in_full,  # it installs all packages anew
]


@dataclass(frozen=True)
class Somebody:
    """A user with a home and a clone in it."""

    uid: int
    home: Path

    @property
    def clone(self) -> Path:
        return self.home / f"clone-of-{self.home.name}"  # the name of a stack's data folders, if root has any

    def run(self, *command: str, expect: int = 0) -> str:
        """Run a command in the clone and return all that it says."""
        run = subprocess.run(
            command,
            cwd=self.clone,
            user=self.uid,
            group=pwd.getpwuid(self.uid).pw_gid,
            extra_groups=[],
            env={"HOME": str(self.home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **proxies()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert run.returncode == expect, f"{' '.join(command)} exited with {run.returncode}:\n{run.stdout}"
        return run.stdout


def proxies() -> dict[str, str]:
    """Return how this machine reaches its package registries."""
    ways = re.compile(r"(https?|no|all)_proxy|(PIP|UV|SSL|REQUESTS|NPM_CONFIG)_\w+|GOPROXY", re.IGNORECASE)
    return {name: value for name, value in os.environ.items() if ways.fullmatch(name) and name != "PIP_CACHE_DIR"}


@pytest.fixture
def somebody() -> Iterator[Somebody]:
    """A user with a clone of this tree, and Pulumi at hand, which takes minutes to build."""
    home = Path(tempfile.mkdtemp(prefix="ecosystem-user-", dir="/var/tmp"))
    entry = pwd.getpwnam(USER)
    user = Somebody(entry.pw_uid, home)
    subprocess.run(["git", "clone", "--quiet", SOURCE, user.clone], check=True)
    built = pulumi_cli.ensure(Checkout.here()).folder
    if built is not None:
        target = home / ".cache" / "agent-ecosystem" / built.parent.name
        shutil.copytree(built.parent, target, symlinks=True)
    subprocess.run(["chown", "--recursive", f"{entry.pw_uid}:{entry.pw_gid}", home], check=True)
    yield user
    Project(user.clone, {}).remove()
    shutil.rmtree(home, ignore_errors=True)


def test_an_ordinary_user_has_the_stack_its_backup_and_its_end(somebody: Somebody) -> None:
    assert "Resources:" in somebody.run("make", "up")
    assert somebody.run("git", "status", "--porcelain") == ""
    url = somebody.run("make", "url").strip()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM public.agent_registry").fetchone() == (0,)
    running = Project(somebody.clone, {}).processes()
    assert {process.uids().real for process in running} == {somebody.uid}
    assert any(process.name() == "postgres" for process in running)
    assert "limit 30 h" in somebody.run("make", "status")
    assert "unchanged" in somebody.run("make", "up")
    somebody.run("make", "backup")
    assert "postgresql://" in somebody.run("make", "restore")
    somebody.run("make", "destroy", "YES=1")
    assert Project(somebody.clone, {}).processes() == []
    assert Project(somebody.clone, {}).data_folders() == []
