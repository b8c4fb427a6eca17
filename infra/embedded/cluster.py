"""One PostgreSQL data directory and the server on it, by PostgreSQL's own `initdb` and `pg_ctl`."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra.embedded.account import Account
from infra.embedded.distribution import Distribution
from infra.embedded.ports import start_on_free_ports

SUPERUSER = "postgres"


class ClusterError(Exception):
    """initdb or pg_ctl failed; the message carries its words and the tail of the server's log."""


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@dataclass(frozen=True)
class Cluster:
    """A data directory `folder`/data and its server's log `folder`/server.log, owned by `account`."""

    distribution: Distribution
    account: Account
    folder: Path

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server writes to standard error."""
        return self.folder / "server.log"

    def exists(self) -> bool:
        """Say whether `init` completed here."""
        return (self.folder / "initialised").exists()

    def init(self, password: str) -> None:
        """Make the data directory; the superuser `postgres` gets `password`, by scram-sha-256 only.

        An earlier `init` that was killed half way is started over. The password reaches initdb through a file
        that only the account can read, never through an argument.

        Raises:
            ClusterError: initdb failed.
        """
        shutil.rmtree(self.data, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.account.own(self.folder)
        password_file = self.folder / "password"
        password_file.unlink(missing_ok=True)
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(password)
        self.account.own(password_file)
        try:
            self._run(
                "initdb",
                f"--pgdata={self.data}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
            )
        finally:
            password_file.unlink(missing_ok=True)
        (self.folder / "initialised").touch()

    def start(self, port: int = 0, settings: Mapping[str, str] | None = None, *, timeout: int = 60) -> int:
        """Start the server on 127.0.0.1:`port`, wait until it answers, and return the port.

        Args:
            port: a TCP port; a free one is chosen when 0.
            settings: further parameters of postgresql.conf.
            timeout: seconds to wait, crash recovery included.

        Raises:
            PortTakenError: `port` is taken.
            ClusterError: it did not come up in time.
        """

        def start(ports: Sequence[int]) -> None:
            self._start(ports[0], settings or {}, timeout)

        return start_on_free_ports([port], start, ClusterError)[0]

    def _start(self, port: int, settings: Mapping[str, str], timeout: int) -> None:
        parameters = {
            "port": str(port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "log_timezone": "UTC",
            "timezone": "UTC",
            **settings,
        }
        ours = self.data / "agent-ecosystem.conf"
        ours.write_text("".join(f"{name} = {_quoted(value)}\n" for name, value in parameters.items()))
        self.account.own(ours)
        self._include_ours()
        self._run("pg_ctl", "start", "--wait", f"--timeout={timeout}", f"--pgdata={self.data}", f"--log={self.log}")

    def stop(self, mode: str = "fast", *, timeout: int = 60) -> None:
        """Stop the server if it runs; `mode` is pg_ctl's smart, fast or immediate."""
        if self.process_id() is not None:
            self._run("pg_ctl", "stop", f"--mode={mode}", "--wait", f"--timeout={timeout}", f"--pgdata={self.data}")

    def process_id(self) -> int | None:
        """Return the running server's process id, None when it is down.

        PostgreSQL writes its id into postmaster.pid; after a crash or a reboot the id is stale, and may be another
        program's by now: that one does not work in our data directory.
        """
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            process = psutil.Process(int(lines[0]))
            same = process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == self.data.resolve()
        except (OSError, ValueError, IndexError, psutil.NoSuchProcess, psutil.AccessDenied):
            return None
        return process.pid if same else None

    def port(self) -> int | None:
        """Return the port of the last start, None when there was none."""
        ours = self.data / "agent-ecosystem.conf"
        if not ours.exists():
            return None
        settings = dict(line.split(" = ", 1) for line in ours.read_text().splitlines())
        return int(settings["port"].strip("'"))

    def remove(self) -> None:
        """Stop the server and delete everything below `folder`."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _include_ours(self) -> None:
        main = self.data / "postgresql.conf"
        line = "include_if_exists = 'agent-ecosystem.conf'\n"
        if line not in main.read_text():
            with main.open("a") as handle:
                handle.write(line)

    def _run(self, program: str, *arguments: str) -> None:
        done = self._pg([program, *arguments])
        if done.returncode:
            log = self.log.read_text(errors="replace")[-800:] if self.log.exists() else ""
            words = "\n".join(part.strip() for part in (done.stdout, log) if part.strip())
            raise ClusterError(f"{program} failed in {self.folder} with {done.returncode}: {words}")

    def _pg(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        # A file, not a pipe: pg_ctl's server inherits its standard output, and we would wait for the server's end.
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            done = subprocess.run(
                [self.distribution.program(command[0]), *command[1:]],
                cwd=self.folder,
                env=self.distribution.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                **self.account.process_options(),
            )
            output.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, output.read(), "")
