"""Where a schema lives, and what of its server decides how files are read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from infra.provider.schema.errors import SchemaError

if TYPE_CHECKING:
    import psycopg

GROUP_ROLES = ("agent", "anon", "authenticated", "maintenance", "observer", "orchestrator", "service_role")
EXTENSIONS = ("uuid-ossp", "vector", "pg_trgm")
OWN_SCHEMA = "pgstack"
"""The schema in which the tool keeps its own memory: never part of a user's database as seen from here."""
SINCE_SET_OPTION = 160_000
"""The first server version in which who is a member of a role need not be able to act as it."""


def is_reserved(schema: str) -> bool:
    """Say whether a schema is PostgreSQL's or this tool's own."""
    return schema.startswith("pg_") or schema in ("information_schema", OWN_SCHEMA)


@dataclass(frozen=True)
class Surroundings:
    """The schemas beside the main one.

    Args:
        marks: those a dump can read whole, each with a mark that changes when one of its objects does; a scratch
            database gets a copy of them, without rows.
        closed: those that hold something this role may not read.
    """

    marks: Mapping[str, str] = field(default_factory=dict)
    closed: tuple[str, ...] = ()

    @property
    def readable(self) -> tuple[str, ...]:
        """The names of those a dump can read whole."""
        return tuple(self.marks)

    @property
    def mark(self) -> str:
        """What changes when an object of `readable` does."""
        return " ".join(self.marks.values())

    @property
    def names(self) -> frozenset[str]:
        """The names of all that hold something."""
        return frozenset({*self.marks, *self.closed})

    def without(self, schemas: Collection[str]) -> "Surroundings":
        """Return them without `schemas`, which files make anew."""
        return replace(self, marks={name: mark for name, mark in self.marks.items() if name not in schemas})


@dataclass(frozen=True)
class ServerFacts:
    """What the target's server is.

    Args:
        version: as in server_version_num.
        extensions: name -> installed version.
        homes: extension name -> the schema it lives in, where that is not the target's `extensions_schema`.
        surroundings: what else the database holds.
        acts_as: the roles, beside itself, that the target's owner may act as: it may take what they own, and give it.
        database_owner: the one of `acts_as` that owns the database; empty where it is none of them.
        schema_owner: the same of the main schema.
        styles: those in which its sessions read SQL; files are read in them.
    """

    version: int
    extensions: dict[str, str] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    surroundings: Surroundings = field(default_factory=Surroundings)
    acts_as: tuple[str, ...] = ()
    database_owner: str = ""
    schema_owner: str = ""
    styles: Mapping[str, str] = field(default_factory=dict)

    @property
    def major(self) -> int:
        """The major version, e.g. 18."""
        return self.version // 10_000


@dataclass(frozen=True)
class Target:
    """The managed schemas: the main one, those that the files make, and those that are given here.

    Args:
        schema: the main one's bare name.
        owner: the role that owns its objects and applies them.
        roles: further roles that files may grant to.
        extensions: what is installed beside the schema.
        extensions_schema: the schema the extensions live in, and the second one that bare names are looked up in.
        url: the database, as a role that may create databases; None while there is no server yet.
        scratch_url: the same server, as a role that may also create the extensions; None: `url` is that role's.
        server: the server's facts; None while there is no server yet.
        superuser: whether `owner` is one.
        changeable: those of `extensions` that `owner` may change; files that create them answer for them.
        also: further schemas that are ours whole, whether or not the files make them: prune clears them as well.
        known: those beside the main one that earlier files made.
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
    also: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    @property
    def provided(self) -> tuple[str, ...]:
        """The extensions that are others' to make and change: files can lean on them, and no more."""
        return tuple(name for name in self.extensions if name not in self.changeable)

    def making(self, schemas: Collection[str]) -> "Target":
        """Return the target without what it has of `schemas`, for files that make them."""
        if self.server is None:
            return self
        return replace(self, server=replace(self.server, surroundings=self.server.surroundings.without(schemas)))

    def home_of(self, extension: str) -> str:
        """Return the schema that `extension` lives in."""
        return self.server.homes.get(extension, self.extensions_schema) if self.server else self.extensions_schema


