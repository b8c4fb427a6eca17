"""A lock is cleared when its holder is dead, and only then."""

import json
import os
import socket
import subprocess
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from tests.bootstrap.conftest import Clone
from tools.bootstrap.dead_locks import clear_dead_locks
from tools.bootstrap.failure import SetupError

STARTED = datetime.fromtimestamp(psutil.Process().create_time(), UTC)


def dead_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def write_lock(backend: Path, **fields: object) -> Path:
    folder = backend / ".pulumi" / "locks" / "organization" / "agent-ecosystem" / "dev"
    folder.mkdir(parents=True, exist_ok=True)
    lock = {
        "pid": os.getpid(),
        "username": "somebody",
        "hostname": socket.gethostname(),
        "timestamp": (STARTED + timedelta(seconds=30)).isoformat(),
        **fields,
    }
    file = folder / "one.json"
    file.write_text(json.dumps(lock))
    file.with_name("one.json.attrs").write_text("{}")
    return file


def clear(backend: Path) -> None:
    clear_dead_locks(backend.as_uri(), "agent-ecosystem", "dev")


def test_the_lock_of_a_dead_process_goes(tmp_path: Path) -> None:
    file = write_lock(tmp_path, pid=dead_pid())
    clear(tmp_path)
    assert list(file.parent.iterdir()) == []


def test_the_lock_of_a_process_whose_number_another_has_now_goes(tmp_path: Path) -> None:
    file = write_lock(tmp_path, timestamp=(STARTED - timedelta(hours=1)).isoformat())
    clear(tmp_path)
    assert not file.exists()


def assert_stays(backend: Path, file: Path) -> None:
    with pytest.raises(SetupError, match="somebody on ") as error:
        clear(backend)
    assert str(file) in str(error.value)
    assert file.exists()


def test_the_lock_of_a_living_process_stays_and_the_error_names_it(tmp_path: Path) -> None:
    assert_stays(tmp_path, write_lock(tmp_path))


def test_the_lock_of_another_machine_stays_as_nobody_here_knows_its_processes(tmp_path: Path) -> None:
    assert_stays(tmp_path, write_lock(tmp_path, pid=dead_pid(), hostname="elsewhere"))


def test_a_lock_that_cannot_be_read_stays(tmp_path: Path) -> None:
    file = write_lock(tmp_path)
    file.write_text("")
    with pytest.raises(SetupError, match="delete that file"):
        clear(tmp_path)
    assert file.exists()


def test_a_backend_elsewhere_has_no_lock_files() -> None:
    clear_dead_locks("s3://bucket/path", "agent-ecosystem", "dev")


@pytest.mark.e2e
def test_pulumi_killed_in_the_middle_locks_nobody_out(clone: Clone) -> None:
    clone.stack().select()
    program = "import pathlib, time\npathlib.Path('running').touch()\ntime.sleep(60)\n"
    (clone.root / "__main__.py").write_text(program)
    command = ["pulumi", "up", "--yes", "--non-interactive", "--skip-preview"]
    engine = subprocess.Popen(command, cwd=clone.root, env=clone.environment, stdout=subprocess.DEVNULL)
    family: list[psutil.Process] = []
    try:
        while not (clone.root / "running").exists():
            assert engine.poll() is None
        family = psutil.Process(engine.pid).children(recursive=True)
    finally:
        engine.kill()
        engine.wait()
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
    (clone.root / "__main__.py").write_text("import pulumi\n")
    assert clone.stack().run("up", "--yes", "--skip-preview") != 0
    clone.stack().unlock()
    assert clone.stack().run("up", "--yes", "--skip-preview") == 0
