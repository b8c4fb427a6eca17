"""What people see: a bar on a terminal, lines elsewhere, JSON with --json; terminals are left as they were."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from infra import store_policies
from infra.backup_job import progress
from infra.backup_job.progress import Step
from infra.backup_job.progress_display import ERASE, Bar, Lines, line, watcher
from infra.backup_job.report import as_text
from tests.backup.conftest import PROJECT, Job
from tests.backup.held import children, held, held_dump, held_restore
from tests.backup.s3_server import S3Server
from tests.backup.troubled_store import troubled
from tests.conftest import Database
from tests.waiting import wait_until

OF_A_RUN = ["backup started", "dump is in the store", "restoring", "backup is the latest"]
NOTHING: Mapping[str, str] = {}


class Terminal:
    """One of the job's commands on a terminal, which collects what is written there; JSON goes into a pipe."""

    def __init__(self, job: Job, arguments: Sequence[str], columns: int, variables: Mapping[str, str]) -> None:
        self.written = ""
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        try:
            self.process = subprocess.Popen(
                job.command(*arguments),
                cwd=PROJECT,
                env={**os.environ, "BACKUP_CONFIG": str(job.file), "TERM": "xterm", **variables},
                stdout=subprocess.PIPE if "--json" in arguments else theirs,
                stderr=theirs,
                text=True,
            )
        finally:
            os.close(theirs)
        job.started.append(self.process)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                block = os.read(self._ours, 65536)
            except OSError:  # how Linux says that nobody has the other end any more
                return
            self.written += block.decode()

    def end(self) -> tuple[int, str | None]:
        """Wait for the command's end; return its exit code, and what came out of the pipe."""
        out, _ = self.process.communicate(timeout=120)
        self._reader.join()
        return self.process.returncode, out

    def close(self) -> None:
        """Give the terminal back."""
        for child in children(self.process):
            child.kill()
        self.process.kill()
        self._reader.join()
        os.close(self._ours)

    @property
    def drawn(self) -> list[str]:
        """Every line that was drawn over."""
        return [text for text in self.written.split(ERASE) if text and "\n" not in text]

    @property
    def left(self) -> list[str]:
        """The lines that stand there at the end."""
        lines = self.written.split("\r\n")
        return [text.rpartition(ERASE)[2] for text in lines if text.rpartition(ERASE)[2]]


@contextmanager
def terminal(
    job: Job, *arguments: str, columns: int = 100, variables: Mapping[str, str] = NOTHING
) -> Iterator[Terminal]:
    made = Terminal(job, arguments, columns, variables)
    try:
        yield made
    finally:
        made.close()


def events(lines: list[str]) -> list[str]:
    return [text.partition(":")[0] for text in lines]


def shows(seen: Terminal, words: str) -> None:
    wait_until(lambda: any(words in text for text in seen.drawn), f"a line with {words!r}")


def test_a_bar_for_dump_restore_and_verify(job: Job, big: Database, restored: list[str]) -> None:
    """With NO_COLOR, which it obeys by having none."""
    job.good("run")
    with terminal(job, "run", variables={"NO_COLOR": "1"}) as seen:
        dump = held_dump(seen.process, megabytes=20)
        shows(seen, "dumping")
        shows(seen, " left")  # of about as much as the last backup took
        dump.resume()
        assert seen.end()[0] == 0
        assert events(seen.left) == [*OF_A_RUN, "s3"]
        assert "\x1b" not in seen.written.replace(ERASE, "")  # no colours, and the cursor was never hidden
    with terminal(job, "restore", "--jobs", "1") as seen:
        restore = held_restore(seen.process)
        shows(seen, "restoring   ")
        shows(seen, "% [")
        restore.resume()
        assert seen.end()[0] == 0
        restored.append(seen.left[-1].rpartition("/")[2])
        assert events(seen.left)[:-1] == ["restoring", "restored, and the same as the backup"]
    with terminal(job, "verify") as seen:
        reading = held(seen.process, "--file=/dev/null", lambda found: found.io_counters().read_chars > 1_000_000)
        shows(seen, "reading back")
        reading.resume()
        assert seen.end()[0] == 0
        assert [text.partition(" ")[2].partition(":")[0] for text in seen.left] == ["is whole"]
    assert big