def server_facts(connection: "psycopg.Connection[Any]") -> ServerFacts:
    """Return what decides how files are read on the server of `connection`."""
    rows = connection.execute("SELECT extname, extversion FROM pg_extension ORDER BY extname").fetchall()
    return ServerFacts(connection.info.server_version, dict(rows))


def live_target(connection: "psycopg.Connection[Any]", url: str, schema: str, also: Collection[str] = ()) -> Target:
    """Return the target that an existing database is: its owner is whoever is connected, its extensions stay put.

    Args:
        connection: to the database, as the role that shall apply plans.
        url: its connection string.
        schema: the main schema to manage; it need not exist.
        also: further schemas that are ours whole; they need not exist either.

    Raises:
        SchemaError: a schema is PostgreSQL's, this tool's own, or an extension's.
    """
    from infra.provider.schema.ledger import known_schemas  # noqa: PLC0415 - they need this module
    from infra.provider.schema.styles import styles_of  # noqa: PLC0415
    from infra.provider.schema.surroundings import read_surroundings  # noqa: PLC0415

    for name in (schema, *also):
        if is_reserved(name):
            raise SchemaError(f"schema {name} belongs to PostgreSQL or to this tool: name a schema of your own.")
    rows = connection.execute(
        "SELECT e.extname, e.extversion, n.nspname, pg_has_role(e.extowner, 'USAGE') "
        "FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
        "WHERE n.nspname NOT LIKE 'pg\\_%' ORDER BY e.extname"
    ).fetchall()
    (owner, superuser, of_database, of_schema), *_ = connection.execute(
        "SELECT r.rolname::text, r.rolsuper, pg_get_userbyid(d.datdba)::text, "
        "(SELECT pg_get_userbyid(n.nspowner)::text FROM pg_namespace n WHERE n.nspname = %s) "
        "FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()",
        (schema,),
    ).fetchall()
    roles = connection.execute(
        "SELECT rolname, NOT %s AND pg_has_role(oid, %s) FROM pg_roles "
        "WHERE rolname NOT LIKE 'pg\\_%%' ORDER BY rolname",
        (superuser, "SET" if connection.info.server_version >= SINCE_SET_OPTION else "MEMBER"),
    ).fetchall()
    acts_as = tuple(name for name, acts in roles if acts and name != owner)
    through = of_database if of_schema == "pg_database_owner" else of_schema
    if homes := sorted({home for _, _, home, changeable in rows if not changeable} & {*also} - {schema}):
        raise SchemaError(f"schema {homes[0]} is where an extension lives: it is not managed.")
    facts = ServerFacts(
        connection.info.server_version,
        {name: version for name, version, _, _ in rows},
        {name: home for name, _, home, _ in rows},
        read_surroundings(connection, schema),
        acts_as=acts_as,
        database_owner=of_database if of_database in acts_as else "",
        schema_owner=through if through in acts_as else "",
        styles=styles_of(connection),
    )
    known = known_schemas(connection, schema)
    return Target(
        schema=schema,
        owner=owner,
        roles=tuple(name for name, _ in roles if name != owner),
        extensions=tuple(facts.extensions),
        extensions_schema=_usual_home(facts.homes, {schema, *also, *known}),
        url=url,
        server=facts,
        superuser=superuser,
        changeable=tuple(name for name, _, _, changeable in rows if changeable),
        also=tuple(sorted({*also} - {schema})),
        known=known,
    )


def _usual_home(homes: dict[str, str], managed: Collection[str]) -> str:
    """Return the schema, other than the managed ones, that most extensions live in: bare names are looked up there."""
    elsewhere = sorted(home for home in homes.values() if home not in managed)
    return max(elsewhere, key=elsewhere.count, default="extensions")
