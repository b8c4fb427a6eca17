"""The environment of every target, of `make shell`, of direnv and of the tests: defined here and nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.embedded.cache import cache_root
from tools.bootstrap.checkout import Checkout

CHECKOUT = "AGENT_ECOSYSTEM_CHECKOUT"
"""Names the checkout an environment belongs to: a shell opened in one clone does not leak into another."""

BACKEND = "PULUMI_BACKEND_URL"
PASSPHRASE = "PULUMI_CONFIG_PASSPHRASE"  # noqa: S105 - the name of a variable
PASSPHRASE_FILE = "PULUMI_CONFIG_PASSPHRASE_FILE"  # noqa: S105

ALWAYS = {
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    # A stack file that comes fresh from git has no salt (docs/adr/0001): Pulumi takes it from the state.
    "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
}
UNWANTED = frozenset({"PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"})
"""Variables that do harm here. Each preview starts three Pythons, which would compile all they read; and a `make` in
the shell we open, or in a test, is no part of another, and must not speak of entering folders."""

NO_DOWNLOADS = "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"


@dataclass(frozen=True)
class Programs:
    """What goes on PATH behind the virtual environment."""

    pulumi: Path | None
    """The folder of our own Pulumi, None where the machine has one."""
    offline_plugins: Path | None
    """The folder of the stand-ins for official plugins, None where those are installed."""


def stack_environment(checkout: Checkout, programs: Programs, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment in which Pulumi asks nothing and finds everything.

    Args:
        checkout: the checkout whose stacks are meant.
        programs: what is found or made by the set-up.
        base: the environment to start from. A backend or a passphrase that it names stays.
    """
    environment = without_ours(base)
    ours = [checkout.venv / "bin", programs.pulumi, programs.offline_plugins]
    path = [str(folder) for folder in ours if folder]
    environment.update(ALWAYS)
    environment.update(
        {
            "PATH": os.pathsep.join([*path, environment.get("PATH", os.defpath)]),
            "VIRTUAL_ENV": str(checkout.venv),
            "PULUMI_HOME": str(checkout.pulumi_home),
            CHECKOUT: str(checkout.root),
        }
    )
    environment.setdefault(BACKEND, checkout.backend.as_uri())
    if PASSPHRASE not in environment:
        environment.setdefault(PASSPHRASE_FILE, str(checkout.passphrase))
    if programs.offline_plugins:
        environment[NO_DOWNLOADS] = "true"  # spares two seconds of attempts in every run
    return environment


def changes(environment: Mapping[str, str], base: Mapping[str, str] = os.environ) -> tuple[dict[str, str], list[str]]:
    """Return what turns `base` into `environment`: the variables to set, and the names to unset."""
    wanted = {name: value for name, value in environment.items() if base.get(name) != value}
    return wanted, [name for name in base if name not in environment]


def without_ours(base: Mapping[str, str]) -> dict[str, str]:
    """Take out what an earlier call put in, for this checkout or another one."""
    environment = {name: value for name, value in base.items() if name not in UNWANTED}
    if CHECKOUT not in environment:
        return environment
    earlier = Checkout(Path(environment.pop(CHECKOUT)))
    defaults = {BACKEND: earlier.backend.as_uri(), PASSPHRASE_FILE: str(earlier.passphrase)}
    for name in [name for name, value in defaults.items() if environment.get(name) == value]:
        del environment[name]
    environment.pop(NO_DOWNLOADS, None)
    roots = (earlier.root, cache_root())
    folders = environment.get("PATH", "").split(os.pathsep)
    theirs = [folder for folder in folders if not any(Path(folder).is_relative_to(root) for root in roots)]
    environment["PATH"] = os.pathsep.join(theirs)
    return environment
