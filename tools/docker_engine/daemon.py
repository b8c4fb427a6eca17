"""An engine of our own: `dockerd` started, waited for and stopped, without systemd where there is none."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tools.docker_engine.connection import OWN_SOCKET, USUAL_SOCKET, address, why_none
from tools.docker_engine.debian import find, need, need_root
from tools.docker_engine.failure import NoEngineError

HOME = Path("/var/lib/agent-ecosystem/docker-engine")
"""Images, containers, log and pid file of an engine that systemd does not run."""

START_SECONDS = 90.0
STOP_SECONDS = 60.0
_FATAL = re.compile(r'^(?:failed to start daemon: |time=\S+ level=(?:fatal|error) msg=")(?P<said>.*?)"?$')


def start() -> str:
    """Return the address of an engine that answers; where none does, install and start Debian's.

    Raises:
        NoEngineError: there is none, and none can run here.
    """
    silence = why_none()
    if silence is None:
        return address()
    if os.environ.get("DOCKER_HOST"):
        raise NoEngineError(f"{silence}; DOCKER_HOST asks for this one, so no other is started")
    need_root("starting a Docker engine")
    program = need("dockerd")
    need("iptables")
    if _systemd_runs():
        _systemctl("start")
        return _wait(f"unix://{USUAL_SOCKET}", None)
    listen = OWN_SOCKET if _is_taken(USUAL_SOCKET) else USUAL_SOCKET
    listen.parent.mkdir(parents=True, exist_ok=True)
    return _wait(f"unix://{listen}", _launch(program, listen))


def stop() -> bool:
    """Stop the engine that `start` started, with its containers; say whether there was one."""
    process = _ours()
    if process is not None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            raise NoEngineError(f"dockerd (process {process.pid}) did not end within {STOP_SECONDS:g} s") from None
        _pid_file().unlink(missing_ok=True)
        return True
    if _marker().exists():
        _systemctl("stop")
        _marker().unlink()
        return True
    return False


def log_file() -> Path:
    """Return where an engine of ours writes its log."""
    return HOME / "dockerd.log"


def _launch(program: Path, listen: Path) -> "subprocess.Popen[bytes]":
    HOME.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    with log_file().open("wb") as log:
        return subprocess.Popen(
            [
                str(program),
                f"--host=unix://{listen}",
                f"--data-root={HOME / 'data'}",
                f"--exec-root={HOME / 'exec'}",
                f"--pidfile={_pid_file()}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "PATH": path},
            start_new_session=True,
        )


def _wait(at: str, process: "subprocess.Popen[bytes] | None") -> str:
    deadline = time.monotonic() + START_SECONDS
    while (silence := why_none(at)) is not None:
        if process is not None and process.poll() is not None:
            raise NoEngineError(f"dockerd does not run here: {_last_words(log_file())}")
        if time.monotonic() > deadline:
            if process is not None:
                process.terminate()
                process.wait(STOP_SECONDS)
            raise NoEngineError(f"{silence} (waited {START_SECONDS:g} s for dockerd)")
        time.sleep(0.2)
    return at


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    told = [match["said"] for line in lines if (match := _FATAL.match(line))]
    return told[-1] if told else lines[-1]


def _ours() -> psutil.Process | None:
    """Return the running dockerd of the pid file; a number given to another program since is not ours."""
    try:
        process = psutil.Process(int(_pid_file().read_text()))
        command = process.cmdline()
    except (FileNotFoundError, ValueError, psutil.Error):
        return None
    return process if f"--pidfile={_pid_file()}" in command else None


def _pid_file() -> Path:
    return HOME / "dockerd.pid"


def _is_taken(path: Path) -> bool:
    """Say whether something listens at `path`, though it is no engine: a socket that nobody holds is free."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5)
        return probe.connect_ex(str(path)) == 0


def _systemd_runs() -> bool:
    return sys.platform == "linux" and Path("/run/systemd/system").is_dir() and find("systemctl") is not None


def _marker() -> Path:
    return HOME / "started-with-systemd"


def _systemctl(what: str) -> None:
    command = ["systemctl", what, "docker.service", *(["docker.socket"] if what == "stop" else [])]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=START_SECONDS)
    if run.returncode != 0:
        said = run.stderr.strip().splitlines() or [f"exit status {run.returncode}"]
        raise NoEngineError(f"`{' '.join(command)}` failed: {said[0]}")
    if what == "start":
        HOME.mkdir(parents=True, exist_ok=True)
        _marker().touch()
