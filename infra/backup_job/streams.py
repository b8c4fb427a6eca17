"""Bytes on their way to and from the store: counted, hashed, and never more of them in memory than a few parts."""

import hashlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from infra.backup_job import stopping

Part = TypeVar("Part")

MIB = 1024 * 1024
FIRST_PART = 8 * MIB
PARTS_OF_A_SIZE = 2500
"""S3 takes 10,000 parts: their size doubles after so many of them, which makes room for 300 GB."""
PARTS_IN_FLIGHT = 2


class Download:
    """An object being read: a file with `read` alone."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._hash = hashlib.sha256()
        self.size = 0

    def read(self, size: int = MIB) -> bytes:
        """Return up to `size` bytes, none at the end."""
        stopping.check()
        block = self._read(size)
        self._hash.update(block)
        self.size += len(block)
        return block

    def drain(self) -> None:
        """Read what is left."""
        while self.read():
            pass

    @property
    def sha256(self) -> str:
        """The hash of what was read so far, in hexadecimal."""
        return self._hash.hexdigest()


class Upload(Generic[Part]):
    """An object being written in parts, which are sent while the next one fills."""

    def __init__(self, send: Callable[[int, bytearray], Part]) -> None:
        self._send = send
        self._hash = hashlib.sha256()
        self._buffer = bytearray()
        self._pool = ThreadPoolExecutor(PARTS_IN_FLIGHT, "upload")
        self._in_flight: deque[Future[Part]] = deque()
        self._sent: list[Part] = []
        self.size = 0
        self.version: str | None = None

    def write(self, block: bytes) -> None:
        """Append `block`; waits while enough parts are on their way.

        Raises:
            StoreError: a part could not be stored.
        """
        stopping.check()
        self._hash.update(block)
        self.size += len(block)
        self._buffer += block
        while len(self._buffer) >= (wanted := self._part_size()):
            part, self._buffer = self._buffer, self._buffer[wanted:]
            del part[wanted:]  # sent as it is: a copy would be one more part in memory
            self._submit(part)

    def finish(self) -> list[Part]:
        """Send what is left, wait for all of it, and return every part in order."""
        if self._buffer or not self._started:
            part, self._buffer = self._buffer, bytearray()
            self._submit(part)
        while self._in_flight:
            self._collect()
        self._pool.shutdown()
        return self._sent

    def abandon(self) -> None:
        """Send nothing more, and wait until nothing is on its way."""
        self._pool.shutdown(cancel_futures=True)

    @property
    def sha256(self) -> str:
        """The hash of what was written so far, in hexadecimal."""
        return self._hash.hexdigest()

    @property
    def _started(self) -> int:
        return len(self._sent) + len(self._in_flight)

    def _part_size(self) -> int:
        return FIRST_PART << (self._started // PARTS_OF_A_SIZE)

    def _submit(self, body: bytearray) -> None:
        if len(self._in_flight) == PARTS_IN_FLIGHT:
            self._collect()
        self._in_flight.append(self._pool.submit(self._send, self._started + 1, body))

    def _collect(self) -> None:
        self._sent.append(self._in_flight[0].result())
        self._in_flight.popleft()
