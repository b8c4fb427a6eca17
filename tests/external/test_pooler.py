"""A pooler in transaction mode is found by what it does; one in session mode does no harm. With a real PgBouncer."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from infra.embedded.ports import free_port
from infra.preflight.finding import Wanted
from infra.preflight.run import preflight
from tests.supabase.emulation import Supabase

WANTED = Wanted("public", (), (), "extensions")
PACKAGES = ("pgbouncer", "libc-ares2", "libevent-2.1-7")
START_SECONDS = 30


@pytest.fixture(scope="module")
def pgbouncer() -> Iterator[tuple[Path, str]]:
    """The program and the LD_LIBRARY_PATH it needs: the system's, else out of Debian's packages."""
    if found := shutil.which("pgbouncer"):
        yield Path(found), ""
        return
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        pytest.skip("no pgbouncer here, and no apt-get to fetch it")
    folder = Path(tempfile.mkdtemp(prefix="ae-pgbouncer-", dir="/var/tmp" if os.getuid() == 0 else None))  # noqa: S108
    try:
        folder.chmod(0o755)  # the server's account runs it
        command = "apt-get download " + " ".join(PACKAGES) + " && for file in *.deb; do dpkg -x $file .; done"
        run = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
        if run.returncode:
            pytest.skip(f"no pgbouncer here, and none to be had: {run.stderr.strip()[-200:]}")
        libraries = sorted({str(path.parent) for path in folder.rglob("*.so*")})
        yield next(folder.rglob("sbin/pgbouncer")), os.pathsep.join(libraries)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def server(start_supabase: Callable[..., Supabase]) -> Supabase:
    return start_supabase()


@contextmanager
def pooled(program: tuple[Path, str], server: Supabase, mode: str, folder: Path) -> Iterator[str]:
    """Run a pooler in front of `server`; yields the URL that goes through it."""
    port, account = free_port(), server.cluster.account
    target = f"host=127.0.0.1 port={server.port} user=postgres password={server.password}"
    folder.mkdir(parents=True)
    account.own(folder)
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        f"[databases]\npostgres = {target}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = any\npool_mode = {mode}\n"
    )
    account.own(configuration)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [program[0], configuration],
            env={**os.environ, "LD_LIBRARY_PATH": program[1]},
            stdout=log,
            stderr=log,
            **account.process_options(),
        )
        try:
            url = server.url().replace(f":{server.port}/", f":{port}/")
            wait_for(url, process, folder / "log")
            yield url
        finally:
            process.kill()
            process.wait()


def wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def reachable(server: Supabase) -> Iterator[Path]:
    """A folder that the pooler's account reaches."""
    folder = server.cluster.folder.parent / "pooler"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_pooler_that_shares_sessions_is_refused(
    mode: str, pgbouncer: tuple[Path, str], server: Supabase, reachable: Path
) -> None:
    with pooled(pgbouncer, server, mode, reachable) as url:
        (line,) = map(str, preflight(url, WANTED).failures)
    assert "is a pooler in transaction mode" in line
    assert "pool_mode = session" in line


def test_a_pooler_that_keeps_sessions_passes(pgbouncer: tuple[Path, str], server: Supabase, reachable: Path) -> None:
    with pooled(pgbouncer, server, "session", reachable) as url:
        assert preflight(url, WANTED).failures == []
