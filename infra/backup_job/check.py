"""Read a stored dump back, whole: every byte hashed, decompressed with its checksum, and read by pg_restore."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, cast

import zstandard

from infra.backup_job import progress, stopping, temporary
from infra.backup_job.artefacts import Artefacts, Stream
from infra.backup_job.database import Programs
from infra.backup_job.dump import ending, last_words
from infra.backup_job.errors import BackupError, DamagedError
from infra.backup_job.manifest import StoredObject
from infra.backup_job.streams import MIB


def check(artefacts: Artefacts, programs: Programs, data: StoredObject) -> None:
    """Read the stored dump `data` back.

    Raises:
        DamagedError: it is not what was uploaded, or not a dump that pg_restore can read to its end.
        StoreError: it can not be read.
    """
    try:
        feed(artefacts, programs, data, ["--file=/dev/null"], None)
    except DamagedError:
        raise
    except RestoreFailedError as error:
        raise DamagedError(f"{data.key} is stored as it was made, and is no dump: {error}") from None


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


def feed(artefacts: Artefacts, programs: Programs, data: StoredObject, arguments: list[str], url: str | None) -> None:
    """Run pg_restore on the stored dump `data`, in one pass over its stream.

    The last block is held back until all of the object was read and its hash was found right. pg_restore, which
    needs that block to go on after the rows, therefore never finishes a damaged dump.

    Args:
        artefacts: where `data` lies.
        programs: pg_restore.
        data: what to read, and what it should be.
        arguments: of pg_restore.
        url: the database it restores into, None for none.

    Raises:
        DamagedError: the stored object is not what was stored once.
        KeyMissingError: it is encrypted, and no identity at hand opens it.
        RestoreFailedError: pg_restore failed.
        ServerFailedError: it lost its server, or that is full.
    """
    with (
        progress.step("restoring" if url else "reading back", data.size) as step,
        artefacts.open(data) as stream,
        pg_restore(programs, arguments, url) as pipe,
    ):
        held = b""
        for block in decompressed(stream):
            if not write(pipe, held):
                break
            held = block
            step.done = stream.seen
        stream.finish()
        write(pipe, held)
        step.becomes("making indexes and constraints" if url else "waiting for pg_restore")  # it has all rows now


def decompressed(stream: Stream) -> Iterator[bytes]:
    """Yield the dump that `stream` holds, in blocks of bounded size.

    Raises:
        DamagedError: it does not decompress, or the checksum inside it is wrong.
    """
    reader = zstandard.ZstdDecompressor().stream_reader(cast(IO[bytes], stream), read_size=MIB)
    try:
        while block := reader.read(MIB):
            yield block
    except zstandard.ZstdError as error:
        raise DamagedError(f"{stream.stored.key} is damaged within its first {stream.seen} bytes: {error}") from None


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
        url: the database it connects to, None for none.
        output: where its standard output goes.
        inherited: numbers of open files that it may read.

    Raises:
        RestoreFailedError: it failed.
        ServerFailedError: it lost its server, or that is full.
    """
    with temporary.unnamed() as words:
        process = programs.start(
            "pg_restore", arguments, url, inherited, stdin=subprocess.PIPE, stdout=output, stderr=words
        )
        try:
            if process.stdin is not None:
                yield process.stdin
                _close(process.stdin)
            code = process.wait()
        except BaseException:
            stopping.kill(process)
            process.wait()
            raise
        finally:
            if process.stdin is not None:
                _close(process.stdin)
        if code:
            said = last_words(words)
            kind = ServerFailedError if any(sign in said for sign in OF_THE_SERVER) else RestoreFailedError
            raise kind(f"pg_restore {ending(code)}: {said}")


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
