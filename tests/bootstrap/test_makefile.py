"""The targets as a newcomer meets them."""

import re
import subprocess
from pathlib import Path

import pytest

from tools.bootstrap.checkout import Checkout

ROOT = Checkout.here().root
TARGETS = [
    *("up", "preview", "preflight", "refresh", "status", "url", "demo", "backup", "restore", "prune"),
    *("schedule", "recover", "destroy", "shell"),
    *("test", "test-full", "check", "bench-preview", "bench-schema", "bench-backup"),
    *("bench-ecosystem", "docs", "lint"),
]


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def test_make_alone_lists_every_target_with_one_line() -> None:
    run = make()
    assert run.returncode == 0
    assert re.findall(r"^  make ([a-z-]+) +\S", run.stdout, re.MULTILINE) == ["help", *TARGETS]


@pytest.mark.parametrize("target", TARGETS)
def test_each_target_means_the_stack_it_is_given(target: str) -> None:
    run = make("-n", target, "STACK=other")
    assert run.returncode == 0
    assert all("--stack 'other'" in line for line in run.stdout.splitlines())


def test_backups_are_those_of_the_stack() -> None:
    for target, command in (("backup", "run"), ("restore", "restore"), ("prune", "prune")):
        assert f"python -m infra.job_command {command}" in make("-n", target, "STACK=other").stdout


@pytest.mark.parametrize(
    ("answer", "confirmed"), [("1", True), ("yes", True), ("", False), ("0", False), ("no", False)]
)
def test_only_a_yes_is_a_yes(answer: str, confirmed: bool) -> None:
    assert ("--yes" in make("-n", "destroy", f"YES={answer}").stdout) is confirmed


def test_what_one_target_is_given_does_not_reach_the_targets_that_its_program_runs(tmp_path: Path) -> None:
    (tmp_path / "show.mk").write_text("show:\n\t@echo given $(ARGS); env\n")
    shown = make("-f", "Makefile", "-f", str(tmp_path / "show.mk"), "show", "ARGS=--into x").stdout.splitlines()
    assert shown[0] == "given --into x"
    assert not [line for line in shown if line.startswith("ARGS=")]
