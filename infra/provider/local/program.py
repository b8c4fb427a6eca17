"""Any long-running program as a local service, e.g. the backup schedule."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from typing_extensions import override

from infra.embedded.environment import inherited_environment
from infra.embedded.process import DetachedProcess
from infra.plugin import UserError
from infra.provider.local.daemon import Daemon, write_private

HEALTH_INTERVAL = 0.5  # seconds between two health checks while starting


class Program(Daemon):
    """A command, the private files it reads, and a command that succeeds when it is healthy.

    Args:
        folder: working folder, which also holds its files and log.
        command: what to run.
        files: contents by file name, written into `folder` for its owner's eyes only.
        environment: added to ours.
        health: command that exits with 0 once the service does its work; None: running is enough.
        patience: seconds that may take.
    """

    def __init__(
        self,
        folder: Path,
        command: Sequence[str],
        files: Mapping[str, str],
        environment: Mapping[str, str],
        health: Sequence[str] | None,
        patience: int,
    ):
        self._folder = folder
        self._command = command
        self._files = files
        self._environment = environment
        self._health = health
        self._patience = patience
        self._process = DetachedProcess(folder)

    @override
    def program(self) -> str:
        return " ".join(self._command)

    @override
    def requirements(self) -> None:
        if not self._command:
            raise UserError("a program needs a `command`")
        if odd := [name for name in self._files if Path(name).name != name]:
            raise UserError(f"a file is named without a folder, not {', '.join(odd)}")
        if not Path(self._command[0]).exists():
            raise UserError(f"{self._command[0]} does not exist: run `make up`")

    @override
    def exists(self) -> bool:
        return self._folder.exists()

    @override
    def alive(self) -> bool:
        return self._process.find() is not None

    @override
    def port(self) -> int | None:
        return None

    @override
    def initialise(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, content in self._files.items():
            write_private(self._folder / name, content)

    @override
    def credentials(self) -> Mapping[str, str]:
        return {}

    @override
    def rotate(self) -> None:
        """Nothing to do: nobody logs in to a program."""

    @override
    def details(self) -> Mapping[str, str]:
        return {}

    @override
    def start(self, port: int | None) -> None:
        environment = {**inherited_environment(), **self._environment}
        self._process.start(self._command, environment)
        try:
            self._wait_until_healthy(environment)
        except BaseException:
            self._process.stop(patience=5)
            raise

    @override
    def runs_as_asked(self, port: int | None) -> bool:
        return False  # the command, files and environment of the last start are not known to be these

    @override
    def stop(self, *, hurry: bool) -> None:
        self._process.stop(patience=0 if hurry else 30)

    def _wait_until_healthy(self, environment: Mapping[str, str]) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            healthy = self._healthy(environment, deadline - time.monotonic())
            time.sleep(HEALTH_INTERVAL)  # also a healthy one: what can not work dies within its first moments
            if not self.alive():
                raise UserError(f"{self._command[0]} ended while starting; its log says: {self._process.tail()}")
            if healthy:
                return
            if time.monotonic() > deadline:
                raise UserError(
                    f"{self._command[0]} is not healthy after {self._patience} s; its log says: {self._process.tail()}"
                )

    def _healthy(self, environment: Mapping[str, str], patience: float) -> bool:
        if self._health is None:
            return True
        try:
            check = subprocess.run(
                self._health,
                cwd=self._folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=max(patience, HEALTH_INTERVAL),
            )
        except subprocess.TimeoutExpired:
            return False
        return check.returncode == 0
