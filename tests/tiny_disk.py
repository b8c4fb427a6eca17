"""A folder on a file system of a few megabytes, seen by one server alone, which a test fills and frees."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

FILLER = "filler"
MEGABYTE = 1024 * 1024

MOUNT = """
set -e
folder=$1 size=$2; shift 2
cp -a "$folder" "$folder.kept"
mount -t tmpfs -o "size=${size}m" tiny "$folder"
cp -a "$folder.kept/." "$folder/"
chown --reference="$folder.kept" "$folder"
chmod --reference="$folder.kept" "$folder"
rm -rf "$folder.kept"
exec "$@"
"""


def require_mounts() -> None:
    """Skip the test where we may not mount, which is what a full disk of our own takes."""
    if os.getuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("a full disk is a tiny file system of our own: that takes the right to mount")


def run_with_tiny_disk(
    folder: Path, megabytes: int, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> None:
    """Run `command`, which starts a server, where `folder` and what it holds lies on a disk of that size.

    The mount is seen by what `command` starts, and goes with the last of that.
    """
    script = ["unshare", "--mount", "sh", "-c", MOUNT, "sh", str(folder), str(megabytes), *command]
    subprocess.run(script, env=environment, check=True, stdout=subprocess.DEVNULL)


class TinyDisk:
    """That folder, as the server `process` sees it."""

    def __init__(self, process: int, folder: Path):
        self.folder = Path(f"/proc/{process}/root{folder}")

    def free(self) -> int:
        """Return the free megabytes."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize // MEGABYTE

    def fill(self, leave: int) -> None:
        """Leave that many megabytes free."""
        with (self.folder / FILLER).open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, (self.free() - leave) * MEGABYTE))

    def clear(self) -> None:
        """Take away what `fill` put there."""
        (self.folder / FILLER).unlink()
