"""The build context of an image: which files it is made of, their digest, and the archive the engine gets."""

import hashlib
import io
import os
import stat
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tools.offline_plugins.docker.engine import load_library

DOCKERFILE = "Dockerfile"
OUTSIDE = ".dockerfile-of-the-build"
"""The name in the archive of a Dockerfile that lies outside the context."""


@dataclass(frozen=True)
class BuildContext:
    """A folder and a Dockerfile, in it or not.

    Args:
        folder: the context; relative paths start in the program's folder, where the plugin runs.
        dockerfile: the Dockerfile, found the same way: not relative to `folder`.
    """

    folder: Path
    dockerfile: Path

    @property
    def dockerfile_name(self) -> str:
        """The Dockerfile's path from the context; it begins with `../` when it lies outside."""
        return Path(os.path.relpath(self.dockerfile, self.folder)).as_posix()

    @property
    def archived_dockerfile(self) -> str:
        """The Dockerfile's path in the archive."""
        return OUTSIDE if self.dockerfile_name.startswith("../") else self.dockerfile_name

    def digest(self) -> str:
        """Return a digest of names, modes and contents. Owners and times of files change no image."""
        sum_ = hashlib.sha256()
        self._add(sum_, DOCKERFILE, self.dockerfile)
        for name in self._names():
            path = self.folder / name
            if path.is_symlink() or not path.is_dir():
                sum_.update(f"{stat.filemode(path.lstat().st_mode)} ".encode())
                self._add(sum_, name, path)
        return sum_.hexdigest()

    def archive(self) -> io.BytesIO:
        """Return the context as a tar archive, owned by root as the official plugin has it."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            names = {*self._names()}
            if self.archived_dockerfile == OUTSIDE:
                tar.add(self.dockerfile, OUTSIDE, filter=_owned_by_root)
            else:
                names.add(self.dockerfile_name)  # ignored or not, the builder needs it
            for name in sorted(names):
                tar.add(self.folder / name, name, recursive=False, filter=_owned_by_root)
        packed.seek(0)
        return packed

    def _names(self) -> list[str]:
        """Return the paths of what `.dockerignore` leaves, from the context."""
        load_library()
        from docker.utils import exclude_paths  # noqa: PLC0415 - not needed to plan other resources

        left = exclude_paths(str(self.folder), self._patterns(), dockerfile=".dockerignore")
        return sorted(Path(name).as_posix() for name in left)

    def _patterns(self) -> list[str]:
        for path in (Path(f"{self.dockerfile}.dockerignore"), self.folder / ".dockerignore"):
            if path.is_file():
                lines = [line.strip() for line in path.read_text().splitlines()]
                return [line for line in lines if line and not line.startswith("#")]
        return []

    @staticmethod
    def _add(sum_: "hashlib._Hash", name: str, path: Path) -> None:
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        sum_.update(f"{name}\0{len(content)}\0".encode() + content)


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
