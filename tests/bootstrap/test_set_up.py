"""Set-up on poor machines: each lack gives one clear message, each interruption is made good by the next run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bootstrap.checkout import Checkout
from tools.bootstrap.disk import require_space
from tools.bootstrap.failure import SetupError
from tools.bootstrap.go_toolchain import find_go
from tools.bootstrap.progress import run_quietly
from tools.bootstrap.pulumi_cli import MINIMUM, VERSION, cached_home, ensure

BASIC = ("sh", "dirname", "head", "cat", "sed", "git", "env", "uname", "id")


def script(file: Path, body: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return file


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A folder for PATH with the programs of any Unix, and no Python, Go or Pulumi."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in BASIC:
        (folder / name).symlink_to(shutil.which(name) or pytest.fail(f"this machine has no {name}"))
    return folder


def run_bootstrap(checkout: Path, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "tools" / "bootstrap" / "run", "which-python"],
        env={"PATH": str(path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def starter(tmp_path: Path) -> Path:
    """A checkout whose bootstrap only tells which Python it was started with."""
    root = tmp_path / "checkout"
    (root / "tools" / "bootstrap").mkdir(parents=True)
    shutil.copy(Checkout.here().root / "tools" / "bootstrap" / "run", root / "tools" / "bootstrap" / "run")
    (root / "tools" / "bootstrap" / "__main__.py").write_text("import os; print('started by', os.environ['MARK'])")
    return root


def python_marked(file: Path, mark: str) -> None:
    script(file, f'MARK={mark} exec {sys.executable} "$@"')


def test_a_wrong_python_is_named(starter: Path, bare_path: Path) -> None:
    script(bare_path / "python3", 'case "$1" in --version) echo Python 3.9.18 ;; *) exit 1 ;; esac')
    run = run_bootstrap(starter, bare_path)
    assert run.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13" in run.stderr
    assert "Python 3.9.18" in run.stderr
    assert "Traceback" not in run.stderr


def test_no_python_at_all(starter: Path, bare_path: Path) -> None:
    run = run_bootstrap(starter, bare_path)
    assert run.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13" in run.stderr


def test_a_shim_that_fails_is_passed_over(starter: Path, bare_path: Path) -> None:
    script(bare_path / "python3", "exit 1")
    script(bare_path / "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    python_marked(bare_path / "python3.12", "python3.12")
    assert run_bootstrap(starter, bare_path).stdout == "started by python3.12\n"


def test_a_python_that_is_asked_for_is_the_only_one_tried(starter: Path, bare_path: Path) -> None:
    python_marked(bare_path / "python3", "python3")
    wanted = script(bare_path / "wanted", "exit 1")
    run = run_bootstrap(starter, bare_path, PYTHON=str(wanted))
    assert run.returncode == 1
    assert str(wanted) in run.stderr


@pytest.fixture
def closed_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bare_path: Path) -> Path:
    """No Pulumi, no Go, no way to get either. Returns the cache."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("AGENT_ECOSYSTEM_CACHE", str(cache))
    monkeypatch.setenv("PATH", str(bare_path))
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("PIP_NO_INDEX", "PIP_RETRIES"):
        monkeypatch.setenv(name, "1" if name == "PIP_NO_INDEX" else "0")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return cache


def test_no_way_to_get_pulumi(closed_network: Path) -> None:
    with pytest.raises(SetupError) as error:
        ensure(Checkout.here())
    message = str(error.value)
    for part in ("Pulumi is not on PATH", "download: https://get.pulumi.com", "build: Installing Go", "GOPROXY"):
        assert part in message
    assert not [left for left in closed_network.iterdir() if left.is_dir()], "nothing half made stays"


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ("echo v3.100.0", "is 3.100.0"),
        ("exit 3", "does not run"),
        (f"echo v{VERSION}", "comes without pulumi-language-python"),
    ],
)
def test_a_pulumi_of_no_use_is_passed_over(closed_network: Path, bare_path: Path, says: str, reason: str) -> None:
    script(bare_path / "pulumi", says)
    with pytest.raises(SetupError, match=reason):
        ensure(Checkout.here())
    assert closed_network.is_dir()


def test_a_supported_pulumi_on_path_is_used(closed_network: Path, bare_path: Path) -> None:
    script(bare_path / "pulumi", f"echo v{'.'.join(map(str, MINIMUM))}")
    script(bare_path / "pulumi-language-python", "")
    assert ensure(Checkout.here()).folder is None
    assert not closed_network.exists()


def test_what_an_interrupted_build_left_is_no_pulumi_and_goes(closed_network: Path) -> None:
    home = cached_home()
    (closed_network / f".{home.name}-left-over" / "bin").mkdir(parents=True)
    with pytest.raises(SetupError):
        ensure(Checkout.here())
    assert [left.name for left in closed_network.iterdir()] == [f"{home.name}.lock"]


def test_the_pins_agree() -> None:
    assert f"github.com/pulumi/pulumi/pkg/v3 v{VERSION}" in (Checkout.here().go_module("cli") / "go.mod").read_text()


def test_an_old_go_is_passed_over(closed_network: Path, bare_path: Path, tmp_path: Path) -> None:
    script(bare_path / "go", "echo go1.19.8")
    assert closed_network
    with pytest.raises(SetupError, match=r"the Go on PATH is 1\.19\.8"):
        find_go((1, 26, 6), tmp_path / "go")


def test_too_little_room_is_found_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="Building needs 1000000000") as error:
        require_space({tmp_path / "not there yet": 10**18}, "Building")
    assert str(tmp_path) in str(error.value)


def test_a_disk_that_fills_up_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="The disk is full") as error:
        run_quietly(["sh", "-c", "cat /etc/passwd > /dev/full"], "Unpacking", writes_to=tmp_path)
    assert str(tmp_path) in str(error.value)


def test_a_failed_program_shows_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="Working failed:\nbecause of this"):
        run_quietly(["sh", "-c", "echo because of this; exit 2"], "Working", writes_to=tmp_path)
