"""Who stands in an update's way: named when no lock could be had."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from infra.provider.schema.identifiers import quote
from infra.provider.schema.introspect import local_search_path, query
from infra.provider.schema.steps import ACCESS_EXCLUSIVE, SHARE, SHARE_ROW_EXCLUSIVE, SHARE_UPDATE_EXCLUSIVE, Step

if TYPE_CHECKING:
    import psycopg

_MODES = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
_CONFLICTS = {
    ACCESS_EXCLUSIVE: _MODES,
    SHARE_ROW_EXCLUSIVE: _MODES[2:],
    SHARE: (*_MODES[2:4], *_MODES[5:]),
    # A concurrent build asks for no more than this, but then waits for everyone who writes.
    SHARE_UPDATE_EXCLUSIVE: _MODES[2:],
}
"""Lock of a step -> the locks of others, as pg_locks calls them, that it waits for."""


@dataclass(frozen=True)
class Holder:
    """A session that held what was wanted; what it runs is not told: a query can hold secrets."""

    pid: int
    role: str | None
    application: str | None = None
    state: str | None = None
    since: datetime | None = None

    def __str__(self) -> str:
        facts = [f"pid {self.pid}", f"role {self.role}"]
        facts += [self.application] if self.application else []
        facts += [self.state] if self.state else []
        facts += [f"in a transaction since {self.since:%Y-%m-%d %H:%M:%S%z}"] if self.since else []
        return ", ".join(facts)


def holders(connection: "psycopg.Connection[Any]", step: Step, schema: str, extensions: str) -> list[Holder]:
    """Return the sessions that now hold what `step` wants of the relations it works on.

    Args:
        connection: with no transaction open.
        step: one that could not have its locks.
        schema: the managed schema.
        extensions: the schema the extensions live in.
    """
    from psycopg.rows import dict_row  # noqa: PLC0415 - the driver is loaded only where it is used

    wanted = {"relations": [quote(name) for name in step.on], "modes": list(_CONFLICTS.get(step.lock, ()))}
    with local_search_path(connection, schema, extensions), connection.cursor(row_factory=dict_row) as cursor:
        return [Holder(**row) for row in cursor.execute(query("lock_holders"), wanted)]
