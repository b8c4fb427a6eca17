"""The schema of each proven backup as a file of this machine, too, and a link to the newest."""

import os
from pathlib import Path

from infra.backup_job.errors import MirrorError
from infra.backup_job.manifest import Manifest
from infra.backup_job.names import ENDING, Names


def write(folder: Path, names: Names, manifest: Manifest, schema: bytes) -> Path:
    """Write the schema of a proven backup below `folder`, under the key it has in the bucket, and move the link to it.

    Whoever reads meanwhile sees the former file or the new one, whole. Dated files stay: nothing here deletes them.

    Args:
        folder: the mirror.
        names: the keys of this run.
        manifest: the backup; it is the latest already.
        schema: the object that its schema is, as it is stored.

    Returns:
        The file.

    Raises:
        MirrorError: it can not be written.
    """
    file, link = folder / manifest.schema_sql.key, folder / names.latest_schema
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if link.exists() and not link.is_symlink():
            raise MirrorError(_failed(manifest, f"{link} is no symbolic link: move it away"))
        _place(file, schema)
        _point(link, file.name)
        _remove_other_link(folder, names)
        _settle(link.parent)
    except OSError as error:
        where = error.filename2 or error.filename or file
        raise MirrorError(_failed(manifest, f"{where}: {error.strerror}: correct its permissions, or mirror")) from None
    return file


def _place(file: Path, body: bytes) -> None:
    partial = file.with_name(f".{file.name}.partial")
    with partial.open("wb") as handle:
        handle.write(body)
        handle.flush()
        os.fsync(handle.fileno())
    partial.replace(file)


def _point(link: Path, target: str) -> None:
    partial = link.with_name(f".{link.name}.partial")
    partial.unlink(missing_ok=True)  # a killed run may have left it
    partial.symlink_to(target)
    partial.replace(link)


def _settle(folder: Path) -> None:
    """Have the renames in `folder` outlast a power failure, as what was renamed does."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _remove_other_link(folder: Path, names: Names) -> None:
    """Remove the link of before encryption was switched on, or off: it would stay at an old file."""
    other = folder / Names(names.prefix, "" if names.ending else ENDING).latest_schema
    if other.is_symlink():
        other.unlink()


def _failed(manifest: Manifest, words: str) -> str:
    return f"backup {manifest.stamp} is proven and the latest in the bucket, its mirror is not: {words}"
