"""Files of the moment, and what it means for a command when there is no room for one."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

from infra.backup_job.errors import BackupError


def unnamed() -> IO[bytes]:
    """Return a file without a name, which goes when it is closed.

    Raises:
        BackupError: none can be made.
    """
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise _no_room(error) from None


@contextmanager
def named(lines: Iterable[str]) -> Iterator[str]:
    """Write `lines` into a file, and give its name; it goes with the block.

    Raises:
        BackupError: it can not be written.
    """
    try:
        handle = tempfile.NamedTemporaryFile("w", suffix=".list", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
    except OSError as error:
        raise _no_room(error) from None
    with handle:
        try:
            handle.write("\n".join(lines))
            handle.flush()
        except OSError as error:
            raise _no_room(error) from None
        yield handle.name


def _no_room(error: OSError) -> BackupError:
    where = error.filename or tempfile.tempdir or "its usual places"
    return BackupError(
        f"no temporary file can be written in {where} ({error.strerror}): free some room there, or name another folder "
        "in $TMPDIR"
    )
