"""Whether a restored database is the one that was backed up."""

from collections.abc import Iterator

from infra.backup_job.manifest import Access, AccessByKind, Contents
from infra.backup_job.pg_restore import RestoreFailedError

SHOWN = 5


def require_same(wanted: Contents, found: Contents, where: str, *, definitions: bool) -> None:
    """Compare what a database holds, who owns it and who may use it, with the manifest.

    Args:
        wanted: what the manifest recorded.
        found: what the database holds.
        where: the database, for the error.
        definitions: what defines the objects is compared, too; servers of two major versions word it differently.

    Raises:
        RestoreFailedError: with the first tables and objects that differ.
    """
    differences = [*_rows(wanted.rows, found.rows), *_objects(wanted.objects, found.objects, definitions)]
    differences += _accesses(wanted.access, found.access)
    differences = list(dict.fromkeys(differences))  # a table that is missing is so as an object and in its access
    if differences:
        more = f" and {len(differences) - SHOWN} more" if len(differences) > SHOWN else ""
        raise RestoreFailedError(f"{where} is not what was backed up: {'; '.join(differences[:SHOWN])}{more}")


def _rows(wanted: dict[str, int], found: dict[str, int]) -> Iterator[str]:
    for table in sorted(wanted.keys() | found.keys()):
        if found.get(table) != wanted.get(table):
            yield f"{table} has {found.get(table, 'no')} rows of {wanted.get(table, 'none')}"


def _objects(wanted: dict[str, dict[str, str]], found: dict[str, dict[str, str]], definitions: bool) -> Iterator[str]:
    for kind in sorted(wanted.keys() | found.keys()):
        before, after = wanted.get(kind, {}), found.get(kind, {})
        yield from (_missing(kind, name) for name in sorted(before.keys() - after.keys()))
        yield from (_surplus(kind, name) for name in sorted(after.keys() - before.keys()))
        if definitions:
            both = sorted(before.keys() & after.keys())
            yield from (f"{kind} {name} is defined otherwise" for name in both if before[name] != after[name])


def _missing(kind: str, name: str) -> str:
    return f"{kind} {name} is missing"


def _surplus(kind: str, name: str) -> str:
    return f"{kind} {name} is not of this backup"


def _accesses(wanted: AccessByKind, found: AccessByKind) -> Iterator[str]:
    for kind in sorted(wanted.keys() | found.keys()):
        before, after = wanted.get(kind, {}), found.get(kind, {})
        for name in sorted(before.keys() | after.keys()):
            yield from _access(kind, name, before.get(name, Access()), after.get(name, Access()))


def _access(kind: str, name: str, wanted: Access, found: Access) -> Iterator[str]:
    """Compare one object; without an owner it is one that is not there, or a column or default without grants."""
    if wanted.owner != found.owner and found.owner is None:
        yield _missing(kind, name)
    elif wanted.owner != found.owner and wanted.owner is None:
        yield _surplus(kind, name)
    else:
        if wanted.owner != found.owner:
            yield f"{kind} {name} belongs to {found.owner}, it was {wanted.owner}'s"
        yield from (f"{kind} {name} lacks the grant {grant}" for grant in wanted.grants if grant not in found.grants)
        yield from (f"{kind} {name} has another grant {grant}" for grant in found.grants if grant not in wanted.grants)
