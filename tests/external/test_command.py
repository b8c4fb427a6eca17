"""`make preflight` for a database that no stack knows yet: the same findings, on a terminal, with an exit code."""

import os
import subprocess
import sys

import pytest

from tests.supabase.emulation import Supabase


def command(url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra.preflight"],
        env={**os.environ, "DATABASE_URL": url, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_good_database_is_a_list_of_ticks(supabase: Supabase) -> None:
    done = command(supabase.url())
    assert done.returncode == 0, done.stdout + done.stderr
    assert {line[0] for line in done.stdout.splitlines()} == {"✓"}
    assert "as postgres" in done.stdout
    assert supabase.password not in done.stdout + done.stderr


def test_what_fails_is_marked_and_the_exit_code_says_so(supabase: Supabase) -> None:
    done = command(supabase.url("authenticator"))
    assert done.returncode == 1
    assert "✗ roles: agent, orchestrator, observer, maintenance do not exist" in done.stdout


@pytest.mark.parametrize("url", ["S3cret", "postgresql://u:S3cret@h", "postgresql://u:S3cret/word@h/d"])
def test_a_wrong_url_is_one_line_without_the_password(url: str) -> None:
    done = command(url)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert done.stdout.startswith("configuration key agent-ecosystem:databaseUrl ")
    assert "S3cret" not in done.stdout + done.stderr
