"""The plugin ends with the engine that started it, however that one ended."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from tests.provider.pgstack.conftest import EXECUTABLE
from tests.provider.pgstack.driver import ended
from tests.waiting import wait_until

ENGINE = textwrap.dedent("""\
    import subprocess, sys, time
    plugin = subprocess.Popen([sys.argv[1], "127.0.0.1:1"], stdout=subprocess.PIPE, start_new_session=True)
    if sys.argv[2] == "started":
        plugin.stdout.readline()
    print(plugin.pid, flush=True)
    time.sleep(600)
""")


@pytest.mark.parametrize("when", ["started", "starting"])
def test_a_killed_engine_leaves_no_plugin(when: str, tmp_path: Path) -> None:
    with (tmp_path / "err").open("w") as errors:
        engine = subprocess.Popen(
            [sys.executable, "-c", ENGINE, EXECUTABLE, when], stdout=subprocess.PIPE, stderr=errors, text=True
        )
    with engine:
        assert engine.stdout is not None
        plugin = psutil.Process(int(engine.stdout.readline()))
        engine.kill()
    try:
        wait_until(lambda: ended(plugin), "the plugin ends")
    finally:
        if not ended(plugin):
            os.kill(plugin.pid, signal.SIGKILL)
    assert "Traceback" not in (tmp_path / "err").read_text()
