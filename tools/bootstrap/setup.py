"""Everything between a virtual environment and the first `pulumi` command."""

import os

from tools.bootstrap import plugins, pulumi_cli, salt, state_folder
from tools.bootstrap.checkout import Checkout
from tools.bootstrap.environment import PASSPHRASE, PASSPHRASE_FILE, Programs, stack_environment, without_ours


def set_up(checkout: Checkout) -> dict[str, str]:
    """Make what is missing and return the environment to run Pulumi, the tests and a shell in.

    Where nothing is missing this takes a fraction of a second.

    Raises:
        SetupError: Pulumi can not be had, or the disk is full.
    """
    if state_folder.prepare(checkout) and not {PASSPHRASE, PASSPHRASE_FILE} & without_ours(os.environ).keys():
        salt.forget_salts(checkout)
    salt.install_filter(checkout)
    pulumi = pulumi_cli.ensure(checkout).folder
    without_plugins = stack_environment(checkout, Programs(pulumi, offline_plugins=None))
    offline = plugins.offline_plugins(checkout, without_plugins)
    return stack_environment(checkout, Programs(pulumi, offline))


def tool_environment(checkout: Checkout) -> dict[str, str]:
    """Return the environment of what needs the Python packages alone, as `make lint` does."""
    return stack_environment(checkout, Programs(pulumi=None, offline_plugins=None))
