"""How `make test` shares the tests between its processes: a stack is never split, nor a file but for a few."""

import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
FILES = ("tests/unit/test_settings.py", "tests/provider/pgstack/test_base_class.py")
RAN = re.compile(r"\[(?P<process>gw\d)\] .* PASSED (?P<file>[\w/.]+)::")


def test_a_file_runs_in_one_process() -> None:
    """Its module's fixtures would be made twice otherwise, and a test would miss what an earlier one did."""
    makefile = (PROJECT / "Makefile").read_text()
    spread = re.search(r"^SPREAD = -n \$\(PROCESSES\) (.+)$", makefile, re.MULTILINE)
    assert spread is not None
    command = [sys.executable, "-m", "pytest", "-v", "-n", "2", *spread[1].split(), *FILES]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    processes: dict[str, set[str]] = {}
    for ran in RAN.finditer(result.stdout):
        processes.setdefault(ran["file"], set()).add(ran["process"])
    assert {file: len(names) for file, names in processes.items()} == dict.fromkeys(FILES, 1)
