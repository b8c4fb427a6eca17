"""Run pg_restore: alone, or before a psql where the server is older than the programs can speak to."""

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, cast

from infra.backup_job import database, stopping, temporary
from infra.backup_job.database import Programs
from infra.backup_job.dump import ending, last_words
from infra.backup_job.errors import BackupError

Process = subprocess.Popen[bytes]
Streams = dict[str, int | IO[bytes]]


class RestoreFailedError(BackupError):
    """pg_restore ended with an error."""


class ServerFailedError(BackupError):
    """pg_restore ended with an error of the server it restored into, which says nothing of the dump."""


OF_THE_SERVER = (
    "connection to server",
    "server closed the connection",
    "SSL connection has been closed",
    "terminating connection",
    "could not receive data from server",
    "could not send data to server",
    "the database system is",
    "No space left on device",
    "Disk quota exceeded",
    "out of memory",
    "out of shared memory",
    "too many clients",
)
"""What libpq and the server say when it is gone or full. pg_restore writes no SQLSTATE, and speaks English here."""

SINCE = 17
"""The first version with `transaction_timeout`, which its pg_restore, and every newer one, sets on any server."""

WITHOUT_THE_TIMEOUT = "1,/^SET client_encoding/{/^SET transaction_timeout = 0;$/d;}"
"""What sed does to pg_restore's script. The parameters stand before all else: a row stays, whatever it says."""

READS_A_SCRIPT = ("--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1")


def needs_psql(programs: Programs, url: str) -> str | None:
    """Say why pg_restore can not restore into the database of `url` by itself, None if it can.

    Raises:
        BackupError: the server does not answer, or there is no such program.
    """
    with database.connect(url) as connection:
        server = connection.info.server_version // 10000
    if server >= SINCE or (mine := programs.major("pg_restore")) < SINCE:
        return None
    return f"pg_restore {mine} sets a parameter that the server, version {server}, does not know: psql runs its script"


@contextmanager
def pg_restore(
    programs: Programs,
    arguments: Sequence[str],
    url: str | None,
    *,
    output: int | IO[bytes] = subprocess.DEVNULL,
    inherited: Sequence[int] = (),
) -> Iterator[IO[bytes]]:
    """Run pg_restore and give its input; leaving the block checks how it ended, an error in the block kills it.

    Args:
        programs: where it is.
        arguments: its own.
        url: the database it restores into, None for none.
        output: where its standard output goes if there is no such database.
        inherited: numbers of open files that it may read.

    Raises:
        RestoreFailedError: it failed.
        ServerFailedError: it lost its server, or that is full.
    """

    def direct(words: IO[bytes]) -> Process:
        streams: Streams = {"stdin": subprocess.PIPE, "stdout": output, "stderr": words}
        return programs.start("pg_restore", arguments, url, inherited, **streams)

    def as_script(words: IO[bytes]) -> Process:
        streams: Streams = {"stdin": subprocess.PIPE, "stdout": script, "stderr": words}
        return programs.start("pg_restore", [*arguments, "--file=-"], None, inherited, **streams)

    if url is None or needs_psql(programs, url) is None:
        with _running("pg_restore", direct) as pipe:
            yield pipe
        return
    with _psql(programs, url) as script, _running("pg_restore", as_script) as pipe:
        yield pipe


@contextmanager
def _psql(programs: Programs, url: str) -> Iterator[IO[bytes]]:
    """Run psql in the database of `url` and give its input: pg_restore's script, of which it never sees the timeout."""

    def psql(words: IO[bytes]) -> Process:
        return programs.start(
            "psql", READS_A_SCRIPT, url, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=words
        )

    def sed(words: IO[bytes]) -> Process:
        process = subprocess.Popen(
            ["sed", WITHOUT_THE_TIMEOUT],
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=commands,
            stderr=words,
        )
        stopping.ends_with_us(process)
        return process

    with _running("psql", psql) as commands, _running("sed", sed) as script:
        yield script


@contextmanager
def _running(name: str, start: Callable[[IO[bytes]], Process]) -> Iterator[IO[bytes]]:
    """Run a program and give its input; leaving the block checks how it ended.

    An error in the block kills it, but for one of a program that writes to this one: if this one has ended early, that
    is why, and what is raised.
    """
    with temporary.unnamed() as words:
        process = start(words)
        pipe = cast(IO[bytes], process.stdin)
        failure = None
        try:
            try:
                yield pipe
            except (RestoreFailedError, ServerFailedError) as error:
                failure = error
            _close(pipe)
            code = process.wait()
        except BaseException:
            stopping.kill(process)
            process.wait()
            raise
        finally:
            _close(pipe)
        if code:
            said = last_words(words)
            kind = ServerFailedError if any(sign in said for sign in OF_THE_SERVER) else RestoreFailedError
            raise kind(f"{name} {ending(code)}: {said}")
    if failure is not None:
        raise failure


def write(pipe: IO[bytes], block: bytes) -> bool:
    """Give pg_restore `block`; say whether pg_restore still listens: how it ended, its exit code tells."""
    try:
        pipe.write(block)
        pipe.flush()
    except BrokenPipeError:
        return False
    return True


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return
