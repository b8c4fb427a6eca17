"""`python -m infra.backup_job`: run, list, status, verify, restore, prune, schedule, prune-schedule."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.backup_job import commands, progress, progress_display, report, second, stopping
from infra.backup_job.database import SERVER_ERROR
from infra.backup_job.errors import BackupError, Stopped
from infra.backup_job.settings import Settings, load_as
from infra.backup_job.store_settings import PrunerSettings

WHEN = "latest, YYYYMMDD_HHMMSS, an ISO 8601 moment, or a key"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: docs/backups.md has the table."""
    options = _parser().parse_args(arguments)
    stopping.listen()
    try:
        settings = load_as(options.settings, options.config)
        if isinstance(settings, Settings) and getattr(options, "source", "first") == "second":
            settings = second.there(settings)
        with progress.watched(_watcher(options)):
            code: int = options.command(settings, options)
    except (BackupError, Stopped) as error:
        if number := stopping.requested():  # then an error is only how the interruption was noticed
            print(f"stopped by {signal.Signals(number).name}", file=sys.stderr)
            return 0 if options.command in (commands.schedule, commands.prune_on_schedule) else 128 + number
        print(f"error: {error}", file=sys.stderr)
        if options.command is commands.show_status:
            return 3
        return error.exit_code if isinstance(error, BackupError) else 1
    except Exception as error:
        if options.command is commands.show_status:  # a traceback's exit code, 1, would be a warning
            print(f"error: {type(error).__name__}: {error}", file=sys.stderr)
            return 3
        if not isinstance(error, OSError | SERVER_ERROR):
            raise
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return code


def _watcher(options: argparse.Namespace) -> progress.Watcher:
    """Return who shows progress: on standard output only where that is lines of JSON, not one document."""
    in_json = getattr(options, "json", True)
    of_lines = (commands.take, commands.restore, commands.schedule, commands.prune_on_schedule)
    told = report.as_json if in_json and options.command in of_lines else report.as_text
    return progress_display.watcher(sys.stderr, told, lines=in_json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.backup_job", description="Backups that are proven to restore, and their restore."
    )
    parser.add_argument(
        "--config", type=Path, help="the job's settings, JSON (default: $BACKUP_CONFIG, or the only stack's)"
    )
    parser.set_defaults(settings=Settings)
    subcommands = parser.add_subparsers(required=True, metavar="COMMAND")

    taking = subcommands.add_parser("run", help="take a backup now")
    taking.set_defaults(command=commands.take)
    listing = subcommands.add_parser("list", help="list the backups, newest first")
    listing.set_defaults(command=commands.list_backups)
    asking = subcommands.add_parser(
        "status", help="how the last proven backup of this database stands; exits as monitors want it: 0 to 3"
    )
    asking.set_defaults(command=commands.show_status)
    asking.add_argument("--prometheus", action="store_true", help="metrics in Prometheus' text format")
    asking.add_argument("--healthy", action="store_true", help="exit with 0 on a warning, too")
    verifying = subcommands.add_parser("verify", help="read a backup whole, every object of it, and compare")
    verifying.set_defaults(command=commands.verify_backups)
    verifying.add_argument("at", nargs="?", default="latest", metavar="WHEN", help=f"{WHEN} (default: latest)")
    verifying.add_argument("--all", action="store_true", help="every backup in the bucket")

    pruning = subcommands.add_parser("prune", help="delete the backups that the retention does not keep")
    pruning.set_defaults(command=commands.prune_backups)
    pruning.add_argument("--dry-run", action="store_true", help="only tell")

    restoring = subcommands.add_parser("restore", help="restore a backup, by default into a new database")
    restoring.set_defaults(command=commands.restore)
    restoring.add_argument("--at", default="latest", metavar="WHEN", help=WHEN)
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
    restoring.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="TABLE",
        help="bring back the rows of this table alone (more than once: of these), in the whole schema without its "
        "foreign keys",
    )
    restoring.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="parts restored at once, from a copy of the dump on this machine's disk (default: one a processor, up to "
        "4, where there is room; 1: one stream, without a copy)",
    )
    restoring.add_argument(
        "--create-roles",
        action="store_true",
        help="make the roles that the server lacks, as they were but without passwords; superusers are not made",
    )
    restoring.add_argument("--list", action="store_true", help="only show what the backup holds")
    restoring.add_argument("--show-password", action="store_true", help="print the database's URL with its password")

    for command in (listing, asking, verifying, restoring):
        command.add_argument(
            "--from",
            dest="source",
            choices=("first", "second"),
            default="first",
            help="the destination to read: the stack's own bucket, or the second one (default: first)",
        )

    scheduling = subcommands.add_parser("schedule", help="take backups on schedule, until stopped")
    scheduling.set_defaults(command=commands.schedule)
    for command in (taking, listing, asking, verifying, pruning, restoring):
        command.add_argument("--json", action="store_true", help="JSON instead of text")
    scheduling_prunes = subcommands.add_parser(
        "prune-schedule", help="prune after each proven backup, until stopped, with settings that know no database"
    )
    scheduling_prunes.set_defaults(command=commands.prune_on_schedule, settings=PrunerSettings)
    scheduling_prunes.add_argument("--check", action="store_true", help="only see whether the bucket can be read")
    for command in (taking, listing, asking, verifying, pruning, restoring, scheduling, scheduling_prunes):
        command.add_argument("--config", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)  # here as well
    return parser
