"""An engine of our own: `dockerd` started, waited for and stopped, without systemd where there is none."""

import os
import re
import subprocess
import time
from pathlib import Path

from infra.embedded.process import DetachedProcess
from tools.docker_engine.connection import OWN_SOCKET, USUAL_SOCKET, address, refusal, why_none
from tools.docker_engine.debian import find, need, need_root
from tools.docker_engine.failure import NoEngineError

HOME = Path("/var/lib/agent-ecosystem/docker-engine")
"""Images, containers and log of an engine that systemd does not run."""

START_SECONDS = 90.0
STOP_SECONDS = 60.0
_TELLING = (
    re.compile(r"^failed to start daemon: (.+)$", re.MULTILINE),
    re.compile(r'^time=\S+ level=(?:fatal|error) msg="(.+?)(?<!\\)"', re.MULTILINE),
    re.compile(r"^(?!time=)(.+)$", re.MULTILINE),
)
"""What tells why dockerd did not start, the best first."""


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
    # A socket that nobody holds is free; one that something else than an engine holds is not.
    listen = USUAL_SOCKET if refusal(USUAL_SOCKET) else OWN_SOCKET
    return _wait(f"unix://{listen}", _launch(program, listen))


def stop() -> bool:
    """Stop the engine that `start` started, with its containers; say whether there was one."""
    process = DetachedProcess(HOME)
    if process.find() is not None:
        process.stop(patience=STOP_SECONDS)
        return True
    if _marker().exists():
        _systemctl("stop")
        _marker().unlink()
        return True
    return False


def _launch(program: Path, listen: Path) -> DetachedProcess:
    listen.parent.mkdir(parents=True, exist_ok=True)
    HOME.mkdir(parents=True, exist_ok=True)
    process = DetachedProcess(HOME)
    process.log.unlink(missing_ok=True)
    command = [
        str(program),
        f"--host=unix://{listen}",
        f"--data-root={HOME / 'data'}",
        f"--exec-root={HOME / 'exec'}",
        f"--pidfile={HOME / 'dockerd.pid'}",
    ]
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    process.start(command, {**os.environ, "PATH": path})
    return process


def _wait(at: str, process: DetachedProcess | None) -> str:
    deadline = time.monotonic() + START_SECONDS
    while (silence := why_none(at)) is not None:
        if process is not None and process.find() is None:
            raise NoEngineError(f"dockerd does not run here: {_last_words(process.log)}")
        if time.monotonic() > deadline:
            if process is not None:
                process.stop(patience=STOP_SECONDS)
            raise NoEngineError(f"{silence} (waited {START_SECONDS:g} s for dockerd)")
        time.sleep(0.2)
    return at


def _last_words(log: Path) -> str:
    text = log.read_text(errors="replace")
    found = (match for pattern in _TELLING if (match := pattern.search(text)))
    return next((str(match[1]) for match in found), "it said nothing")


def _systemd_runs() -> bool:
    return Path("/run/systemd/system").is_dir() and find("systemctl") is not None


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
