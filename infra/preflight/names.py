"""Names of ours that others have taken in the schema: the schema engine's own question, asked beforehand."""

from typing import TYPE_CHECKING, Any

from infra.preflight.finding import Finding, Wanted, failure

if TYPE_CHECKING:
    import psycopg


def taken(connection: "psycopg.Connection[Any]", wanted: Wanted, *, ledger: bool) -> tuple[str, ...] | Finding:
    """Return the objects of others that hold names of ours, or what is wrong with the files that say which those are.

    The files are read in the embedded scratch server, whatever the version of the other: only names count here.

    Args:
        connection: to the database.
        wanted: names the schema and the files.
        ledger: what an earlier run made is noted there, and can be read.
    """
    from infra.embedded.cache import cache_root  # noqa: PLC0415 - a no-op preview needs none of it
    from infra.provider.schema.desired import desired_catalog  # noqa: PLC0415
    from infra.provider.schema.errors import SchemaError  # noqa: PLC0415
    from infra.provider.schema.introspect import read_catalog  # noqa: PLC0415
    from infra.provider.schema.ledger import read_ledger  # noqa: PLC0415
    from infra.provider.schema.ownership import collisions, shadows  # noqa: PLC0415
    from infra.provider.schema.target import Target  # noqa: PLC0415

    if wanted.directory is None:
        return ()
    target = Target(
        wanted.schema,
        roles=(*wanted.groups, *([wanted.backup_role] if wanted.backup_role else [])),
        extensions=wanted.extensions,
        extensions_schema=wanted.extensions_schema,
    )
    try:
        desired = desired_catalog(wanted.directory, target, cache_root() / "catalogs").catalog
    except SchemaError as error:
        return failure("sql files", str(error), "Correct them")
    with connection.transaction():
        known = read_ledger(connection, wanted.schema) if ledger else None
        live = read_catalog(connection, wanted.schema, wanted.extensions_schema, desired.others)
    ours = known.objects if known else frozenset()
    found = shadows(live, ours, desired) or ([] if wanted.adopt else collisions(live, ours, desired))
    return tuple(map(str, found))
