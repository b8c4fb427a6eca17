"""Commands of ours as processes, forked off one that has loaded their modules: most of the time of a short one."""

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Main = Callable[[list[str]], int]

PRELOADED = ["infra.backup_job.command_line", "infra.provider.schema.command_line"]
SECONDS = 120.0

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(PRELOADED)


def run(
    main: Main, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, in `folder`, with this environment alone; return its exit code and what it said.

    Args:
        main: the command's own function, of a module's top level.

    Raises:
        subprocess.TimeoutExpired: it did not end; it was killed, and what it had started.
    """
    with tempfile.TemporaryDirectory() as said:
        out, err = Path(said, "out"), Path(said, "err")
        process = _CONTEXT.Process(
            target=_as_a_program, args=(main, list(arguments), folder, dict(environment), out, err)
        )
        process.start()
        try:
            process.join(SECONDS)
            if (code := process.exitcode) is None:
                raise subprocess.TimeoutExpired(list(arguments), SECONDS)
        finally:
            if process.pid and process.is_alive():
                os.killpg(process.pid, signal.SIGKILL)
                process.join()
        return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())


def _as_a_program(
    main: Main, arguments: list[str], folder: Path, environment: dict[str, str], out: Path, err: Path
) -> None:
    os.setsid()  # a group of its own, with all that it starts
    for path, stream in ((out, sys.stdout), (err, sys.stderr)):
        with path.open("wb") as file:
            os.dup2(file.fileno(), stream.fileno())
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.exit(main(arguments))
