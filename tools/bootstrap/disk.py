"""Room on the disk: asked for before long work, explained when it runs out."""

import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tools.bootstrap.failure import SetupError

GIGABYTE = 10**9


def require_space(needs: Mapping[Path, int], what: str) -> None:
    """Check that each folder's file system has room for all that will be written below it.

    Args:
        needs: bytes needed, by folder; a folder need not exist yet.
        what: the work the room is for.

    Raises:
        SetupError: a file system has too little room.
    """
    by_device: dict[int, tuple[list[Path], int]] = {}
    for folder, size in needs.items():
        existing = _nearest_existing(folder)
        folders, total = by_device.get(existing.stat().st_dev, ([], 0))
        by_device[existing.stat().st_dev] = ([*folders, folder], total + size)
    for folders, total in by_device.values():
        free = shutil.disk_usage(_nearest_existing(folders[0])).free
        if free < total:
            raise SetupError(
                f"{what} needs {total / GIGABYTE:.1f} GB, and the disk of {', '.join(map(str, folders))} has "
                f"{free / GIGABYTE:.1f} GB left. Free some, or name a cache on another disk: "
                "AGENT_ECOSYSTEM_CACHE for this project's own, GOCACHE, GOMODCACHE and TMPDIR for Go's."
            )


def no_space_left(output: str, folder: Path) -> SetupError | None:
    """Return the error to raise when a program's output tells of a full disk, None when it does not."""
    if os.strerror(errno.ENOSPC).lower() not in output.lower():
        return None
    free = shutil.disk_usage(_nearest_existing(folder)).free
    return SetupError(
        f"The disk is full while writing {folder} ({free / GIGABYTE:.1f} GB left there now): free some space, then run "
        f"the command again; what was half made is made anew.\n{output.strip()[-300:]}"
    )


def _nearest_existing(folder: Path) -> Path:
    return next(candidate for candidate in (folder, *folder.absolute().parents) if candidate.exists())
