"""Turns a new PostgreSQL cluster into one that looks like a Supabase project; README.md says what of it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from infra.embedded.cluster import Cluster
from infra.embedded.ports import free_port

ADMIN = "supabase_admin"
SETTINGS = {"fsync": "off", "full_page_writes": "off", "wal_level": "logical"}


@dataclass(frozen=True)
class Emulated:
    """A running one, wherever its server runs; every login has the same password."""

    port: int
    password: str

    def url(self, user: str = "postgres", database: str = "postgres", **parameters: str) -> str:
        """Return a login's URL; without TLS unless `parameters` say otherwise."""
        options = "&".join(f"{name}={value}" for name, value in {"sslmode": "disable", **parameters}.items())
        return f"postgresql://{user}:{self.password}@127.0.0.1:{self.port}/{database}?{options}"

    @contextmanager
    def connected(self, user: str = ADMIN) -> Iterator[psycopg.Connection[Any]]:
        """Open a connection, each statement its own transaction."""
        with psycopg.connect(self.url(user), autocommit=True) as connection:
            yield connection

    def rows(self, query: str, *parameters: object, user: str = ADMIN) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self.connected(user) as connection:
            return connection.execute(query.encode(), parameters or None).fetchall()

    def run(self, statement: str, user: str = ADMIN) -> None:
        """Execute a statement."""
        with self.connected(user) as connection:
            connection.execute(statement.encode())

    def enable(self, *extensions: str) -> None:
        """Do what a click in the dashboard does."""
        with self.connected() as admin:
            for name in extensions:
                admin.execute(sql.SQL("CREATE EXTENSION {} SCHEMA extensions").format(sql.Identifier(name)))


@dataclass(frozen=True)
class Supabase(Emulated):
    """One whose server is a cluster on this machine."""

    cluster: Cluster


def emulate(port: int, password: str) -> None:
    """Make the project in the new cluster whose server listens on `port`, and whose superuser is still `postgres`."""
    base = f"postgresql://{{}}:{password}@127.0.0.1:{port}/postgres"
    with psycopg.connect(base.format("postgres"), autocommit=True) as bootstrap:
        command = sql.SQL("CREATE ROLE {} SUPERUSER CREATEDB CREATEROLE REPLICATION BYPASSRLS LOGIN PASSWORD {}")
        bootstrap.execute(command.format(sql.Identifier(ADMIN), sql.Literal(password)))
    with psycopg.connect(base.format(ADMIN), autocommit=True) as admin:
        admin.execute("ALTER ROLE postgres RENAME TO bootstrap")  # the first superuser can not be demoted
        for file in sorted(Path(__file__).parent.glob("*.sql")):
            admin.execute(file.read_bytes())
        for (name,) in admin.execute("SELECT rolname FROM pg_roles WHERE rolcanlogin").fetchall():
            alter = sql.SQL("ALTER ROLE {} PASSWORD {}")
            admin.execute(alter.format(sql.Identifier(name), sql.Literal(password)))


@contextmanager
def running_copy(template: Cluster, folder: Path, password: str, settings: dict[str, str]) -> Iterator[Supabase]:
    """Start a copy of the stopped `template` in `folder`, and remove it afterwards."""
    copy = Cluster(template.distribution, template.account, folder)
    try:
        subprocess.run(["cp", "-a", template.folder, folder], check=True, capture_output=True)
        port = free_port()
        copy.start(port, {**SETTINGS, **settings})
        yield Supabase(port, password, copy)
    finally:
        copy.remove()
