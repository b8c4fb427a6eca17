"""Killed engines, killed servers: the next `make up` finishes what was begun."""

import os
import re
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.e2e.project import Project
from tests.full_run import FULL
from tests.waiting import wait_until

DEADLINE_SECONDS = 120


def kill_up_when(project: Project, marker: str) -> None:
    """Start `pulumi up` and kill its engine, by SIGKILL, as soon as it says `marker`."""
    process = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", "dev"],
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = []
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if re.search(marker, line):
                os.kill(process.pid, signal.SIGKILL)
                return
    pytest.fail(f"up never said {marker!r}:\n{''.join(said)}")


STAGES = (
    r"Service postgres creating",
    r"Role \S+ creating",
    r"Schema schema creating",
    r"Service backup-schedule creating",
)


def test_killed_by_9_again_and_again_it_goes_on_and_make_up_finishes(fresh: Project) -> None:
    """Each update comes one stage further than the one before: it adopts what that made, and is killed in turn."""
    fresh.pulumi("stack", "init", "dev")
    for stage in STAGES if FULL else STAGES[1::2]:
        kill_up_when(fresh, stage)
        wait_until(lambda: not fresh.plugins(), "orphaned plugins end", DEADLINE_SECONDS)
        fresh.pulumi("cancel", "--yes")
    kill_up_when(fresh, STAGES[-1])
    wait_until(lambda: not fresh.plugins(), "orphaned plugins end", DEADLINE_SECONDS)
    fresh.make("up")  # clears the dead lock by itself
    fresh.preview("--expect-no-changes")
    assert fresh.query("SELECT count(*) AS n FROM realtime_channels") == [{"n": 8}]
    fresh.make("destroy", "YES=1")
    assert fresh.processes() == []


def test_a_killed_server_comes_back_with_its_data(fresh: Project) -> None:
    fresh.make("up")
    fresh.query("SELECT register_agent('survivor', 'executor', '1.8.3')")
    url = fresh.outputs()["url"]
    for process in fresh.processes():
        process.kill()
    psutil.wait_procs(fresh.processes(), timeout=60)
    said = fresh.preview()
    assert len(re.findall(r"pgstack:local:Service \S+ update \[diff: [~-]running\]", said)) == 4, said
    fresh.make("up")
    assert fresh.outputs()["url"] == url
    assert fresh.query("SELECT agent_id FROM agent_registry") == [{"agent_id": "survivor"}]
    assert Path(fresh.folder / ".state/dev/backup/job.json").exists()
