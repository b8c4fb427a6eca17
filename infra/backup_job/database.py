"""Connections to PostgreSQL, and its own programs as child processes."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row

from infra.backup_job import stopping
from infra.backup_job.encodings import BYTES
from infra.backup_job.errors import BackupError, BusyError

Connection = psycopg.Connection[DictRow]
SERVER_ERROR = psycopg.Error

APPLICATION = "agent-ecosystem backup"
RUN_LOCK = 0x6167_6261_636B_7570
"""The advisory lock (in this database) of a run: one at a time, whoever starts it."""

NAME_LIMIT = 63
"""Bytes of a name; longer ones are cut."""

READS_ALL_OR_FAILS = (
    "statement_timeout = 0",  # first: it holds for the others, too
    "transaction_timeout = 0",
    "idle_in_transaction_session_timeout = 0",
    "idle_session_timeout = 0",
    "lock_timeout = 0",
    "row_security = off",
    "search_path = ''",
    "DateStyle = 'ISO, MDY'",
    "IntervalStyle = 'postgres'",
    "TimeZone = 'UTC'",
    "lc_monetary = 'C'",
    "extra_float_digits = 1",
    "bytea_output = 'hex'",
    "quote_all_identifiers = off",
    "standard_conforming_strings = on",
)
"""row_security off: a policy that would hide rows from us is an error, never a smaller number. No timeouts: those that
the role or the database has are for queries of agents, not for counting a table or waiting for a dump. And the styles
in which constants are printed: definitions are compared with those of another server, or of a database beside."""
SINCE = {"transaction_timeout = 0": 17}
"""The version of the server that came with a parameter."""

LINE = {"connect_timeout": "10", "keepalives_idle": "60", "keepalives_interval": "10", "keepalives_count": "6"}
"""What libpq is told unless a URL says otherwise: a host that is gone is noticed within two minutes. There is no
tcp_user_timeout: it ends the connection of a live server that for so long is too busy to take what pg_restore sends."""

SECRET_PARAMETERS = ("password", "sslpassword", "passfile")


@dataclass(frozen=True)
class Programs:
    """PostgreSQL's client programs in one folder, and the variables they need."""

    folder: Path
    variables: Mapping[str, str]

    def start(
        self,
        name: str,
        arguments: Sequence[str],
        url: str | None,
        inherited: Sequence[int] = (),
        **streams: int | IO[bytes],
    ) -> subprocess.Popen[bytes]:
        """Start `name`; the password of `url` goes through the environment, the rest of it is an argument.

        Args:
            name: pg_dump or pg_restore.
            arguments: its further arguments.
            url: the database it connects to, None for none.
            inherited: numbers of open files that the child gets, too.
            streams: stdin, stdout, stderr of the child.

        Raises:
            BackupError: there is no such program.
        """
        environment = {**os.environ, "LC_ALL": "C", **self.variables}
        command = [str(self.folder / name), *arguments]
        if url is not None:
            parameters = _parameters(url)
            if "password" in parameters:
                environment["PGPASSWORD"] = parameters["password"]
            public = {key: value for key, value in parameters.items() if key not in SECRET_PARAMETERS}
            command.append("--dbname=" + make_conninfo("", **{**LINE, **public}))
        try:
            process: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[call-overload]
                command, env=environment, start_new_session=True, pass_fds=tuple(inherited), **streams
            )
        except OSError as error:
            raise BackupError(f"{command[0]} can not be run: {error.strerror}; correct pg_bin") from None
        stopping.ends_with_us(process)
        return process

    def major(self, name: str) -> int:
        """Return the major version of the program `name`.

        Raises:
            BackupError: it can not be run, or does not say.
        """
        with self.start(name, ["--version"], None, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            words = process.communicate()[0].decode(errors="replace").strip()
        found = re.search(r"\(PostgreSQL\) (\d+)", words)
        if process.returncode or not found:
            raise BackupError(f"{self.folder / name} does not work: {words[-300:]}")
        return int(found[1])

    def require(self, name: str, server_major: int) -> None:
        """Refuse a program older than the server: pg_dump then fails or, worse, leaves things out.

        Raises:
            BackupError: it is older.
        """
        if (mine := self.major(name)) < server_major:
            raise BackupError(
                f"{name} in {self.folder} is version {mine}, the server is version {server_major}: "
                f"point pg_bin at client programs of version {server_major} or newer"
            )


@contextmanager
def connect(
    url: str, application: str = APPLICATION, session: Sequence[str] = READS_ALL_OR_FAILS
) -> Iterator[Connection]:
    """Open a connection to `url`, in autocommit mode, that sees every row or fails, unless `session` says otherwise.

    Args:
        url: the database.
        application: who the server's own views say this is.
        session: parameters, as SET takes them.

    Raises:
        BackupError: the server refuses, or does not answer.
    """
    conninfo = make_conninfo(
        "", **{**LINE, "application_name": application, "client_encoding": "UTF8", **_parameters(url)}
    )
    try:
        connection = psycopg.connect(conninfo, autocommit=True, row_factory=dict_row)
    except psycopg.Error as error:
        raise BackupError(f"no connection to {describe(url)}: {words(error)}") from None
    stopping.cancels_with_us(connection)
    with connection:
        with server_errors(f"the session in {describe(url)} can not be set up"):
            _prepare(connection, session)
        yield connection


def answers(url: str) -> bool:
    """Say whether the server of `url` says anything at all to a new session; a refusal is an answer, too."""
    try:
        psycopg.connect(make_conninfo("", **{**LINE, **_parameters(url)})).close()
    except psycopg.errors.ConnectionTimeout:
        return False
    except psycopg.Error:
        return True
    return True


def _prepare(connection: Connection, session: Sequence[str]) -> None:
    if encoding_of(connection) == BYTES:  # LATIN1 has a character for each of them
        connection.execute("SET client_encoding = 'LATIN1'")
    known = [setting for setting in session if connection.info.server_version // 10000 >= SINCE.get(setting, 0)]
    connection.execute("; ".join(f"SET {setting}" for setting in known).encode())


def encoding_of(connection: Connection) -> str:
    """Return the server's word for the encoding of its database."""
    return connection.info.parameter_status("server_encoding") or ""


@contextmanager
def server_errors(doing: str) -> Iterator[None]:
    """Turn what the server says against `doing` into a BackupError."""
    try:
        yield
    except psycopg.Error as error:
        raise BackupError(f"{doing}: {words(error)}") from None


def words(error: psycopg.Error) -> str:
    """Return what the server said, on one line."""
    return " ".join(str(error).split())


def lock_run(connection: Connection) -> None:
    """Take the lock of runs; it ends with the connection.

    Raises:
        BusyError: another run has it.
    """
    row = connection.execute("SELECT pg_catalog.pg_try_advisory_lock(%s) AS mine", [RUN_LOCK]).fetchone()
    if not (row and row["mine"]):
        raise BusyError("another backup of this database is running: wait for it to end")


def limit_lock_waits(connection: Connection, seconds: float) -> None:
    """Have each statement of the current transaction wait for a lock no longer than that, as pg_dump does.

    It takes no snapshot.
    """
    milliseconds = max(1, int(seconds * 1000))  # 0 would be no limit
    connection.execute(f"SET LOCAL lock_timeout = {milliseconds}".encode())


def export_snapshot(connection: Connection) -> str:
    """Return the name of the current transaction's snapshot, for pg_dump to share."""
    row = connection.execute("SELECT pg_catalog.pg_export_snapshot() AS name").fetchone()
    return str(row["name"]) if row else ""


def with_database(url: str, name: str) -> str:
    """Return the connection string `url`, pointing at the database `name` of the same server."""
    return make_conninfo(url, dbname=name)


def name_of(url: str) -> str:
    """Return the name of the database that the connection string `url` points at."""
    return _parameters(url)["dbname"]


def beside(url: str) -> str:
    """Return the connection string `url`, pointing at a database that every server has and that is not its own."""
    return with_database(url, "template1" if name_of(url) == "postgres" else "postgres")


def describe(url: str, *, password: bool = False) -> str:
    """Return `url` as a postgresql:// URL, without its password unless asked for."""
    parts = _parameters(url)
    secret = f":{quote(parts['password'], safe='')}" if password and parts.get("password") else ""
    user, name = (quote(parts.get(key, ""), safe="") for key in ("user", "dbname"))
    return f"postgresql://{user}{secret}@{parts.get('host', '')}:{parts.get('port', 5432)}/{name}"


def _parameters(url: str) -> dict[str, str]:
    return {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
