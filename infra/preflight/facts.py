"""What there is to know about the database, gathered in a handful of queries; nothing is changed."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from shutil import disk_usage
from typing import TYPE_CHECKING, Any, Literal

from infra.preflight.asking import asking, query
from infra.preflight.finding import Finding, Wanted
from infra.preflight.reader import ReaderFacts, read
from infra.roles import READER_IS_IN

if TYPE_CHECKING:
    import psycopg

Platform = Literal["supabase", "rds", "other"]
LOOPBACK = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class RoleFacts:
    """A role that exists; we `may_grant` it or not, and it has the rights of those wanted ones that it `acts_as`."""

    superuser: bool = False
    login: bool = False
    bypass_rls: bool = False
    may_grant: bool = True
    acts_as: tuple[str, ...] = ()


@dataclass(frozen=True)
class SchemaFacts:
    """A schema that exists; `shut_out` are the wanted roles, of those that exist, that may not use it."""

    may_create: bool = True
    may_use: bool = True
    may_grant: bool = True
    public_use: bool = True
    shut_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExtensionFacts:
    """An extension the server has; `installed` is its version in this database, `schema` where it lives."""

    default_version: str
    installed: str | None = None
    schema: str | None = None
    trusted: bool = False


@dataclass(frozen=True)
class Facts:
    """The database as the connected `role` sees it.

    Args:
        version: as in server_version_num.
        encoding: the database's, as PostgreSQL names it.
        all_letters: its locale takes letters of every script for letters, not a to z alone.
        bytes: the database's size.
        free_bytes: room on its disk, where that can be known.
        clock_ahead: seconds by which the server's clock is ahead of ours.
        made: roles and the like that an earlier run of ours made, as (kind, name).
        ledger_owner: who owns the schema `pgstack`, None where there is none.
        ledger: that schema holds what this tool keeps.
        taken: objects of others under names of ours.
    """

    version: int
    role: str
    database: str
    superuser: bool = False
    create_role: bool = True
    create_database: bool = True
    bypass_rls: bool = True
    standby: bool = False
    read_only: bool = False
    create_in_database: bool = True
    encoding: str = "UTF8"
    all_letters: bool = True
    bytes: int = 0
    platform: Platform = "other"
    rds_superuser: bool = False
    privileged_extensions: str = ""
    grant_read_all: bool = True
    ledger_owner: str | None = None
    ledger: bool = False
    free_bytes: int | None = None
    clock_ahead: float = 0.0
    roles: Mapping[str, RoleFacts] = field(default_factory=dict)
    schemas: Mapping[str, SchemaFacts] = field(default_factory=dict)
    extensions: Mapping[str, ExtensionFacts] = field(default_factory=dict)
    made: frozenset[tuple[str, str]] = frozenset()
    reader: ReaderFacts | Finding | None = None
    taken: tuple[str, ...] = ()

    @property
    def major(self) -> int:
        """PostgreSQL's major version."""
        return self.version // 10_000


def gather(connection: "psycopg.Connection[Any]", wanted: Wanted) -> Facts:
    """Return the facts, those of the database seen in one read-only transaction."""
    with asking(connection) as cursor:
        began = time.time()
        server = cursor.execute(query("server")).fetchone() or {}
        middle = (began + time.time()) / 2
        names = [*wanted.groups, *((wanted.backup_role, *READER_IS_IN) if wanted.backup_role else ())]
        roles = cursor.execute(query("roles"), {"roles": names}).fetchall()
        schemas = cursor.execute(
            query("schemas"), {"roles": list(wanted.groups), "schemas": [wanted.schema, wanted.extensions_schema]}
        ).fetchall()
        extensions = cursor.execute(query("extensions"), {"extensions": list(wanted.extensions)}).fetchall()
        made = _made(cursor) if server["ledger"] and server["ledger_owner"] == server["role"] else frozenset()
    folder, clock = server.pop("data_directory"), server.pop("clock")
    return Facts(
        **server,
        clock_ahead=clock - middle,
        free_bytes=_free_bytes(folder, connection.info.hostaddr),
        roles={row.pop("name"): RoleFacts(**{**row, "acts_as": tuple(row["acts_as"])}) for row in roles},
        schemas={row.pop("name"): SchemaFacts(**{**row, "shut_out": tuple(row["shut_out"])}) for row in schemas},
        extensions={row.pop("name"): ExtensionFacts(**row) for row in extensions},
        made=made,
        reader=read(url, connection, main_standby=server["standby"]) if (url := wanted.backup_url) else None,
    )


def _made(cursor: Any) -> frozenset[tuple[str, str]]:
    if cursor.execute("SELECT to_regclass('pgstack.prepared_object') AS name").fetchone()["name"] is None:
        return frozenset()
    rows = cursor.execute("SELECT kind, name FROM pgstack.prepared_object").fetchall()
    return frozenset((row["kind"], row["name"]) for row in rows)


def _free_bytes(folder: str | None, address: str) -> int | None:
    """PostgreSQL itself does not say; on this machine the file system does."""
    if not folder or address not in LOOPBACK:
        return None
    try:
        return disk_usage(folder).free
    except OSError:
        return None  # another container's folder, or one that is closed to us
