"""Where a schema lives, and what of its server decides how files are read."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.provider.schema.errors import SchemaError

if TYPE_CHECKING:
    import psycopg

GROUP_ROLES = ("agent", "anon", "authenticated", "maintenance", "observer", "orchestrator", "service_role")
EXTENSIONS = ("uuid-ossp", "vector", "pg_trgm")
OWN_SCHEMA = "pgstack"
"""The schema in which the tool keeps its own memory: never part of a user's database as seen from here."""


@dataclass(frozen=True)
class Surroundings:
    """The schemas beside the managed one.

    Args:
        readable: those a dump can read whole; a scratch database gets a copy of them, without rows.
        closed: those that hold something this role may not read.
        mark: changes when an object of `readable` does.
    """

    readable: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    mark: str = ""


@dataclass(frozen=True)
class ServerFacts:
    """What the target's server is.

    Args:
        version: as in server_version_num.
        extensions: name -> installed version.
        homes: extension name -> the schema it lives in, where that is not the target's `extensions_schema`.
        surroundings: what else the database holds.
    """

    version: int
    extensions: dict[str, str] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    surroundings: Surroundings = field(default_factory=Surroundings)

    @property
    def major(self) -> int:
        """The major version, e.g. 18."""
        return self.version // 10_000


@dataclass(frozen=True)
class Target:
    """A managed schema.

    Args:
        schema: its bare name.
        owner: the role that owns its objects and applies them.
        roles: further roles that files may grant to.
        extensions: what is installed beside the schema.
        extensions_schema: the schema the extensions live in, and the second one that bare names are looked up in.
        url: the database, as a role that may create databases; None while there is no server yet.
        scratch_url: the same server, as a role that may also create the extensions; None: `url` is that role's.
        server: the server's facts; None while there is no server yet.
        superuser: whether `owner` is one.
        changeable: those of `extensions` that `owner` may change; files that create them answer for them.
    """

    schema: str = "public"
    owner: str = "ecosystem_owner"
    roles: tuple[str, ...] = (*GROUP_ROLES, "backup")
    extensions: tuple[str, ...] = EXTENSIONS
    extensions_schema: str = "extensions"
    url: str | None = field(default=None, repr=False)
    scratch_url: str | None = field(default=None, repr=False)
    server: ServerFacts | None = None
    superuser: bool = False
    changeable: tuple[str, ...] = ()

    @property
    def provided(self) -> tuple[str, ...]:
        """The extensions that are others' to make and change: files can lean on them, and no more."""
        return tuple(name for name in self.extensions if name not in self.changeable)

    def home_of(self, extension: str) -> str:
        """Return the schema that `extension` lives in."""
        return self.server.homes.get(extension, self.extensions_schema) if self.server else self.extensions_schema


def server_facts(connection: "psycopg.Connection[Any]") -> ServerFacts:
    """Return what decides how files are read on the server of `connection`."""
    rows = connection.execute("SELECT extname, extversion FROM pg_extension ORDER BY extname").fetchall()
    return ServerFacts(connection.info.server_version, dict(rows))


def live_target(connection: "psycopg.Connection[Any]", url: str, schema: str) -> Target:
    """Return the target that an existing database is: its owner is whoever is connected, its extensions stay put.

    Args:
        connection: to the database, as the role that shall apply plans.
        url: its connection string.
        schema: the schema to manage; it need not exist.

    Raises:
        SchemaError: the schema is PostgreSQL's or this tool's own.
    """
    from infra.provider.schema.surroundings import read_surroundings  # noqa: PLC0415 - it needs this module

    if schema.startswith("pg_") or schema in ("information_schema", OWN_SCHEMA):
        raise SchemaError(f"schema {schema} belongs to PostgreSQL or to this tool: name a schema of your own.")
    rows = connection.execute(
        "SELECT e.extname, e.extversion, n.nspname, pg_has_role(e.extowner, 'USAGE') "
        "FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
        "WHERE n.nspname NOT LIKE 'pg\\_%' ORDER BY e.extname"
    ).fetchall()
    (owner, superuser), *_ = connection.execute(
        "SELECT rolname::text, rolsuper FROM pg_roles WHERE rolname = current_user"
    ).fetchall()
    roles = connection.execute("SELECT rolname FROM pg_roles WHERE rolname NOT LIKE 'pg\\_%' ORDER BY rolname")
    facts = ServerFacts(
        connection.info.server_version,
        {name: version for name, version, _, _ in rows},
        {name: home for name, _, home, _ in rows},
        read_surroundings(connection, schema),
    )
    return Target(
        schema=schema,
        owner=owner,
        roles=tuple(name for (name,) in roles if name != owner),
        extensions=tuple(facts.extensions),
        extensions_schema=_usual_home(facts.homes, schema),
        url=url,
        server=facts,
        superuser=superuser,
        changeable=tuple(name for name, _, _, changeable in rows if changeable),
    )


def _usual_home(homes: dict[str, str], schema: str) -> str:
    """Return the schema, other than the managed one, that most extensions live in: bare names are looked up there."""
    elsewhere = sorted(home for home in homes.values() if home != schema)
    return max(elsewhere, key=elsewhere.count, default="extensions")
