"""Any long-running program as a local service, e.g. the backup schedule."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from typing_extensions import override

from infra.embedded.process import DetachedProcess
from infra.plugin import UserError
from infra.provider.local.daemon import Daemon

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
    def initialise(self) -> Mapping[str, str]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, content in self._files.items():
            draft = self._folder / f".{name}"
            draft.unlink(missing_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
                handle.write(content)
            draft.rename(self._folder / name)
        return {}

    @override
    def details(self) -> Mapping[str, str]:
        return {}

    @override
    def start(self, port: int | None) -> None:
        environment = {**os.environ, **self._environment}
        self._process.start(self._command, environment)
        deadline = time.monotonic() + self._patience
        while not self._healthy(environment):
            if not self.alive():
                raise UserError(f"{self._command[0]} ended while starting; its log says: {self._process.tail()}")
            if time.monotonic() > deadline:
                self._process.stop(patience=5)
                raise UserError(f"not healthy after {self._patience} s; its log says: {self._process.tail()}")
            time.sleep(HEALTH_INTERVAL)

    @override
    def stop(self, *, hurry: bool) -> None:
        self._process.stop(patience=0 if hurry else 30)

    def _healthy(self, environment: Mapping[str, str]) -> bool:
        if self._health is None:
            return self.alive()
        check = subprocess.run(self._health, cwd=self._folder, env=dict(environment), capture_output=True, check=False)
        return check.returncode == 0
