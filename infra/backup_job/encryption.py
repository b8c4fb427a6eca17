"""Encryption with age, on the way to the store and from it: streams stay streams, in blocks of bounded size."""

import io
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol

import pyrage
from pyrage import x25519

from infra.backup_job import keys
from infra.backup_job.errors import BackupError, DamagedError
from infra.backup_job.keys import Identities
from infra.backup_job.manifest import Encryption
from infra.backup_job.names import ENDING
from infra.backup_job.settings import Settings
from infra.backup_job.streams import MIB


class Sink(Protocol):
    """Where a stream goes."""

    def write(self, block: bytes, /) -> object:
        """Take `block`."""


class Source(Protocol):
    """Where a stream comes from."""

    def read(self, size: int = MIB, /) -> bytes:
        """Return up to `size` bytes, none at the end."""


@dataclass(frozen=True)
class Seal:
    """How one run stores its artefacts: encrypted for `recipients`, as they are if there are none.

    Who encrypts for a recipient can not decrypt again. So that the proof reads what is stored, it is encrypted for one
    more key, which is made for the run, is in this process's memory alone, and ends with it.
    """

    recipients: tuple[str, ...]
    own: x25519.Identity = field(default_factory=x25519.Identity.generate, repr=False)

    @property
    def ending(self) -> str:
        """What the names of the artefacts end with."""
        return ENDING if self.recipients else ""

    def small(self, body: bytes) -> bytes:
        """Return a small artefact as it is stored."""
        return pyrage.encrypt(body, self._keys()) if self.recipients else body

    def write(self, blocks: Iterable[bytes], sink: Sink) -> None:
        """Write `blocks` to `sink` as they are stored. What either raises is raised here."""
        if not self.recipients:
            for block in blocks:
                sink.write(block)
            return
        reader, writer = _Reader(_Blocks(iter(blocks))), _Writer(sink)
        try:
            pyrage.encrypt_io(reader, writer, self._keys())
        except (pyrage.EncryptError, OSError) as error:
            raise (reader.failure or writer.failure or BackupError(f"encryption failed: {error}")) from None
        if failure := writer.failure:  # of its last write the library does not look at the end
            raise failure

    def record(self, held: Identities) -> Encryption | None:
        """Return what the manifest says of it, None without encryption.

        Args:
            held: the private keys the proof has; without one for the recipients it uses the run's own.
        """
        if not self.recipients:
            return None
        proven: Literal["identity", "run"] = "identity" if held.for_any(self.recipients) else "run"
        return Encryption(recipients=list(self.recipients), run_recipient=str(self.own.to_public()), proven_with=proven)

    def _keys(self) -> list[x25519.Recipient]:
        return [*(x25519.Recipient.from_str(text) for text in self.recipients), self.own.to_public()]


def identities(settings: Settings) -> Identities:
    """Return the private keys that `settings` hold or name.

    Raises:
        BackupError: the file that they name can not be read, or others can read it.
    """
    text = settings.encryption_identity.get_secret_value() if settings.encryption_identity else None
    return keys.load(text, settings.encryption_identity_file)


def seal(settings: Settings, held: Identities) -> Seal:
    """Return how a run with these `settings` stores its artefacts.

    Raises:
        BackupError: private keys are `held`, and none is of a recipient: no restore with them would open the backup.
    """
    made = Seal(tuple(settings.encryption_recipients))
    if made.recipients and held.by_recipient and not held.for_any(made.recipients):
        raise BackupError(
            f"the identity at hand is that of {', '.join(held.by_recipient)}, backups are encrypted for "
            f"{', '.join(made.recipients)}: correct encryption_identity, or leave it out where backups are only made"
        )
    return made


@contextmanager
def decrypted(source: Source, identities: list[x25519.Identity], key: str) -> Iterator[Source]:
    """Open an encrypted stream for reading.

    The library wants to write what it decrypts: it does so in a thread, into a pipe, which holds 64 kB at most.

    Args:
        source: the stream; nobody else reads it before the block ends.
        identities: of which one opens it.
        key: the object it comes from, for errors, which reading raises: DamagedError, and whatever `source` raises.
    """
    outlet, inlet = os.pipe()
    stream = _Decrypted(source, identities, key, outlet, inlet)
    try:
        yield stream
    finally:
        stream.close()


class _Decrypted:
    def __init__(self, source: Source, identities: list[x25519.Identity], key: str, outlet: int, inlet: int) -> None:
        self._key = key
        self._failure: BaseException | None = None
        self._outlet = io.FileIO(outlet, "rb")
        self._thread = threading.Thread(target=self._work, args=(source, identities, inlet), name="decrypt")
        self._thread.start()

    def read(self, size: int = MIB) -> bytes:
        block = self._outlet.read(size)
        if not block:
            self._thread.join()
            if self._failure is not None:
                raise self._failure
        return block

    def close(self) -> None:
        self._outlet.close()  # the thread's next write fails
        self._thread.join()

    def _work(self, source: Source, identities: list[x25519.Identity], inlet: int) -> None:
        with io.FileIO(inlet, "wb") as pipe:
            reader, writer = _Reader(source), _Writer(_Pipe(pipe))
            try:
                pyrage.decrypt_io(reader, writer, identities)
            except BaseException as error:  # noqa: BLE001 (whoever reads raises it)
                words = f"{self._key} is damaged within its first {reader.size} bytes: {error}"
                self._failure = reader.failure or writer.failure or DamagedError(words)
            else:
                self._failure = writer.failure  # of its last write the library does not look at the end


@dataclass(frozen=True)
class _Pipe:
    pipe: io.FileIO

    def write(self, block: bytes) -> None:
        left = memoryview(block)
        while left:
            left = left[self.pipe.write(left) :]


@dataclass(frozen=True)
class _Blocks:
    blocks: Iterator[bytes]

    def read(self, _size: int = MIB) -> bytes:
        return next((block for block in self.blocks if block), b"")


class _Reader(io.BufferedIOBase):
    """What the library reads from, in pieces of 8 kB: it gets them out of larger blocks, and what failed is kept."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._block = memoryview(b"")
        self.size = 0
        self.failure: BaseException | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            if not self._block:
                self._block = memoryview(self._source.read(MIB))
        except BaseException as error:
            self.failure = error
            raise
        count = len(self._block) if size is None or size < 0 else size
        piece, self._block = self._block[:count], self._block[count:]
        self.size += len(piece)
        return bytes(piece)


class _Writer(io.BufferedIOBase):
    """What the library writes to; what failed is kept, since the library keeps its words at best."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.failure: BaseException | None = None

    def write(self, block: bytes, /) -> int:  # type: ignore[override]
        try:
            self._sink.write(block)
        except BaseException as error:
            self.failure = error
            raise
        return len(block)
