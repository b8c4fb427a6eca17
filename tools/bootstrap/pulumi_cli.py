"""Which Pulumi is used: the one on PATH, else one of ours, kept in a cache all checkouts share."""

import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.embedded.cache import cache_root
from tools.bootstrap.checkout import Checkout
from tools.bootstrap.environment import without_ours
from tools.bootstrap.failure import SetupError
from tools.bootstrap.lock import exclusive
from tools.bootstrap.progress import say
from tools.bootstrap.pulumi_build import build
from tools.bootstrap.pulumi_download import download

VERSION = "3.274.1"
"""The version we download or build; tools/pulumi/cli/go.mod asks for the same."""

MINIMUM = (3, 240, 0)
"""The oldest on PATH that is used: younger than resource views and plugin paths; measured here is VERSION alone."""

LANGUAGE_HOST = "pulumi-language-python"

ADVICE = (
    "Install Pulumi (https://www.pulumi.com/docs/install/) and put it on PATH, or open the way to get.pulumi.com, "
    "or to PyPI and a Go module proxy (GOPROXY); then run the command again."
)


@dataclass(frozen=True)
class Pulumi:
    """A usable Pulumi; `folder` goes on PATH, None where it is there already."""

    folder: Path | None


def ensure(checkout: Checkout) -> Pulumi:
    """Return a Pulumi that can run this program, fetched or built once if there is none.

    Raises:
        SetupError: none can be had; the message says what was tried.
    """
    on_path, reason = _on_path()
    if on_path:
        return Pulumi(None)
    home = cached_home()
    if not home.is_dir():
        say(f"{reason}: getting Pulumi {VERSION}, once for all checkouts.")
        with exclusive(home.with_name(f"{home.name}.lock"), "getting Pulumi"):
            if not home.is_dir():
                _obtain(checkout, home, tried=[reason])
    return Pulumi(home / "bin")


def cached_home() -> Path:
    """Return the folder of our own Pulumi; it exists once one is complete."""
    return cache_root() / f"pulumi-{VERSION}-{platform.system().lower()}-{platform.machine().lower()}"


def _on_path() -> tuple[bool, str]:
    path = without_ours(os.environ).get("PATH", os.defpath)
    found = shutil.which("pulumi", path=path)
    if found is None:
        return False, "Pulumi is not on PATH"
    run = subprocess.run(
        [found, "version"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
    )
    version = re.match(r"v?(\d+)\.(\d+)\.(\d+)", run.stdout.strip())
    if version is None:
        return False, f"{found} does not run"
    if tuple(map(int, version.groups())) < MINIMUM:
        return False, f"{found} is {version[0].lstrip('v')}, {'.'.join(map(str, MINIMUM))} is needed"
    if shutil.which(LANGUAGE_HOST, path=path) is None:
        return False, f"{found} comes without {LANGUAGE_HOST}"
    return True, ""


def _obtain(checkout: Checkout, home: Path, tried: list[str]) -> None:
    """Try each way in turn; a folder under the final name is complete, whatever interrupts this."""
    ways: dict[str, Callable[[Path], None]] = {
        "download": lambda folder: download(VERSION, folder),
        "build": lambda folder: build(checkout, VERSION, folder),
    }
    _remove_unfinished(home)
    try:
        for name, get in ways.items():
            staging = Path(tempfile.mkdtemp(prefix=f".{home.name}-", dir=home.parent))
            try:
                get(staging)
            except SetupError as error:
                tried.append(f"{name}: {error}")
                continue
            staging.chmod(0o755)
            staging.rename(home)
            return
    finally:
        _remove_unfinished(home)  # an orphan of an interrupted build may have written until now
    attempts = "\n".join(f"  - {attempt}" for attempt in tried)
    raise SetupError(f"Pulumi {VERSION} can not be had on this machine. Tried:\n{attempts}\n{ADVICE}")


def _remove_unfinished(home: Path) -> None:
    for left_over in home.parent.glob(f".{home.name}-*"):
        shutil.rmtree(left_over, ignore_errors=True)
