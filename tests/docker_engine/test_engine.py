"""An engine where none runs: found, started, stopped, or the reason why not."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tools.docker_engine import connection, daemon, debian, stand_ins
from tools.docker_engine.__main__ import main
from tools.docker_engine.failure import NoEngineError

ROOT = Path(__file__).parents[2]


def run(command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tools.docker_engine", command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_check_says_where_the_engine_is(engine: docker.DockerClient) -> None:  # noqa: ARG001
    checked = run("check")
    assert (checked.returncode, checked.stdout) == (0, f"{connection.address()}\n")


def test_check_says_why_there_is_none_in_one_line(tmp_path: Path) -> None:
    checked = run("check", DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert checked.returncode == 1
    assert checked.stdout == (f"no Docker engine answers at unix://{tmp_path}/none.sock: No such file or directory\n")
    assert checked.stderr == ""


def test_an_engine_that_was_asked_for_is_not_replaced_by_another(tmp_path: Path) -> None:
    started = run("up", DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert started.returncode == 1
    assert started.stdout.endswith("; DOCKER_HOST asks for this one, so no other is started\n")


def test_who_is_not_root_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(connection, "USUAL_SOCKET", tmp_path / "usual.sock")
    monkeypatch.setattr(connection, "OWN_SOCKET", tmp_path / "own.sock")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NoEngineError, match=r"^starting a Docker engine needs root$"):
        daemon.start()


def test_where_there_is_no_debian_nothing_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(debian, "find", lambda _: None)
    with pytest.raises(NoEngineError, match=r"^dockerd is not installed, and only Debian's docker.io can be"):
        debian.need("dockerd")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the folder of a second engine, which stands in nobody's way: its own socket and folder."""
    if os.geteuid() != 0 or debian.find("dockerd") is None:
        pytest.skip("a second engine needs root and an installed dockerd")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(daemon, "_systemd_runs", lambda: False)
    with tempfile.TemporaryDirectory(prefix="engine-") as name:  # the path of a socket is 107 characters at most
        folder = Path(name)
        monkeypatch.setattr(daemon, "HOME", folder / "home")
        for module in (connection, daemon):
            monkeypatch.setattr(module, "USUAL_SOCKET", folder / "usual.sock")
            monkeypatch.setattr(module, "OWN_SOCKET", folder / "own.sock")
        yield folder / "home"
        daemon.stop()


def set_apart(monkeypatch: pytest.MonkeyPatch, *more: str) -> None:
    """Let `_launch` start a dockerd in namespaces of its own: it would share, or remove, this machine's bridge."""
    real = subprocess.Popen

    def launch(command: list[str], **options: Any) -> "subprocess.Popen[bytes]":
        apart = ["unshare", "--net", "--mount"] if "dockerd" in command[0] else []
        return real([*apart, *command, *(more if apart else [])], **options)

    monkeypatch.setattr(subprocess, "Popen", launch)


def test_it_is_started_found_and_stopped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_apart(monkeypatch)
    address = daemon.start()
    assert daemon.start() == address == connection.address()
    with connection.connected() as client:
        assert client.info()["DockerRootDir"] == str(home / "data")
    assert daemon.stop()
    assert connection.why_none() is not None
    assert not daemon.stop()


def test_up_leaves_no_engine_behind_when_an_image_fails(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_apart(monkeypatch)
    monkeypatch.setattr(sys, "argv", ["tools.docker_engine", "up"])

    def fail(*_: object) -> list[str]:
        raise NoEngineError("debootstrap failed: no network")

    monkeypatch.setattr(stand_ins, "provide", fail)
    assert main() == 1
    assert capsys.readouterr().out == "debootstrap failed: no network\n"
    assert (home / "service.log").exists()
    assert connection.why_none() is not None


def test_one_that_does_not_start_says_why(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_apart(monkeypatch, "--no-such-option")
    with pytest.raises(NoEngineError, match=r"^dockerd does not run here: .*no-such-option"):
        daemon.start()
    assert (home / "service.log").exists()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ('time="x" level=error msg="odd"\nfailed to start daemon: no permission\n', "no permission"),
        ('time="x" level=info msg="fine"\ntime="x" level=fatal msg="no \\"x\\" here" error=y\n', 'no \\"x\\" here'),
        ("unknown flag: --odd\nSee 'dockerd --help'.\n", "unknown flag: --odd"),
        ('time="x" level=info msg="fine"\n', "it said nothing"),
    ],
)
def test_the_reason_of_a_failure(tmp_path: Path, said: str, reason: str) -> None:
    (tmp_path / "log").write_text(said)
    assert daemon._last_words(tmp_path / "log") == reason
