"""Killed engines, killed servers: the next `make up` finishes what was begun."""

import re
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.e2e.project import Project
from tests.full_run import FULL
from tests.waiting import wait_until

DEADLINE_SECONDS = 120


def kill_up_when(project: Project, marker: str) -> None:
    """Start `make up` and kill its engine, by SIGKILL, as soon as it says `marker`."""
    process = subprocess.Popen(
        ["make", "up"],
        cwd=project.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said, killed = [], False
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if not killed and re.search(marker, line):
                engine(process.pid).kill()
                killed = True
    if not killed:
        pytest.fail(f"up never said {marker!r}:\n{''.join(said)}")
    wait_until(lambda: not project.plugins(), "orphaned plugins end", DEADLINE_SECONDS)


def engine(make: int) -> psutil.Process:
    """Return the process of `pulumi up` below a `make up`."""
    below = psutil.Process(make).children(recursive=True)
    return next(process for process in below if process.name() == "pulumi" and "up" in process.cmdline())


STAGES = (
    r"Service postgres creating",
    r"Role \S+ creating",
    r"Schema schema creating",
    r"Service backup-schedule creating",
)


def test_killed_by_9_again_and_again_make_up_finishes(fresh: Project) -> None:
    """Each update clears the dead lock of the one before, adopts what that made, comes a stage further, is killed."""
    for stage in STAGES if FULL else STAGES[1::2]:
        kill_up_when(fresh, stage)
    kill_up_when(fresh, STAGES[-1])
    fresh.make("up")
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