def test_a_bar_for_pruning(job: Job, s3_server: S3Server, database: Database) -> None:
    """It stands while the store takes its time over the first deletion."""
    asked, answer = threading.Event(), threading.Event()

    def wait_in_deleting(kind: str, before: int) -> None:
        if kind == "DELETE object" and before == 0:
            asked.set()
            answer.wait(60)

    pruner = s3_server.keys(store_policies.PRUNER)
    rules = dict.fromkeys(("hourly", "daily", "weekly", "monthly", "yearly"), 0)
    job.set(retention={"last": 1, **rules}, prune_access_key=pruner.access_key, prune_secret_key=pruner.secret_key)
    job.good("run")
    job.good("run")
    with troubled(s3_server.endpoint, wait_in_deleting) as (endpoint, _):
        job.set(s3_endpoint=endpoint)
        with terminal(job, "prune") as seen:
            assert asked.wait(60)
            shows(seen, "] 1 of 2")  # the latest, which stays, came first
            answer.set()
            assert seen.end()[0] == 0
            assert "1 went" in seen.left[-1]
    assert database


def test_a_narrow_terminal_is_drawn_in_and_left_well_when_interrupted(job: Job, big: Database) -> None:
    with terminal(job, "run", columns=20) as seen:
        held_dump(seen.process, megabytes=20)
        shows(seen, "dumping 0:")
        seen.process.send_signal(signal.SIGINT)
        assert seen.end()[0] == 128 + signal.SIGINT
        assert max(len(text) for text in seen.drawn) < 20
        assert seen.left[-1] == "stopped by SIGINT"
        assert "\x1b" not in seen.written.replace(ERASE, "")
    assert big


@pytest.mark.parametrize(("arguments", "variables"), [(["--json"], {}), ([], {"TERM": "dumb"})])
def test_no_bar_with_json_or_where_none_can_be_drawn(
    job: Job, database: Database, arguments: list[str], variables: dict[str, str]
) -> None:
    with terminal(job, "run", *arguments, variables=variables) as seen:
        code, out = seen.end()
        assert code == 0
        assert "\x1b" not in seen.written
        found = events(seen.left)[:-1] if out is None else [json.loads(text)["event"] for text in out.splitlines()]
    assert found == OF_A_RUN
    assert database


def test_plain_lines_in_a_pipe(job: Job, database: Database) -> None:
    done = job.run("run")
    assert done.returncode == 0
    assert events(done.stderr.splitlines()) == OF_A_RUN
    assert not {"\r", "\x1b"}.intersection(done.stderr)
    assert database


def test_a_line_now_and_then_says_how_far_long_work_is() -> None:
    told: list[dict[str, Any]] = []

    def tell(event: str, **facts: Any) -> None:
        told.append({"event": event, **facts})

    with progress.watched(Lines(tell, interval=0.001)), progress.step("dumping", 1000) as step:
        step.add(250)
        wait_until(lambda: told and told[-1].get("bytes") == 250, "a line of 250 bytes")
    found = told[-1]
    assert {"event": "under way", "step": "dumping", "bytes": 250, "of_bytes": 1000}.items() <= found.items()
    assert found["seconds_left"] >= 0
    heard = len(told)
    with progress.step("nobody watches"):
        assert len(told) == heard


@pytest.mark.parametrize("width", range(0, 121, 5))
def test_a_line_is_never_longer_than_its_terminal(width: int) -> None:
    begun = time.monotonic() - 90
    for step in (Step("restoring", 4 << 30, done=1 << 30, begun=begun), Step("dumping", begun=begun)):
        assert len(line(step, width)) <= width


def test_a_guess_that_was_too_low_is_none() -> None:
    step = Step("dumping", 1024, done=3600, begun=time.monotonic() - 3)
    assert line(step, 80) == "dumping 3.5 kB, 1.2 kB/s, 0:00:03"


@pytest.mark.parametrize(
    ("kind", "terminal_is_there", "lines", "drawn"),
    [
        ("xterm", True, False, True),
        ("xterm", False, False, False),
        ("dumb", True, False, False),
        ("xterm", True, True, False),
    ],
)
def test_a_bar_is_for_terminals_that_can_draw_one(
    monkeypatch: pytest.MonkeyPatch, kind: str, terminal_is_there: bool, lines: bool, drawn: bool
) -> None:
    monkeypatch.setenv("TERM", kind)
    ours, theirs = pty.openpty() if terminal_is_there else os.pipe()
    with os.fdopen(ours), os.fdopen(theirs, "w") as stream:
        assert isinstance(watcher(stream, as_text, lines=lines), Bar if drawn else Lines)
