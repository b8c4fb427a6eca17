"""Who runs PostgreSQL: the current user, or, since PostgreSQL refuses to run as root, an unprivileged account."""

import os
import pwd
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CANDIDATES = ("postgres", "nobody")
"""System accounts tried in this order when the current user is root."""


@dataclass(frozen=True)
class Account:
    """A system user that owns a server's files and processes."""

    name: str
    uid: int
    gid: int

    def process_options(self) -> Mapping[str, Any]:
        """Return the keyword arguments that make `subprocess` run a command as this account."""
        if os.getuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Hand the file or folder `path` to this account."""
        if os.getuid() == 0:
            os.chown(path, self.uid, self.gid)

    def can_reach(self, path: Path) -> bool:
        """Say whether this account may enter every folder above `path` that exists today."""
        if os.getuid() != 0 or self.uid == 0:
            return True
        return all(self._may_enter(folder) for folder in path.resolve().parents if folder.exists())

    def _may_enter(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def service_account() -> Account:
    """Return the account PostgreSQL runs as here.

    Raises:
        LookupError: we are root and the system has none of `CANDIDATES`.
    """
    if os.getuid() != 0:
        me = pwd.getpwuid(os.getuid())
        return Account(me.pw_name, me.pw_uid, me.pw_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise LookupError(
        f"PostgreSQL refuses to run as root, and this system has no account named {' or '.join(CANDIDATES)}. "
        "Create one (useradd --system postgres) or run as an ordinary user."
    )
