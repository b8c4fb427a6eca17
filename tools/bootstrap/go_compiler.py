"""`go` with a progress display, and with errors that say what to do."""

import subprocess
import tempfile
from collections import deque
from pathlib import Path

from tools.bootstrap.disk import no_space_left
from tools.bootstrap.failure import SetupError
from tools.bootstrap.go_toolchain import go_environment
from tools.bootstrap.progress import LAST_WORDS, say
from tools.bootstrap.step_counter import count_steps

DOWNLOAD = "go: downloading "
"""How `go` begins the line it prints for each module it fetches."""


class GoCompiler:
    """Builds programs out of Go modules whose go.mod and go.sum say all there is to say.

    Args:
        go: the toolchain.
        folder: a folder of ours, on the disk where results go.
    """

    def __init__(self, go: Path, folder: Path) -> None:
        self._go = go
        self._folder = folder
        self._environment = go_environment(go)

    def build(self, module: Path, package: str, target: Path, linker_flags: str) -> None:
        """Build a module's `package` as the program `target`.

        Raises:
            SetupError: a module could not be had, the disk is full, or it does not compile.
        """
        say(f"Building {target.name} from its Go module.")
        packages = self._run(module, ["list", "-mod=readonly", "-deps", package], f"modules for {target.name}")
        options = ["-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags", linker_flags, "-o", str(target)]
        self._run(module, ["build", "-v", *options, package], f"packages of {target.name}", total=len(packages))

    def module_folder(self, module: Path, dependency: str) -> Path:
        """Return where the source of one of a module's dependencies lies.

        Raises:
            SetupError: it can not be had.
        """
        arguments = ["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", dependency]
        return Path(self._run(module, arguments, f"source of {dependency}")[0])

    def _run(self, module: Path, arguments: list[str], label: str, total: int | None = None) -> list[str]:
        """Run `go`, a step a line on stderr: a module fetched, or with `build -v` a package compiled."""
        with tempfile.TemporaryFile("w+", dir=self._folder) as output, count_steps(label, total) as step:
            process = subprocess.Popen(
                [self._go, *arguments],
                cwd=module,
                env=self._environment,
                text=True,
                stdout=output,
                stderr=subprocess.PIPE,
            )
            last_lines: deque[str] = deque(maxlen=40)
            try:
                for line in process.stderr or ():
                    last_lines.append(line)
                    if total is None or not line.startswith(DOWNLOAD):
                        step()
            except BaseException:
                process.kill()
                raise
            finally:
                process.wait()
            if process.returncode:
                words = "".join(last_lines).strip()
                raise no_space_left(words, self._folder) or SetupError(
                    f"`go {arguments[0]}` of {module.name} failed:\n{words[-LAST_WORDS:]}"
                )
            output.seek(0)
            return output.read().splitlines()
