"""`python -m infra.backup_job`: run, list, status, restore, schedule."""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from infra.backup_job import catalog, database, latest, report, stopping
from infra.backup_job.database import Programs
from infra.backup_job.errors import BackupError, Stopped
from infra.backup_job.facts import database_identity
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


HEADINGS = ("BACKUP", "TIME (UTC)", "SIZE", "ROWS", "TABLES", "DATABASE", "SERVER", "CHECKED", "LATEST")


def _row(manifest: Manifest, newest: str | None) -> tuple[str, ...]:
    return (
        manifest.stamp,
        f"{manifest.started.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        report.size(manifest.data.size),
        f"{manifest.row_count:,}",
        str(len(manifest.contents.rows)),
        manifest.server.database,
        manifest.server.identity.system_identifier if manifest.server.identity else "not recorded",
        f"{manifest.checked.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if manifest.checked else "no",
        "latest" if manifest.stamp == newest else "",
    )


def _table(rows: list[tuple[str, ...]]) -> str:
    lines = [HEADINGS, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _status(settings: Settings, options: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    store, names, identity = ObjectStore(settings), Names(settings.prefix), database_identity(settings)
    status = catalog.status(store, names, identity, settings.max_age_seconds, now)
    age, limit = status.age, status.limit
    if options.json:
        facts = {
            "good": status.good,
            "stack": settings.stack,
            "stamp": status.pointer.stamp if status.pointer else None,
            "age_seconds": round(age.total_seconds()) if age is not None else None,
            "limit_seconds": limit.total_seconds(),
            "bytes": status.pointer.data.size if status.pointer else None,
            "latest_of_another_database": status.other.stamp if status.other else None,
        }
        print(json.dumps(facts))
    elif status.other is not None:
        print(f"no backup of this database yet: the latest one, {status.other.stamp}, is of another")
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
    if options.force and options.into is None:
        raise BackupError("--force replaces a database: name it with --into")
    url, kept = _restored(settings, options, restorer)
    tables, rows = len(manifest.contents.rows), manifest.row_count
    report.as_text("restored, and the same as the backup", stamp=manifest.stamp, tables=tables, rows=rows)
    if kept is not None:
        report.as_text("replaced", old_database_kept_as=kept, drop_it_with=f'DROP DATABASE "{kept}"')
        report.as_text("the database in its place has no backup of its own yet: take one with `run`")
    print(database.describe(url, password=options.show_password))
    return 0


def _restored(settings: Settings, options: argparse.Namespace, restorer: Restorer) -> tuple[str, str | None]:
    """Restore where the options say; return the database's connection string, and the name a replaced one has now."""
    if options.into is None:
        return restorer.into_new_database(_restore_url(settings)), None
    url = _target(settings, options.into)
    if options.force:
        return url, restorer.in_place_of(url)
    restorer.into_empty(url)
    return url, None


def _target(settings: Settings, into: str) -> str:
    """Return the connection string of `--into`: a URL as it is, a name on the server for restores."""
    if "://" not in into and "=" not in into:
        return database.with_database(_restore_url(settings), into)
    try:
        named = database.name_of(into)
    except (psycopg.ProgrammingError, KeyError):
        named = ""
    if not named:  # the value itself may hold a password
        raise BackupError("--into takes the name of a database, or postgresql://user@host:port/database")
    return into


def _restore_url(settings: Settings) -> str:
    if settings.restore_url is None:
        raise BackupError(
            "restore needs a role that may create databases: set $BACKUP_RESTORE_URL, or name a database by its URL "
            "with --into"
        )
    return settings.restore_url.get_secret_value()


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
    asking = commands.add_parser(
        "status", help="exit with 0 if the last good backup of this database is young enough, else with 1"
    )
    asking.set_defaults(command=_status)
    for command in (taking, listing, asking):
        command.add_argument("--json", action="store_true", help="JSON instead of text")

    restoring = commands.add_parser("restore", help="restore a backup, by default into a new database")
    restoring.set_defaults(command=_restore)
    restoring.add_argument(
        "--at", default="latest", metavar="WHEN", help="latest, YYYYMMDD_HHMMSS, an ISO 8601 moment, or a key"
    )
    restoring.add_argument(
        "--into",
        metavar="DATABASE",
        help="restore into this empty database: its name on the server of $BACKUP_RESTORE_URL, or "
        "postgresql://user@host:port/database; put the password of such a URL into $PGPASSWORD, not into the "
        "URL: everybody on the machine can read command lines",
    )
    restoring.add_argument(
        "--force",
        action="store_true",
        help="with --into: replace the database. The backup is restored beside it and compared first, then takes its "
        "name; the sessions of the old one are ended, and it is kept under a name that is printed",
    )
    restoring.add_argument("--list", action="store_true", help="only show what the backup holds")
    restoring.add_argument("--show-password", action="store_true", help="print the database's URL with its password")

    scheduling = commands.add_parser("schedule", help="take backups on schedule, until stopped")
    scheduling.set_defaults(command=_schedule)
    for command in (taking, listing, asking, restoring, scheduling):
        command.add_argument("--config", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)  # here as well
    return parser
