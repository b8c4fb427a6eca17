"""The objects of one backup as they were made: read from the store, found unchanged, decrypted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyrage
from pyrage import x25519

from infra.backup_job.encryption import Source, decrypted
from infra.backup_job.errors import DamagedError, KeyMissingError
from infra.backup_job.keys import NO_IDENTITIES, Identities
from infra.backup_job.manifest import Encryption, StoredObject
from infra.backup_job.store import ObjectStore
from infra.backup_job.streams import MIB, Download


@dataclass(frozen=True)
class Artefacts:
    """What lies in `store`, and, where it is encrypted, the `identities` to open it with."""

    store: ObjectStore
    encryption: Encryption | None = None
    identities: Identities = NO_IDENTITIES

    def read(self, stored: StoredObject) -> bytes:
        """Return a small object.

        Raises:
            DamagedError: it is not what was stored.
            KeyMissingError: it is encrypted, and no identity opens it.
        """
        if self.encryption is None:
            return self.store.get_verified(stored)
        keys = self._keys(self.encryption, stored)
        body = self.store.get_verified(stored)
        try:
            return pyrage.decrypt(body, keys)
        except pyrage.DecryptError as error:
            raise DamagedError(f"{stored.key} is stored as it was made, and does not decrypt: {error}") from None

    @contextmanager
    def open(self, stored: StoredObject) -> Iterator["Stream"]:
        """Open an object for reading as a stream.

        Raises:
            KeyMissingError: it is encrypted, and no identity opens it.
        """
        if self.encryption is None:
            with self.store.download(stored) as download:
                yield Stream(stored, download, download)
            return
        keys = self._keys(self.encryption, stored)
        with self.store.download(stored) as download, decrypted(download, keys, stored.key) as source:
            yield Stream(stored, download, source)

    def _keys(self, encryption: Encryption, stored: StoredObject) -> list[x25519.Identity]:
        if keys := self.identities.for_any([*encryption.recipients, encryption.run_recipient]):
            return keys
        held = ", ".join(self.identities.by_recipient)
        have = f"the identity at hand is that of {held}" if held else "no identity is at hand"
        raise KeyMissingError(
            f"{stored.key} is encrypted for {', '.join(encryption.recipients)}, and {have}: name the file with the "
            "private key in $BACKUP_ENCRYPTION_IDENTITY_FILE"
        )


@dataclass(frozen=True)
class Stream:
    """The content of an object, while it is read."""

    stored: StoredObject
    download: Download
    source: Source

    @property
    def seen(self) -> int:
        """How many bytes of the object were read."""
        return self.download.size

    def read(self, size: int = MIB) -> bytes:
        """Return up to `size` bytes, none at the end."""
        return self.source.read(size)

    def finish(self) -> None:
        """Read what is left of the object, and compare it with what was stored.

        Raises:
            DamagedError: they differ.
        """
        while self.source.read():
            pass
        self.download.drain()
        stored, download = self.stored, self.download
        if download.size != stored.size:
            raise DamagedError(f"{stored.key} is damaged: it has {download.size} bytes of {stored.size}")
        if download.sha256 != stored.sha256:
            raise DamagedError(
                f"{stored.key} is damaged: its SHA-256 is {download.sha256}, it was stored as {stored.sha256}"
            )
