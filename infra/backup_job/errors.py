"""What stops a command: one sentence for whoever runs it."""


class BackupError(Exception):
    """Something a user can cause or mend: its message says what happened, to which object, and what to do."""

    exit_code = 1


class StoreError(BackupError):
    """The object store refused, or did not answer.

    `retried`: this was the answer to a request that was sent again, since none had come to the one before.
    """

    retried = False


class NotFoundError(StoreError):
    """The object store has no such object."""


class ConflictError(StoreError):
    """A conditional write lost: somebody else wrote the object first."""


class KeyMissingError(BackupError):
    """A backup is encrypted, and no key at hand opens it."""

    exit_code = 3


class DamagedError(BackupError):
    """A stored object is not what was once stored."""

    exit_code = 3


class BusyError(BackupError):
    """Another run holds the lock of this database."""

    exit_code = 4


class UnprovenError(BackupError):
    """A backup did not become the database again that it was taken of."""

    exit_code = 3


class HungError(BackupError):
    """A run was given up: it took too long, or its server answered nobody."""


class MirrorError(BackupError):
    """A backup is proven and the latest, but could not be mirrored on this machine."""


class SecondError(BackupError):
    """A backup is proven and the latest, but the second destination lacks it, or an earlier one.

    Args:
        words: what happened.
        key: the backup's data.
    """

    def __init__(self, words: str, key: str) -> None:
        super().__init__(words)
        self.key = key


class Stopped(BaseException):
    """SIGTERM or SIGINT arrived. Not an Exception, like KeyboardInterrupt: nothing may swallow it by accident."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number
