"""Packages of Debian: the engine itself, and what makes base images."""

import os
import shutil
import subprocess
from pathlib import Path

from tools.docker_engine.failure import NoEngineError

INSTALL_SECONDS = 600.0
_PROGRAMS = {"dockerd": "docker.io", "iptables": "iptables", "debootstrap": "debootstrap"}


def need(program: str) -> Path:
    """Return the path of one of Debian's programs, installing its package where it is missing.

    Raises:
        NoEngineError: it is missing and can not be installed.
    """
    return find(program) or _install(program)


def find(program: str) -> Path | None:
    """Return the path of a program, also where an ordinary user's PATH lacks the folders of root."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"))
    found = shutil.which(program, path=path)
    return Path(found) if found else None


def need_root(purpose: str) -> None:
    """Raise NoEngineError unless we are root."""
    if os.geteuid() != 0:
        raise NoEngineError(f"{purpose} needs root")


def _install(program: str) -> Path:
    package = _PROGRAMS[program]
    if find("apt-get") is None:
        raise NoEngineError(f"{program} is not installed, and only Debian's {package} can be installed from here")
    need_root(f"installing Debian's {package}")
    for command in (["update"], ["install", "--yes", "--no-install-recommends", package]):
        _apt_get(command)
    found = find(program)
    if found is None:
        raise NoEngineError(f"Debian's {package} brought no program {program}")
    return found


def _apt_get(arguments: list[str]) -> None:
    command = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", *arguments]
    # RUNLEVEL: where systemd does not run, no service starts by being installed; who starts one here also stops it.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    try:
        run = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise NoEngineError(f"`{' '.join(command)}` took longer than {INSTALL_SECONDS:g} s") from None
    if run.returncode != 0:
        said = (run.stderr or run.stdout).strip().splitlines() or [f"exit status {run.returncode}"]
        raise NoEngineError(f"`{' '.join(command)}` failed: {said[-1]}")
