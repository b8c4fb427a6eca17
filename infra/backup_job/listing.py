"""The table of backups that `list` prints."""

from datetime import UTC

from infra.backup_job import report
from infra.backup_job.manifest import Manifest

HEADINGS = ("BACKUP", "TIME (UTC)", "SIZE", "ROWS", "TABLES", "DATABASE", "SERVER", "PROOF", "LATEST")


def table(found: list[Manifest], newest: str | None) -> str:
    """Return a line for each backup of `found`, below headings; `newest` is the stamp of the latest."""
    lines = [HEADINGS, *(_row(manifest, newest) for manifest in found)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _row(manifest: Manifest, newest: str | None) -> tuple[str, ...]:
    return (
        manifest.stamp,
        f"{manifest.started.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        report.size(manifest.data.size),
        f"{manifest.row_count:,}",
        str(len(manifest.contents.rows)),
        manifest.server.database,
        manifest.server.identity.system_identifier,
        manifest.proof.method if manifest.proof else "none",
        "latest" if manifest.stamp == newest else "",
    )
