"""The environment of every target: the user's own choices stay, another clone's do not."""

import os
import stat
from pathlib import Path

import pytest

from tools.bootstrap import state_folder
from tools.bootstrap.checkout import Checkout
from tools.bootstrap.environment import BACKEND, NO_DOWNLOADS, PASSPHRASE, PASSPHRASE_FILE, Programs, stack_environment

ONE, TWO = Checkout(Path("/clones/one")), Checkout(Path("/clones/two"))
NOTHING_OF_OURS = Programs(pulumi=None, offline_plugins=None)


def test_a_clone_keeps_its_state_and_its_passphrase_to_itself() -> None:
    environment = stack_environment(ONE, NOTHING_OF_OURS, {"PATH": "/bin"})
    assert environment[BACKEND] == "file:///clones/one/.state/backend"
    assert environment[PASSPHRASE_FILE] == "/clones/one/.state/passphrase"
    assert environment["PATH"] == "/clones/one/.venv/bin:/bin"
    assert NO_DOWNLOADS not in environment


def test_our_programs_come_before_the_machines_own() -> None:
    programs = Programs(Path("/cache/pulumi/bin"), ONE.offline_plugins)
    environment = stack_environment(ONE, programs, {"PATH": "/bin"})
    assert environment["PATH"] == f"/clones/one/.venv/bin:/cache/pulumi/bin:{ONE.offline_plugins}:/bin"
    assert environment[NO_DOWNLOADS] == "true"


@pytest.mark.parametrize("passphrase", ["", "theirs"])
def test_a_backend_and_a_passphrase_of_the_users_stay(passphrase: str) -> None:
    base = {"PATH": "/bin", BACKEND: "s3://team", PASSPHRASE: passphrase}
    environment = stack_environment(ONE, NOTHING_OF_OURS, base)
    assert environment[BACKEND] == "s3://team"
    assert environment[PASSPHRASE] == passphrase
    assert PASSPHRASE_FILE not in environment


def test_twice_is_once() -> None:
    programs = Programs(None, ONE.offline_plugins)
    once = stack_environment(ONE, programs, {"PATH": "/bin"})
    assert stack_environment(ONE, programs, once) == once


def test_the_shell_of_one_clone_does_not_reach_into_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_ECOSYSTEM_CACHE", "/cache")
    inside_one = stack_environment(ONE, Programs(Path("/cache/pulumi/bin"), ONE.offline_plugins), {"PATH": "/bin"})
    assert stack_environment(TWO, NOTHING_OF_OURS, inside_one) == stack_environment(
        TWO, NOTHING_OF_OURS, {"PATH": "/bin"}
    )


def test_state_is_closed_to_others_and_the_passphrase_is_drawn_once(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    before = os.umask(0)
    try:
        state_folder.prepare(checkout)
    finally:
        os.umask(before)
    passphrase = checkout.passphrase.read_text()
    assert len(passphrase) >= 32
    assert stat.S_IMODE(checkout.state.stat().st_mode) == 0o700
    assert stat.S_IMODE(checkout.passphrase.stat().st_mode) == 0o600
    state_folder.prepare(checkout)
    assert checkout.passphrase.read_text() == passphrase
    assert not list(checkout.state.glob("passphrase.*"))
