"""A process that outlives the one that started it, and is found again by the next."""

import contextlib
import json
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra.embedded.process_identity import birth_mark


@dataclass(frozen=True)
class DetachedProcess:
    """A background process with its record `folder`/process.json and its output in `folder`/service.log.

    The record holds the process id and its birth mark: after a reboot the same id is another program.
    """

    folder: Path

    @property
    def log(self) -> Path:
        """Where standard output and standard error go."""
        return self.folder / "service.log"

    @property
    def _record(self) -> Path:
        return self.folder / "process.json"

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start `command` in a session of its own, in `folder`, unless it runs already."""
        if self.find():
            return
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                list(command),
                cwd=self.folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        record = {"pid": child.pid, "mark": birth_mark(child.pid)}
        self._record.write_text(json.dumps(record))
        child.returncode = 0  # it outlives this object, which would warn that nobody waited for it

    def find(self) -> psutil.Process | None:
        """Return the running process, None when it is down."""
        try:
            record = json.loads(self._record.read_text())
            process = psutil.Process(record["pid"])
            if "mark" in record:
                same = birth_mark(process.pid) == record["mark"]
            else:  # started by a release that wrote down a time
                same = abs(process.create_time() - record["started"]) < 2.0
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
            return None

    def stop(self, *, patience: float = 60.0) -> None:
        """Ask the process to end, and end it and its children after `patience` seconds; 0 ends them at once."""
        process = self.find()
        if process:
            family = [process, *process.children(recursive=True)]
            if patience:
                process.send_signal(signal.SIGTERM)
                psutil.wait_procs([process], timeout=patience)
            for member in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
            psutil.wait_procs(family, timeout=10)
        self._record.unlink(missing_ok=True)

    def tail(self, characters: int = 800) -> str:
        """Return the end of the log."""
        return self.log.read_text(errors="replace")[-characters:].strip() if self.log.exists() else ""
