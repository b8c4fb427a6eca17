"""Whole commands of a shell, timed in turns, with the memory that their processes held."""

import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.bench.server import PROJECT


@dataclass(frozen=True)
class Run:
    """One command: its seconds, the most memory its processes held at once (bytes), its output."""

    seconds: float
    memory: int
    output: str


def measure(command: str, environment: Mapping[str, str], **options: Any) -> Run:
    """Run a shell command to its end, with `options` of subprocess; whatever of it fails ends the benchmark."""
    began = time.perf_counter()
    process = subprocess.Popen(
        ["bash", "-ceuo", "pipefail", command],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **{"cwd": PROJECT, **options},
    )
    most = 0

    def watch() -> None:
        nonlocal most
        while process.poll() is None:
            most = max(most, held(process.pid))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, errors = process.communicate()
    seconds = time.perf_counter() - began
    watcher.join()
    if process.returncode:
        sys.exit(f"{command[:80]} … ended with {process.returncode}:\n{errors[-2000:]}")
    return Run(seconds, most, output)


def held(pid: int) -> int:
    """Return the memory of a process and its children, pages they share counted once."""
    total = 0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with_shares = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            total += int(re.findall(r"^Pss:\s+(\d+) kB", with_shares, re.MULTILINE)[0]) * 1024
    except (psutil.Error, OSError, IndexError):
        return total  # it ended meanwhile
    return total


Way = Callable[[], Run]


def in_turns(ways: dict[str, Way], rounds: int) -> dict[str, list[Run]]:
    """Run each way once a round."""
    found: dict[str, list[Run]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, way in ways.items():
            found[name].append(way())
            print(f"round {number + 1}: {name}: {found[name][-1].seconds:.1f} s", file=sys.stderr)
    return found


def table(title: str, found: dict[str, list[Run]]) -> None:
    """Print medians, the ratio to the first way, and the most memory."""
    print(f"\n| {title} | median s | best s | ratio | peak MB |\n| --- | --- | --- | --- | --- |")
    base = statistics.median(run.seconds for run in next(iter(found.values())))
    for name, runs in found.items():
        median = statistics.median(run.seconds for run in runs)
        best, memory = min(run.seconds for run in runs), max(run.memory for run in runs)
        print(f"| {name} | {median:.1f} | {best:.1f} | {median / base:.2f} | {memory / 1e6:.0f} |")
