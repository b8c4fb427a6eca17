"""Tests of other folders, run anew on a server, or a store, that is given to them."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest

from tests.conftest import GIVEN

ROOT = Path(__file__).parents[2]


def run_on(url: str, tests: Sequence[str], folder: Path, **environment: str) -> None:
    """Run `tests` in a pytest of their own; fail with what it says unless they pass, on the server at `url`.

    Args:
        url: of the superuser `postgres`, on 127.0.0.1.
        tests: files, folders or single tests, from the root of the checkout.
        folder: for what they write.
        environment: variables for them alone.
    """
    before = transactions(url)
    said = run_apart(tests, folder, **environment, **{GIVEN: url})
    passed = re.search(r"(\d+) passed", said)
    assert passed, said
    assert transactions(url) - before > int(passed[1]), f"they ran elsewhere than on {GIVEN}:\n{said}"


def run_apart(tests: Sequence[str], folder: Path, **environment: str) -> str:
    """Run `tests` in a pytest of their own; return what it says, fail with that unless they pass.

    They run at their ordinary length in a full run, too: what is long there is so to meet rare moments, not versions.

    Args:
        tests: files, folders or single tests, from the root of the checkout, and pytest's own options.
        folder: for what they write.
        environment: variables for them alone.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name != "AGENT_ECOSYSTEM_FULL" and not name.startswith(("PYTEST_XDIST_", "PYTEST_CURRENT_"))
    }
    command = ["-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", f"--basetemp={folder / 'run'}", *tests]
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**inherited, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        try:
            said, _ = running.communicate()
        finally:
            if running.poll() is None:  # we are interrupted: let it clear up
                running.send_signal(signal.SIGINT)
                running.wait()
    if running.returncode:
        pytest.fail(said, pytrace=False)
    return said


def transactions(url: str) -> int:
    """Return how many transactions that change something a server has begun."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    assert row
    return int(row[0])
