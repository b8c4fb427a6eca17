"""Where a schema lives, and what of its server decides how files are read."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

GROUP_ROLES = ("agent", "anon", "authenticated", "observer", "orchestrator", "service_role")
EXTENSIONS = ("uuid-ossp", "vector", "pg_trgm")


@dataclass(frozen=True)
class ServerFacts:
    """What the target's server is: `version` as in server_version_num, extension name -> installed version."""

    version: int
    extensions: dict[str, str] = field(default_factory=dict)

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
        extensions: what is installed in `extensions_schema`.
        extensions_schema: the schema the extensions live in.
        url: the database, as a role that may create databases; None while there is no server yet.
        server: the server's facts; None while there is no server yet.
    """

    schema: str = "public"
    owner: str = "ecosystem_owner"
    roles: tuple[str, ...] = (*GROUP_ROLES, "backup")
    extensions: tuple[str, ...] = EXTENSIONS
    extensions_schema: str = "extensions"
    url: str | None = field(default=None, repr=False)
    server: ServerFacts | None = None


def server_facts(connection: "psycopg.Connection[Any]") -> ServerFacts:
    """Return what decides how files are read on the server of `connection`."""
    rows = connection.execute("SELECT extname, extversion FROM pg_extension ORDER BY extname").fetchall()
    return ServerFacts(connection.info.server_version, dict(rows))
