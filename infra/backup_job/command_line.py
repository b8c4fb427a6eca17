"""`python -m infra.backup_job`: run, list, status, restore, schedule."""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from infra.backup_job import catalog, database, latest, report, stopping
from infra.backup_job.database import Programs
from infra.backup_job.errors import BackupError, Stopped
from infra.backup_job.manifest import Manifest
from infra.backup_job.names import Names
from infra.backup_job.restore import Restorer
from infra.backup_job.run import run
from infra.backup_job.schedule import Schedule
from infra.backup_job.settings import Settings, load
from infra.backup_job.store import ObjectStore


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0 done, 1 failed, 2 wrong usage, 128 + N stopped by signal N."""
    options = _parser().parse_args(arguments)
    stopping.listen()
    try:
        code: int = options.command(load(options.config), options)
    except (BackupError, Stopped) as error:
        if number := stopping.requested():  # then an error is only how the interruption was noticed
            print(f"stopped by {signal.Signals(number).name}", file=sys.stderr)
            return 0 if options.command is _schedule else 128 + number
        print(f"error: {error}", file=sys.stderr)
        return 1
    return code


def _run(settings: Settings, options: argparse.Namespace) -> int:
    manifest = run(settings, report.as_json if options.json else report.as_text)
    if not options.json:
        print(f"s3://{settings.s3_bucket}/{manifest.data.key}")
    return 0


def _list(settings: Settings, options: argparse.Namespace) -> int:
    store, names = ObjectStore(settings), Names(settings.prefix)
    pointer, _ = latest.read(store, names)
    found = catalog.backups(store, names)
    newest = pointer.stamp if pointer else None
    if options.json:
        print(
            json.dumps([{**manifest.model_dump(mode="json"), "latest": manifest.stamp == newest} for manifest in found])
        )
    elif found:
        print(_table([_row(manifest, newest) for manifest in found]))
    else:
        print(f"no backup in bucket {settings.s3_bucket} yet")
    return 0


HEADINGS = ("BACKUP", "TIME (UTC)", "SIZE", "ROWS", "TABLES", "CHECKED", "LATEST")


def _row(manifest: Manifest, newest: str | None) -> tuple[str, ...]:
    return (
        manifest.stamp,
        f"{manifest.started.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        report.size(manifest.data.size),
        f"{manifest.row_count:,}",
        str(len(manifest.contents.rows)),
        f"{manifest.checked.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if manifest.checked else "no",
        "latest" if manifest.stamp == newest else "",
    )


def _table(rows: list[tuple[str, ...]]) -> str:
    lines = [HEADINGS, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _status(settings: Settings, options: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    status = catalog.status(ObjectStore(settings), Names(settings.prefix), settings.max_age_seconds, now)
    age, limit = status.age, status.limit
    if options.json:
        facts = {
            "good": status.good,
            "stack": settings.stack,
            "stamp": status.pointer.stamp if status.pointer else None,
            "age_seconds": round(age.total_seconds()) if age is not None else None,
            "limit_seconds": limit.total_seconds(),
            "bytes": status.pointer.data.size if status.pointer else None,
        }
        print(json.dumps(facts))
    elif status.pointer is None or age is None:
        print(f"no backup of stack {settings.stack} yet")
    else:
        verdict = "good" if status.good else "too old"
        spans = f"{_short(age.total_seconds())} old, limit {_short(limit.total_seconds())}"
        print(f"{verdict}: last backup {status.pointer.stamp}, {spans}")
    return 0 if status.good else 1


def _short(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _restore(settings: Settings, options: argparse.Namespace) -> int:
    store = ObjectStore(settings)
    manifest = catalog.find(store, Names(settings.prefix), options.at)
    programs = Programs(settings.pg_bin, settings.pg_environment)
    restorer = Restorer(store, programs, manifest, report.as_text)
    if options.list:
        print(restorer.table_of_contents(), end="")
        return 0
    if options.into:
        restorer.into(options.into, force=options.force)
        url = options.into
    elif settings.restore_url is None:
        raise BackupError(
            "restore needs a role that may create databases: set $BACKUP_RESTORE_URL, or name a database with --into"
        )
    else:
        url = restorer.into_new_database(settings.restore_url.get_secret_value())
    tables, rows = len(manifest.contents.rows), manifest.row_count
    report.as_text("restored, and the same as the backup", stamp=manifest.stamp, tables=tables, rows=rows)
    print(database.describe(url, password=options.show_password))
    return 0


def _schedule(settings: Settings, _options: argparse.Namespace) -> int:
    Schedule(settings, report.as_json).keep()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.backup_job", description="Backups that were read back, and their restore."
    )
    parser.add_argument(
        "--config", type=Path, help="the job's settings, JSON (default: $BACKUP_CONFIG, or the only stack's)"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    taking = commands.add_parser("run", help="take a backup now")
    taking.set_defaults(command=_run)
    listing = commands.add_parser("list", help="list the backups, newest first")
    listing.set_defaults(command=_list)
    asking = commands.add_parser("status", help="exit with 0 if the last good backup is young enough, else with 1")
    asking.set_defaults(command=_status)
    for command in (taking, listing, asking):
        command.add_argument("--json", action="store_true", help="JSON instead of text")

    restoring = commands.add_parser("restore", help="restore a backup, by default into a new database")
    restoring.set_defaults(command=_restore)
    restoring.add_argument(
        "--at", default="latest", metavar="WHEN", help="latest, YYYYMMDD_HHMMSS, an ISO 8601 moment, or a key"
    )
    restoring.add_argument("--into", metavar="URL", help="restore into this empty database (password: $PGPASSWORD)")
    restoring.add_argument("--force", action="store_true", help="with --into: replace what the database holds")
    restoring.add_argument("--list", action="store_true", help="only show what the backup holds")
    restoring.add_argument("--show-password", action="store_true", help="print the database's URL with its password")

    scheduling = commands.add_parser("schedule", help="take backups on schedule, until stopped")
    scheduling.set_defaults(command=_schedule)
    for command in (taking, listing, asking, restoring, scheduling):
        command.add_argument("--config", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)  # here as well
    return parser
