"""A real PgBouncer: the system's, else out of Debian's packages."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from infra.embedded.account import Account
from infra.embedded.ports import free_port
from tests.waiting import wait_until

PACKAGES = ("pgbouncer", "libc-ares2", "libevent-2.1-7")
START_SECONDS = 30


@dataclass(frozen=True)
class PgBouncer:
    """The program, the LD_LIBRARY_PATH it needs, and a folder that the server's account reaches."""

    program: Path
    libraries: str
    folder: Path
    account: Account

    @contextmanager
    def running(self, server: str, settings: Mapping[str, str], users: Mapping[str, str], check: str) -> Iterator[int]:
        """Run it in front of `server`; yields its port on 127.0.0.1.

        Args:
            server: where the databases are, as `[databases]` has it: `host=127.0.0.1 port=5432`.
            settings: of the section `[pgbouncer]`.
            users: name and password of who may log in, for an `auth_type` that asks for them.
            check: `user:password@` and `/database` of a connection that works once it is up, with `{port}` in between.
        """
        port = free_port()
        own = self.folder / str(port)
        own.mkdir()
        (own / "users").write_text("".join(f'"{name}" "{password}"\n' for name, password in users.items()))
        given = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(port),
            "unix_socket_dir": "",
            "auth_file": str(own / "users"),
            **settings,
        }
        lines = "".join(f"{name} = {value}\n" for name, value in given.items())
        (own / "pgbouncer.ini").write_text(f"[databases]\n* = {server}\n[pgbouncer]\n{lines}")
        for path in (own, *own.iterdir()):
            self.account.own(path)
        with (own / "log").open("w") as log:
            process = subprocess.Popen(
                [self.program, own / "pgbouncer.ini"],
                env={**os.environ, "LD_LIBRARY_PATH": self.libraries},
                stdout=log,
                stderr=log,
                **self.account.process_options(),
            )
            try:
                _wait_for(f"postgresql://{check.format(port=port)}", process, own / "log")
                yield port
            finally:
                process.kill()
                process.wait()


@contextmanager
def pgbouncer(account: Account) -> Iterator[PgBouncer]:
    """Find the program or fetch it; where neither can be, skip and say why."""
    folder = Path(tempfile.mkdtemp(prefix="ae-pgbouncer-", dir="/var/tmp" if os.getuid() == 0 else None))  # noqa: S108
    try:
        folder.chmod(0o755)  # the server's account runs it
        if found := shutil.which("pgbouncer"):
            yield PgBouncer(Path(found), "", folder, account)
            return
        if not (shutil.which("apt-get") and shutil.which("dpkg")):
            pytest.skip("no pgbouncer here, and no apt-get to fetch it")
        command = "apt-get download " + " ".join(PACKAGES) + " && for file in *.deb; do dpkg -x $file .; done"
        run = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
        if run.returncode:
            pytest.skip(f"no pgbouncer here, and none to be had: {run.stderr.strip()[-200:]}")
        libraries = sorted({str(path.parent) for path in folder.rglob("*.so*")})
        yield PgBouncer(next(folder.rglob("sbin/pgbouncer")), os.pathsep.join(libraries), folder, account)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            return False
        return True

    wait_until(answers, f"PgBouncer answers ({log})", START_SECONDS)
