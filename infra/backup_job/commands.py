"""What the commands of the command line do."""

import argparse
import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from psycopg import ProgrammingError

from infra.backup_job import (
    catalog,
    database,
    dump_reading,
    encryption,
    latest,
    listing,
    report,
    selection,
    status,
    webhook,
)
from infra.backup_job.database import Programs
from infra.backup_job.errors import BackupError, BusyError, MirrorError, SecondError
from infra.backup_job.facts import database_identity
from infra.backup_job.names import Names
from infra.backup_job.prune import Pruned, as_pruner, prune
from infra.backup_job.pruner import Pruner, PruneRefusedError, prune_and_record
from infra.backup_job.restore import Restorer
from infra.backup_job.run import run
from infra.backup_job.schedule import Schedule
from infra.backup_job.settings import Settings
from infra.backup_job.status import Level
from infra.backup_job.store import ObjectStore
from infra.backup_job.store_settings import PrunerSettings
from infra.backup_job.verify import verify


def take(settings: Settings, options: argparse.Namespace) -> int:
    """`run`."""
    told = report.as_json if options.json else report.as_text
    try:
        key = run(settings, told).data.key
    except BusyError:
        raise  # the other one takes it
    except SecondError as error:  # the backup is one, whatever becomes of its copy: `status` warns
        webhook.tell(settings, told, "second copy failed", str(error))
        key = error.key
    except BackupError as error:
        event = "mirror failed" if isinstance(error, MirrorError) else "backup failed"
        webhook.tell(settings, told, event, str(error))
        raise
    if not options.json:
        print(f"s3://{settings.s3_bucket}/{key}")
    return 0


def list_backups(settings: Settings, options: argparse.Namespace) -> int:
    """`list`; damaged manifests, and a pointer that does not count, are named on standard error and make it fail."""
    store, names = ObjectStore(settings), Names(settings.prefix)
    current = latest.current(store, names, datetime.now(UTC))
    found = catalog.read(store, names)
    newest = current.pointer.stamp if current.pointer else None
    troubles = [*([current.trouble] if current.trouble else []), *found.damaged]
    if options.json:
        _print([{**manifest.model_dump(mode="json"), "latest": manifest.stamp == newest} for manifest in found.backups])
    elif found.backups:
        print(listing.table(found.backups, newest))
    else:
        print(f"no proven backup in bucket {settings.s3_bucket} yet")
    for words in troubles:
        report.as_text(f"error: {words}")
    return 3 if troubles else 0


def show_status(settings: Settings, options: argparse.Namespace) -> int:
    """`status`: its exit code is a monitor's, 0 fine, 1 warning, 2 critical, 3 unknown."""
    try:
        found = status.read(settings, database_identity(settings), datetime.now(UTC))
    except Exception as error:  # noqa: BLE001 (whatever fails, a monitor is told that nothing is known, not a warning)
        if options.json:
            _print({"level": "unknown", "reason": str(error), "good": False, "stack": settings.stack})
        report.as_text(f"error: {error}")
        return Level.UNKNOWN
    if options.prometheus:
        print(status.prometheus(found), end="")
    elif options.json:
        _print(found.facts())
    else:
        print(found.text())
    return 0 if options.healthy and found.level is Level.WARNING else int(found.level)


def verify_backups(settings: Settings, options: argparse.Namespace) -> int:
    """`verify`: one backup, or with --all every one; the first bad one does not hide the others."""
    store, names = ObjectStore(settings), Names(settings.prefix)
    programs, identities = Programs(settings.pg_bin, settings.pg_environment), encryption.identities(settings)
    problems: list[str] = []
    if options.all:
        found = catalog.read(store, names)
        manifests, problems = found.backups, list(found.damaged)
    else:
        manifests = [catalog.find(store, names, options.at)]
    answers: list[dict[str, Any]] = []
    code = 3 if problems else 0
    for manifest in manifests:
        restorer = Restorer(store, programs, manifest, report.as_text, identities)
        try:
            read = verify(restorer, names)
        except BackupError as error:
            problems.append(str(error))
            code = max(code, error.exit_code)
            answers.append({"stamp": manifest.stamp, "good": False, "error": str(error)})
        else:
            answers.append({"stamp": manifest.stamp, "good": True, "bytes": manifest.data.size, "objects": read})
            if not options.json:
                print(f"{manifest.stamp} is whole: {len(read)} objects, {report.size(manifest.data.size)} of dump read")
    if options.json:
        _print({"good": not problems, "backups": answers, "errors": problems})
    for words in problems:
        report.as_text(f"error: {words}")
    return code


