"""What tells a process from others of its number."""

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from infra.embedded.process import DetachedProcess
from infra.embedded.process_identity import birth_mark

WAITING = [sys.executable, "-c", "input()"]


def test_a_mark_stays_and_ends_with_its_process() -> None:
    with subprocess.Popen(WAITING, stdin=subprocess.PIPE) as process:
        marks = {birth_mark(process.pid), birth_mark(process.pid)}
        process.communicate(b"\n")
    (mark,) = marks
    assert mark.isalnum()
    assert mark != birth_mark(1)
    with pytest.raises(psutil.NoSuchProcess):
        birth_mark(process.pid)


def test_a_process_that_an_earlier_release_started_is_found_by_its_time(tmp_path: Path) -> None:
    process = DetachedProcess(tmp_path)
    process.start([sys.executable, "-c", "import time; time.sleep(600)"], {})
    try:
        record = json.loads((tmp_path / "process.json").read_text())
        started = psutil.Process(record["pid"]).create_time()
        (tmp_path / "process.json").write_text(json.dumps({"pid": record["pid"], "started": started + 1}))
        assert process.find() is not None
        (tmp_path / "process.json").write_text(json.dumps({"pid": record["pid"], "started": started + 60}))
        assert process.find() is None
    finally:
        (tmp_path / "process.json").write_text(json.dumps(record))
        process.stop(patience=0)


def test_a_process_is_found_again_after_the_clock_was_corrected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = DetachedProcess(tmp_path)
    process.start([sys.executable, "-c", "import time; time.sleep(600)"], {})
    try:
        real = psutil.Process.create_time
        monkeypatch.setattr(psutil.Process, "create_time", lambda self: real(self) + 1)
        assert process.find() is not None
    finally:
        monkeypatch.undo()
        process.stop(patience=0)
    assert process.find() is None
