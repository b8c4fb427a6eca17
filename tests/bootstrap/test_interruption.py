"""A run of tests that is interrupted takes away what it started."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
CONFTEST = """
from tests import interruption

def pytest_configure(config):
    interruption.register(config)
"""
TESTS = """
import os, time
from pathlib import Path

import pytest

HERE = Path(__file__).parent

@pytest.fixture(scope="session")
def started():
    (HERE / f"{os.environ['PYTEST_XDIST_WORKER']}.up").touch()
    yield
    time.sleep(SECONDS)  # as long as it takes to take a stack away
    (HERE / f"{os.environ['PYTEST_XDIST_WORKER']}.gone").touch()

@pytest.mark.parametrize("number", range(2))
def test_something(started, number):
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_every_fixture_of_every_process_ends(tmp_path: Path, number: signal.Signals) -> None:
    """Though each takes longer than pytest-xdist would let it have, before it interrupts it a second time."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_long.py").write_text(TESTS.replace("SECONDS", "7"))
    command = ["-m", "pytest", "-n", "2", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", str(tmp_path)]
    with subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        try:
            wait_until(lambda: len(list(tmp_path.glob("*.up"))) == 2, "both processes run a test")
            run.send_signal(number)
            said, _ = run.communicate(timeout=60)
        finally:
            run.kill()
    assert len(list(tmp_path.glob("*.gone"))) == 2, said
    assert run.returncode == pytest.ExitCode.INTERRUPTED
    assert "what the tests started is being taken away" in said
