"""The example workflow: it parses, and uses only what is there."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.settings import PROJECT_FOLDER

EXAMPLE = PROJECT_FOLDER / "docs/examples/github-actions.yml"
TOOLS = {"make", "echo", "tail", "gh", "set", "tee"}
"""All that the lines start: there on GitHub's runners."""


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    # YAML 1.1 reads the key `on` as a boolean; GitHub does not.
    loaded: dict[Any, Any] = yaml.safe_load(EXAMPLE.read_text())
    return {"on" if key is True else key: value for key, value in loaded.items()}


def lines(workflow: dict[str, Any]) -> list[str]:
    runs = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    return [line for run in runs for line in run.strip().splitlines()]


def test_previews_are_commented_merges_go_up_and_the_night_takes_a_backup_and_looks_for_drift(
    workflow: dict[str, Any],
) -> None:
    assert set(workflow["on"]) == {"pull_request", "push", "schedule"}
    assert set(workflow["jobs"]) == {"preview", "staging", "production", "backup", "drift"}
    assert workflow["jobs"]["production"]["needs"] == "staging"


def test_every_target_exists_and_runs_what_it_says(workflow: dict[str, Any]) -> None:
    commands = [line for line in lines(workflow) if re.match(r"make ", line)]
    assert len(commands) == 9
    for command in commands:
        dry = command.split(" 2>&1")[0].replace("make ", "make -n ", 1)
        run = subprocess.run(["sh", "-c", dry], cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        assert "--stack 'production'" in run.stdout or "--stack 'staging'" in run.stdout


def test_each_stack_has_its_file(workflow: dict[str, Any]) -> None:
    stacks = set(re.findall(r"STACK=(\w+)", "\n".join(lines(workflow))))
    assert stacks == {"staging", "production"}
    for stack in stacks:
        content = yaml.safe_load((PROJECT_FOLDER / f"Pulumi.{stack}.yaml").read_text())
        assert content["config"]["agent-ecosystem:environment"] == stack


def test_no_other_programs_are_needed(workflow: dict[str, Any]) -> None:
    for line in lines(workflow):
        plain = re.sub(r"\d?>+ *\S+", "", re.sub(r"'[^']*'", "''", line))
        for command in re.split(r"[|;]", plain):
            words = command.strip(" {}").split()
            assert not words or words[0] in TOOLS, line


def test_every_cached_or_hashed_file_exists() -> None:
    for pattern in re.findall(r"hashFiles\((.*?)\)", EXAMPLE.read_text()):
        for glob in re.findall(r"'(.*?)'", pattern):
            assert list(Path(PROJECT_FOLDER).glob(glob)), glob
