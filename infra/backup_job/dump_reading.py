"""How pg_restore reads a stored dump: as one stream, or several parts at once from a checked copy on a disk here.

The stream needs no room and takes one transaction. The copy has no name: whatever becomes of this process, the system
frees it. Nothing is restored from it before it was read whole and its hash was found right.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from infra.backup_job import progress, temporary
from infra.backup_job import report as wording
from infra.backup_job.artefacts import Artefacts
from infra.backup_job.check import decompressed, feed
from infra.backup_job.database import Programs
from infra.backup_job.encodings import codec
from infra.backup_job.errors import BackupError
from infra.backup_job.manifest import Manifest, StoredObject
from infra.backup_job.pg_restore import pg_restore, write
from infra.backup_job.report import Report

MOST_JOBS = 4
"""By itself; more has to be asked for."""
SPARE = 64 * 1024 * 1024
"""Bytes of the disk that are left alone."""
IN_MEMORY = frozenset({"tmpfs", "ramfs"})


class Dump(Protocol):
    """A stored dump, for pg_restore to read."""

    def table_of_contents(self) -> str:
        """Return what the dump holds, as `pg_restore --list` writes it."""

    def restore(self, arguments: Sequence[str], url: str) -> None:
        """Restore into the database of `url` with these further arguments.

        Raises:
            BackupError: the dump is damaged, or pg_restore failed.
        """


@dataclass(frozen=True)
class Streamed:
    """The dump as it comes from the store."""

    artefacts: Artefacts
    programs: Programs
    data: StoredObject
    encoding: str
    """The server's word for what the dump is written in."""

    def table_of_contents(self) -> str:
        """Return it; only the dump's beginning is read."""
        with temporary.unnamed() as output:
            with (
                self.artefacts.open(self.data) as stream,
                pg_restore(self.programs, ["--list"], None, output=output) as pipe,
            ):
                for block in decompressed(stream):
                    if not write(pipe, block):
                        break
            return _words(output, self.encoding)

    def restore(self, arguments: Sequence[str], url: str) -> None:
        """Restore in one transaction: what fails leaves the database as it was."""
        feed(self.artefacts, self.programs, self.data, ["--single-transaction", *arguments], url)


@dataclass(frozen=True)
class Copied:
    """The dump as a file of this machine."""

    file: IO[bytes]
    programs: Programs
    jobs: int
    encoding: str

    def table_of_contents(self) -> str:
        """Return it."""
        with temporary.unnamed() as output:
            self._run(["--list"], None, output=output)
            return _words(output, self.encoding)

    def restore(self, arguments: Sequence[str], url: str) -> None:
        """Restore several parts at once, each in transactions of its own: what fails leaves a part of it."""
        with progress.step(f"restoring in {self.jobs} parts at once"):
            self._run([f"--jobs={self.jobs}", *arguments], url)

    def _run(self, arguments: Sequence[str], url: str | None, **output: IO[bytes]) -> None:
        number = self.file.fileno()
        # Each of pg_restore's processes opens it anew under this name, and so reads at a place of its own.
        with pg_restore(self.programs, [*arguments, f"/proc/self/fd/{number}"], url, inherited=(number,), **output):
            pass


def usual_jobs() -> int:
    """Return how many parts are restored at once where nobody said: one a processor, up to a few."""
    return min(len(os.sched_getaffinity(0)), MOST_JOBS) if sys.platform == "linux" else 1


@contextmanager
def opened(
    artefacts: Artefacts, programs: Programs, manifest: Manifest, report: Report, *, jobs: int, folder: Path
) -> Iterator[Dump]:
    """Give the dump of a backup for a restore in `jobs` parts at once, or as a stream where that can not be.

    Args:
        artefacts: where it lies.
        programs: pg_restore.
        manifest: the backup.
        report: is told of the copy, and why there is none.
        jobs: parts at once; 1: a stream.
        folder: where the copy goes.

    Raises:
        DamagedError: the stored object is not what was stored once.
        KeyMissingError: it is encrypted, and no identity at hand opens it.
    """
    streamed = Streamed(artefacts, programs, manifest.data, manifest.server.encoding)
    if jobs == 1:
        yield streamed
        return
    needed = manifest.dump_size + manifest.server.size + SPARE
    if reason := unfit(folder, needed):
        report("restoring in one stream", reason=reason)
        yield streamed
        return
    report("copying the dump to restore it in parallel", jobs=jobs, folder=str(folder), bytes=manifest.dump_size)
    try:
        file = _copy(artefacts, manifest.data, folder)
    except OSError as error:
        report("restoring in one stream", reason=f"{folder}: {error.strerror}")
        yield streamed
        return
    with file:
        yield Copied(file, programs, jobs, manifest.server.encoding)


def unfit(folder: Path, needed: int) -> str | None:
    """Return why a copy can not go into `folder`, None if it can.

    Args:
        folder: where.
        needed: bytes: the dump, and the database that may grow on the same disk meanwhile.
    """
    if sys.platform != "linux":
        return "a copy without a name is read in parallel on Linux alone"
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        return f"{folder} is no folder that can be written to: name another one in scratch ($BACKUP_SCRATCH)"
    if _kind(folder) in IN_MEMORY:
        return f"{folder} lies in memory: name a folder of a disk in scratch ($BACKUP_SCRATCH)"
    free = shutil.disk_usage(folder).free
    if free < needed:
        return (
            f"{folder} has {wording.size(free)} free, dump and database may take {wording.size(needed)}: free some, or "
            "name another folder in scratch ($BACKUP_SCRATCH)"
        )
    return None


def _copy(artefacts: Artefacts, data: StoredObject, folder: Path) -> IO[bytes]:
    """Return the decompressed dump as a file without a name, read whole and found unchanged."""
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (the caller closes it)
    try:
        with progress.step("copying the dump", data.size) as step, artefacts.open(data) as stream:
            for block in decompressed(stream):
                file.write(block)
                step.done = stream.seen
            stream.finish()
        file.flush()
    except BaseException:
        file.close()
        raise
    return file


def _words(output: IO[bytes], encoding: str) -> str:
    """Return what pg_restore wrote: names are in the encoding of the dump."""
    output.seek(0)
    return output.read().decode(codec(encoding), errors="surrogateescape")


def _kind(folder: Path) -> str | None:
    """Return the kind of file system that `folder` lies on, None where the system does not say."""
    number = folder.stat().st_dev
    wanted = f"{os.major(number)}:{os.minor(number)}"
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        mount, _, rest = line.partition(" - ")
        if mount.split()[2] == wanted:
            return rest.split()[0]
    return None


def scratch_folder(named: Path | None) -> Path:
    """Return where the copy goes: the folder that is named, else $TMPDIR, else the one for large files."""
    return named or Path(os.environ.get("TMPDIR") or "/var/tmp")  # noqa: S108


def parts(jobs: int | None, manifest: Manifest, report: Report) -> int:
    """Return how many parts of a backup are restored at once.

    Args:
        jobs: how many were asked for, None where nobody said.
        manifest: the backup; what is encrypted is not written to a disk in clear unless somebody asks.
        report: is told of that.

    Raises:
        BackupError: fewer than one.
    """
    if jobs is not None and jobs < 1:
        raise BackupError(f"--jobs {jobs}: at least 1, which is one stream")
    if jobs is None and manifest.encryption is not None and usual_jobs() > 1:
        report("restoring in one stream", reason="this backup is encrypted: --jobs N copies it to a disk in clear")
        return 1
    return jobs or usual_jobs()
