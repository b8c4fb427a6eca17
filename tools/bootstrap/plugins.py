"""The official provider plugins where they can be downloaded, this project's stand-ins where not."""

import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from infra.embedded.cache import cache_root
from tools.bootstrap.checkout import Checkout
from tools.bootstrap.progress import say

OFFICIAL = ("postgresql", "docker")
"""The packages of requirements.txt whose plugins Pulumi downloads."""

INSTALL_SECONDS = 120.0
TRY_AGAIN_AFTER = 6 * 3600.0
"""Seconds for which a failed download is not tried again."""


def offline_plugins(checkout: Checkout, environment: Mapping[str, str]) -> Path | None:
    """Return the folder that has to go on PATH: the stand-ins for what can not be had, None where nothing is missing.

    Args:
        checkout: whose Pulumi home holds the plugins.
        environment: one in which `pulumi` is found.
    """
    if _missing(checkout) and not _failed_lately() and not all(_install(n, environment) for n in _missing(checkout)):
        _failure().parent.mkdir(parents=True, exist_ok=True)
        _failure().touch()
        say("Pulumi's plugin downloads can not be reached: tools/offline_plugins stand in (next try in 6 h).")
    missing = _missing(checkout)
    if len(missing) == len(OFFICIAL):
        return checkout.offline_plugins
    return _only(checkout, missing) if missing else None


def _missing(checkout: Checkout) -> list[str]:
    return [name for name in OFFICIAL if not _folder(checkout, name).is_dir()]


def _only(checkout: Checkout, names: Sequence[str]) -> Path:
    """Return a folder with these stand-ins alone: one on PATH would win over the official plugin beside it."""
    folder = checkout.state / checkout.offline_plugins.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {f"pulumi-resource-{name}" for name in names}
    for old in folder.iterdir():
        if old.name not in wanted:
            old.unlink(missing_ok=True)
    for name in wanted:
        with suppress(FileExistsError):  # from before, or from a `make` beside this one
            (folder / name).symlink_to(checkout.offline_plugins / name)
    return folder


def _folder(checkout: Checkout, name: str) -> Path:
    return checkout.pulumi_home / "plugins" / f"resource-{name}-v{_version(name)}"


def _version(name: str) -> str:
    return metadata.version(f"pulumi-{name}")


def _install(name: str, environment: Mapping[str, str]) -> bool:
    say(f"Installing the official plugin {name} {_version(name)} ...")
    program = shutil.which("pulumi", path=environment["PATH"]) or "pulumi"
    try:
        run = subprocess.run(
            [program, "plugin", "install", "resource", name, _version(name), "--non-interactive"],
            env=dict(environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return False
    return run.returncode == 0


def _failure() -> Path:
    return cache_root() / "plugin-download-failed"


def _failed_lately() -> bool:
    try:
        return time.time() - _failure().stat().st_mtime < TRY_AGAIN_AFTER
    except FileNotFoundError:
        return False
