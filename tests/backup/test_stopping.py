"""A signal that no waiting thread notices by itself."""

import subprocess
import sys

from tests.backup.conftest import PROJECT


def run(script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=PROJECT, check=False, capture_output=True, text=True, timeout=60)


SIGNALLED_ELSEWHERE = """
import signal, subprocess, threading
from pathlib import Path
from infra.backup_job import stopping

stopping.listen()
silent = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
stopping.ends_with_us(silent)
main_thread = Path(f"/proc/self/task/{threading.get_native_id()}/syscall")

def signal_us():
    while main_thread.read_text().split()[1:2] != [hex(silent.stdout.fileno())]:
        pass
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

threading.Thread(target=signal_us).start()
silent.stdout.read(1)
print("the program has ended:", silent.wait() == -signal.SIGKILL, flush=True)
stopping.check()
"""
"""It is as if the signal had come just before the main thread began to read: the system call is not interrupted."""


def test_a_signal_ends_a_wait_that_it_does_not_interrupt() -> None:
    ended = run(SIGNALLED_ELSEWHERE)
    assert ended.stdout == "the program has ended: True\n"
    assert "Stopped: 15" in ended.stderr


STARTED_TOO_LATE = """
import signal, subprocess
from infra.backup_job import stopping

stopping.listen()
signal.raise_signal(signal.SIGTERM)
stopping._told.wait()
late = subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True)
stopping.ends_with_us(late)
print("the program has ended:", late.wait() == -signal.SIGKILL)
"""


def test_a_program_that_starts_after_the_signal_ends_at_once() -> None:
    ended = run(STARTED_TOO_LATE)
    assert ended.stdout == "the program has ended: True\n", ended.stderr
