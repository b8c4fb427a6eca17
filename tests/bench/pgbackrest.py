"""pgBackRest beside this job, where the system has it and a server that it knows: it copies the files of a cluster."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from infra.embedded.distribution import Distribution
from infra.embedded.ports import free_port
from tests.bench import rows
from tests.bench.backup_place import DATABASE, SETTINGS, Place, place, restored, the_job
from tests.bench.commands import Run, Way, in_turns, measure, table
from tests.bench.server import durable_server

CONFIGURATION = """\
[global]
repo1-path={folder}/repository
repo1-retention-full=1
log-path={folder}
lock-path={folder}
spool-path={folder}
log-level-file=off
log-level-console=error
compress-type=zst
compress-level=1
process-max=2
start-fast=y
[bench]
pg1-path={data}
pg1-port={port}
pg1-socket-path={sockets}
pg1-user=postgres
"""


class NotMeasuredError(Exception):
    """pgBackRest is not here, or knows no server that is; the message says which."""


@dataclass(frozen=True)
class PgBackRest:
    """Its repository, a folder on this machine, for the cluster of `where`."""

    where: Place
    folder: Path

    @classmethod
    def beside(cls, where: Place) -> "PgBackRest":
        """Set it up: from now on the server hands its WAL over.

        Raises:
            NotMeasuredError: it does not know this version of PostgreSQL.
        """
        cluster, folder = where.server.cluster, where.server.folder / "pgbackrest"
        folder.mkdir(mode=0o700)
        cluster.account.own(folder)
        made = cls(where, folder)
        text = CONFIGURATION.format(
            folder=folder, sockets=tempfile.gettempdir(), data=cluster.data, port=cluster.port()
        )
        made.configuration.write_text(text)
        cluster.account.own(made.configuration)
        created = subprocess.run(
            ["bash", "-c", made.command("stanza-create")],
            env=made.environment,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            **cluster.account.process_options(),
        )
        if created.returncode:
            raise NotMeasuredError(created.stdout.strip() or created.stderr.strip())
        with psycopg.connect(where.server.url("postgres"), autocommit=True) as admin:
            admin.execute(f"ALTER SYSTEM SET archive_command = '{made.command('archive-push')} %p'".encode())
            admin.execute("SELECT pg_reload_conf()")
        return made

    @property
    def configuration(self) -> Path:
        return self.folder / "pgbackrest.conf"

    @property
    def environment(self) -> dict[str, str]:
        with psycopg.connect(self.where.server.url("postgres")) as connection:
            return {**self.where.environment(), "PGPASSWORD": connection.info.password}

    def command(self, words: str) -> str:
        return f"pgbackrest --config={self.configuration} --stanza=bench {words}"

    def run(self, command: str) -> Run:
        account = self.where.server.cluster.account
        return measure(command, self.environment, cwd=self.folder, **account.process_options())

    def backup(self) -> Run:
        """Take a full one."""
        return self.run(self.command("--type=full backup"))

    def restore(self) -> Run:
        """Copy the files back, and start a server on them that has replayed what it needs."""
        data, port = self.folder / "restored", free_port()
        pg_ctl, psql = self.where.program("pg_ctl"), self.where.program("psql")
        options = f"-p {port} -c archive_mode=off -c unix_socket_directories={self.folder}"
        asked = f"{psql} -h {self.folder} -p {port} -U postgres -Atc 'SELECT pg_is_in_recovery()'"
        try:
            return self.run(
                f"mkdir -m 700 {data}; {self.command(f'--pg1-path={data} restore')}; "
                f"{pg_ctl} -w -D {data} -l {self.folder}/restored.log -o '{options}' start > /dev/null; "
                f"until [ $({asked}) = f ]; do sleep 0.05; done"
            )
        finally:
            self.run(f"{pg_ctl} -m immediate -D {data} stop > /dev/null")
            shutil.rmtree(data)


def measured(sizes: Sequence[float], rounds: int) -> None:
    """Measure each size and print it, or say why not."""
    try:
        with _place() as where:
            peer: PgBackRest | None = None
            for size in sizes:
                held = rows.fill(where.server.url(DATABASE), size) / rows.GB
                peer = peer or PgBackRest.beside(where)
                _measure(where, peer, held, rounds)
    except NotMeasuredError as reason:
        print(f"\npgBackRest was not measured: {reason}.")


@contextmanager
def _place() -> Iterator[Place]:
    if shutil.which("pgbackrest") is None:
        raise NotMeasuredError("it is not installed")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not installed:
        raise NotMeasuredError("the system's packages have no PostgreSQL beside it")
    newest = Distribution(installed[-1].parents[1], None)
    # Not to wait for it while the rows are made: it takes what they leave then.
    archiving = {"archive_mode": "on", "archive_command": "/bin/true", "unix_socket_directories": tempfile.gettempdir()}
    with place(durable_server(newest, **SETTINGS, **archiving)) as where:
        with psycopg.connect(where.server.url(DATABASE), autocommit=True) as connection:
            connection.execute(rows.WITHOUT_PGVECTOR.encode())
        yield where


def _measure(where: Place, peer: PgBackRest, held: float, rounds: int) -> None:
    url, local = where.server.url(DATABASE), where.server.folder / "local.dump"
    pg_dump, pg_restore = where.program("pg_dump"), where.program("pg_restore")
    environment = where.environment()
    version = subprocess.check_output(["pgbackrest", "version"], text=True).strip()

    def by_hand() -> Run:
        empty = where.server.new("by_hand")
        run = measure(f"{pg_restore} -j2 -d {empty} {local}", environment)
        where.server.new("by_hand")  # a copy of the cluster shall not hold the rows twice
        return run

    taken: dict[str, Way] = {
        "`pg_dump -Fp` to /dev/null": lambda: measure(f"{pg_dump} -Fp -d {url} > /dev/null", environment),
        "this job": lambda: the_job(where),
        f"{version}, full, zstd 1, two processes, to a local folder": peer.backup,
    }
    back: dict[str, Way] = {
        "`pg_restore -j2` of a local file": by_hand,
        "this job, from the store, compared": lambda: restored(where),
        f"{version}, two processes, and its server started": peer.restore,
    }
    found = in_turns(taken, rounds)
    measure(f"{pg_dump} -Fc -Z1 -f {local} -d {url}", environment)
    major = where.server.cluster.distribution.major
    table(f"Backup of {held:.1f} GB on PostgreSQL {major}", found)
    table(f"Restore of the same {held:.1f} GB", in_turns(back, rounds))