def prune_backups(settings: Settings, options: argparse.Namespace) -> int:
    """`prune`; what a lock still holds is told, and is no failure, but what the store refuses otherwise is one."""
    pruned = prune(as_pruner(settings), dry_run=True) if options.dry_run else _pruned(settings, options)
    if options.json:
        _print(asdict(pruned))
    else:
        went = "would go" if options.dry_run else "went"
        print(f"{len(pruned.stay)} stay, {len(pruned.went)} {went}, {len(pruned.locked)} locked", end=", ")
        print(f"{len(pruned.refused)} refused by the store")
        if pruned.unproven:
            print(f"{len(pruned.unproven)} runs that came to no backup {went}")
    for what, words in pruned.doubted.items():
        report.as_text("not believed, and kept", what=what, reason=words)
    for what, words in {**pruned.locked, **pruned.refused}.items():
        report.as_text("not deleted", what=what, reason=words)
    return 1 if pruned.refused else 0


def restore(settings: Settings, options: argparse.Namespace) -> int:
    """`restore`."""
    store = ObjectStore(settings)
    manifest = catalog.find(store, Names(settings.prefix), options.at)
    programs = Programs(settings.pg_bin, settings.pg_environment)
    tell = report.as_json if options.json else report.as_text
    chosen = selection.of_tables(manifest.contents, options.only)
    restorer = Restorer(store, programs, manifest, tell, encryption.identities(settings), chosen)
    if options.list:
        words = restorer.streamed.table_of_contents()
        print(words.encode(errors="replace").decode(), end="")
        return 0
    if options.jobs is not None and options.into and not options.force:
        raise BackupError("--jobs takes several transactions; one keeps the database of --into empty: leave --jobs out")
    if options.force and options.into is None:
        raise BackupError("--force replaces a database: name it with --into")
    if options.force and options.only:
        raise BackupError("--only brings back a part, which replaces no database: leave --force out")
    if not options.into or options.force:
        jobs = dump_reading.parts(options.jobs, manifest, tell)
        restorer = replace(restorer, jobs=jobs, scratch=settings.scratch)
    restorer = replace(restorer, create_roles=options.create_roles, checks=settings.checks)
    url, kept = _restored(settings, options, restorer)
    counts = chosen.rows(manifest.contents)
    tables, rows = len(counts), sum(counts.values())
    tell("restored, and the same as the backup", stamp=manifest.stamp, tables=tables, rows=rows)
    if kept is not None:
        tell("replaced", old_database_kept_as=kept, drop_it_with=f'DROP DATABASE "{kept}"')
        tell("the database in its place has no backup of its own yet: take one with `run`")
    shown = database.describe(url, password=options.show_password)
    if options.json:
        _print({"url": shown, "stamp": manifest.stamp, "tables": tables, "rows": rows, "replaced": kept})
    else:
        print(shown)
    return 0


def prune_on_schedule(settings: PrunerSettings, options: argparse.Namespace) -> int:
    """`prune-schedule`."""
    pruner = Pruner(settings, report.as_json)
    if options.check:
        pruner.newest()
    else:
        pruner.keep()
    return 0


def schedule(settings: Settings, _options: argparse.Namespace) -> int:
    """`schedule`."""
    Schedule(settings, report.as_json).keep()
    return 0


def _pruned(settings: Settings, options: argparse.Namespace) -> Pruned:
    told = report.as_json if options.json else report.as_text
    try:
        return prune_and_record(as_pruner(settings), told)
    except PruneRefusedError as error:
        return error.pruned


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
    except (ProgrammingError, KeyError):
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


def _print(found: object) -> None:
    print(json.dumps(found, ensure_ascii=False))
