"""Read a stored dump back, whole: every byte hashed, decompressed with its checksum, and read by pg_restore."""

from collections.abc import Iterator
from typing import IO, cast

import zstandard

from infra.backup_job import progress
from infra.backup_job.artefacts import Artefacts, Stream
from infra.backup_job.database import Programs
from infra.backup_job.errors import DamagedError
from infra.backup_job.manifest import StoredObject
from infra.backup_job.pg_restore import RestoreFailedError, pg_restore, write
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
