"""Which manifests the pruner believes: who took over the job writes what it likes, and is to have no backup deleted."""

from datetime import timedelta

from infra.backup_job.catalog import Entry
from infra.backup_job.manifest import Manifest
from infra.backup_job.names import ENDING, Names, stamp

WRITTEN_WITHIN = timedelta(days=1)
"""How much later than its start, or earlier, the store may say that a manifest was written."""


def parts_of(manifest: Manifest) -> tuple[str, str, str]:
    """Return the keys that a manifest gives its parts, in the order of `Names.parts`."""
    return manifest.data.key, manifest.schema_sql.key, manifest.globals.key


def doubt(names: Names, entry: Entry) -> str | None:
    """Return why a manifest is not to be believed, None if it is.

    Only its key is sure to be its own. So it may name no object but those that such a key has beside it, and no other
    time: a backup with the time of another would take its place in the retention.
    """
    manifest = entry.manifest
    own = [Names(names.prefix, ending).parts(entry.stamp) for ending in ("", ENDING)]
    if parts_of(manifest) not in own:
        return "its manifest names objects that are not its own"
    if stamp(manifest.started) != entry.stamp:
        return f"its manifest says that it began at {manifest.started:%Y-%m-%d %H:%M:%S} UTC"
    if abs(entry.written - manifest.started) > WRITTEN_WITHIN:
        return f"the store says that its manifest was written at {entry.written:%Y-%m-%d %H:%M:%S} UTC"
    return None
