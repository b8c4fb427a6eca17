"""What runs that came to no backup left, failed proofs and killed ones: objects whose stamp has no manifest."""

from datetime import datetime, timedelta

from infra.backup_job import catalog
from infra.backup_job.names import Names, moment
from infra.backup_job.store import ObjectStore, StoredVersion

REST = timedelta(days=1)
"""How long objects without a manifest are left alone: their run may be under way."""


def find(store: ObjectStore, names: Names, newest: str, now: datetime) -> dict[str, list[StoredVersion]]:
    """Return all versions of what such runs left, by stamp.

    Args:
        store: the bucket.
        names: its keys.
        newest: the stamp of the latest backup: what is not older may belong to a run that is under way.
        now: the present moment; what the store or its stamp says is younger than REST stays, too.
    """
    found: dict[str, list[StoredVersion]] = {}
    for start in names.part_starts:
        for version in store.versions(start, markers=True):
            if stamp := names.part_stamp(version.key):
                found.setdefault(stamp, []).append(version)
    # Asked for afterwards: a manifest that is written between both looks is seen.
    backups = set(catalog.stamps(store, names))
    return {
        stamp: versions
        for stamp, versions in sorted(found.items())
        if stamp not in backups
        and stamp < newest
        and now - max(moment(stamp), *(version.modified for version in versions)) > REST
    }
