"""A throwaway server of the embedded PostgreSQL: a copied template, started, used, stopped and removed."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.embedded.account import Account, service_account
from infra.embedded.cluster import Cluster, ClusterError
from infra.embedded.distribution import Distribution, install, shared_cache
from infra.provider.schema.errors import ScratchUnavailable
from infra.provider.schema.scratch.opening import Scratch
from infra.provider.schema.scratch.preparation import create_extensions
from infra.provider.schema.target import EXTENSIONS, Target

SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "16MB",
    "max_connections": "10",
    "max_locks_per_transaction": "4096",
    "autovacuum": "off",
    "io_method": "sync",
}
TEMPLATE_FORMAT = 1
"""Raised when the template must be made anew."""
PREFIX = "server-"
"""Checkouts of other commits share the folder; those that wrote `run-` read a start time where a birth mark is now."""


@contextmanager
def embedded_server() -> Iterator[Scratch]:
    """Yield a superuser's connection to a throwaway server's only database; the server goes when the block ends.

    Raises:
        ScratchUnavailable: the server could not be made or started.
    """
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

    with _server() as url, psycopg.connect(url, autocommit=True) as connection:
        yield Scratch(connection, url)


@contextmanager
def _server() -> Iterator[str]:
    try:
        distribution, account = install(), service_account()
        folder = shared_cache(account) / "scratch"
        _make_folder(folder, account)
        sweep(folder, distribution, account)
        template = _template(folder, distribution, account)
    except (ClusterError, LookupError, OSError, subprocess.SubprocessError) as error:
        raise ScratchUnavailable(f"no embedded server to read the files with: {error}") from error
    cluster = Cluster(distribution, account, folder / _own_name())
    try:
        yield _start_copy(template, cluster)
    finally:
        cluster.remove()


def sweep(folder: Path, distribution: Distribution, account: Account) -> list[Path]:
    """Remove the servers of processes that are gone, and return their folders."""
    removed = []
    for entry in folder.glob(f"{PREFIX}*"):
        if not _alive(entry.name):
            Cluster(distribution, account, entry).remove()
            removed.append(entry)
    return removed


def _own_name() -> str:
    from infra.embedded.process_identity import birth_mark  # noqa: PLC0415 - not needed to read the cache

    pid = os.getpid()
    return f"{PREFIX}{pid}-{birth_mark(pid)}-{secrets.token_hex(3)}"


def _alive(name: str) -> bool:
    """Say whether the process that named a folder lives: its id may have been given to another process since."""
    import psutil  # noqa: PLC0415 - not needed to read the cache

    from infra.embedded.process_identity import birth_mark  # noqa: PLC0415

    _, pid, mark, *_ = name.split("-")
    try:
        return birth_mark(int(pid)) == mark
    except psutil.NoSuchProcess:
        return False


def _make_folder(folder: Path, account: Account) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o711)
    account.own(folder)


def _start_copy(template: Path, cluster: Cluster) -> str:
    try:
        # cp keeps the owner and, where the file system can, shares the blocks.
        subprocess.run(["cp", "-a", template, cluster.folder], check=True, capture_output=True)
        return _start(template, cluster)
    except (ClusterError, subprocess.SubprocessError, OSError) as error:
        raise ScratchUnavailable(f"no embedded server to read the files with: {error}") from error


def _start(template: Path, cluster: Cluster) -> str:
    return _url(template, cluster.start(settings=_settings(cluster.distribution)))


def _settings(distribution: Distribution) -> dict[str, str]:
    return {name: value for name, value in SETTINGS.items() if name != "io_method" or distribution.major >= 18}


def _url(folder: Path, port: int) -> str:
    password = (folder / "superuser").read_text()
    return f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"


def _template(folder: Path, distribution: Distribution, account: Account) -> Path:
    """Return a stopped server's folder with the usual extensions in it, made once for all runs."""
    home = folder / f"template-{distribution.root.parent.parent.parent.name}-{TEMPLATE_FORMAT}"
    if (home / "complete").exists():
        return home
    import fcntl  # noqa: PLC0415 - once in a machine's life

    with (folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "complete").exists():
            _make_template(home, distribution, account)
    return home


def _make_template(home: Path, distribution: Distribution, account: Account) -> None:
    import psycopg  # noqa: PLC0415 - once in a machine's life

    shutil.rmtree(home, ignore_errors=True)
    cluster = Cluster(distribution, account, home)
    password = secrets.token_urlsafe(16)
    try:
        cluster.init(password)
        secret = home / "superuser"
        secret.touch(mode=0o600)
        secret.write_text(password)
        with psycopg.connect(_start(home, cluster), autocommit=True) as connection:
            create_extensions(connection, Target(extensions=EXTENSIONS))
    finally:
        cluster.stop()
    _shrink_log(cluster)
    (home / "complete").touch()


def _shrink_log(cluster: Cluster) -> None:
    """Write-ahead log in segments of 1 MB instead of 16: less to copy each time."""
    subprocess.run(
        [cluster.distribution.program("pg_resetwal"), "--wal-segsize=1", f"--pgdata={cluster.data}"],
        env=cluster.distribution.environment(),
        cwd=cluster.folder,
        check=True,
        capture_output=True,
        **cluster.account.process_options(),
    )
