"""What the bootstrap says while it works: on stderr, so that `make url` prints a URL and nothing else."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.bootstrap.disk import no_space_left
from tools.bootstrap.failure import SetupError

LINE_EVERY = 10.0
"""Seconds between two signs of life where there is no terminal to draw on."""

LAST_WORDS = 1500
"""How many characters of a failed program's output are worth showing."""


def say(line: str) -> None:
    """Print one line."""
    print(line, file=sys.stderr, flush=True)


def run_quietly(
    command: Sequence[str | Path],
    label: str,
    *,
    writes_to: Path,
    environment: Mapping[str, str] | None = None,
    keep_open: Sequence[int] = (),
) -> None:
    """Run a program that takes a while: its output is shown only if it fails, the time it takes in between.

    Args:
        command: the program and its arguments.
        label: what it does, as the beginning of a line.
        writes_to: the folder it fills, named when the disk is full.
        environment: its environment, ours by default.
        keep_open: file descriptors it inherits.

    Raises:
        SetupError: it failed.
    """
    began = time.monotonic()
    say(f"{label} ...")
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment, pass_fds=tuple(keep_open)
        )
        try:
            while True:
                try:
                    code = process.wait(LINE_EVERY)
                    break
                except subprocess.TimeoutExpired:
                    say(f"{label} ... {time.monotonic() - began:.0f} s")
        except BaseException:
            process.kill()
            process.wait()
            raise
        if code:
            output.seek(0)
            words = output.read().strip()
            raise no_space_left(words, writes_to) or SetupError(f"{label} failed:\n{words[-LAST_WORDS:]}")
    say(f"{label}: done in {time.monotonic() - began:.0f} s")
