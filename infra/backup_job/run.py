"""One backup: dump, upload, proof, and only then latest."""

import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from infra.backup_job import (
    database,
    encryption,
    facts,
    giving_up,
    latest,
    mirror,
    progress,
    proof,
    second,
    snapshot,
    stopping,
)
from infra.backup_job.checks import passing
from infra.backup_job.database import Connection, Programs, server_errors
from infra.backup_job.dump import Source, Tally
from infra.backup_job.encryption import Seal
from infra.backup_job.errors import SecondError
from infra.backup_job.keys import Identities
from infra.backup_job.manifest import Contents, Globals, Manifest, ServerFacts, StoredObject, to_bytes
from infra.backup_job.names import Names, stamp
from infra.backup_job.progress import Step
from infra.backup_job.report import Report
from infra.backup_job.restore import Restorer
from infra.backup_job.settings import Settings
from infra.backup_job.store import ObjectStore


@dataclass
class Timings:
    """Seconds of each step, by its name."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the block as step `name`."""
        stopping.check()
        begun = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - begun, 3)


@dataclass(frozen=True)
class Target:
    """Where the dump goes, and how everything of this run is stored."""

    store: ObjectStore
    key: str
    seal: Seal
    expected: int | None
    """Bytes of the latest backup of this database, None without one: about as many come now."""


@dataclass(frozen=True)
class Dumped:
    """What was read from one snapshot of the database; its data is in the store already."""

    server: ServerFacts
    extensions: dict[str, dict[str, str]]
    contents: Contents
    checks: list[str]
    globals: Globals
    schema_sql: str
    dump_size: int
    data: StoredObject


def run(settings: Settings, report: Report) -> Manifest:
    """Take one backup and make it the latest.

    Whatever fails leaves `latest` as it was. A dump that was not read to its end leaves no object; what is in the store
    whole and was not proven stays there without a manifest, until the pruner takes it.

    Raises:
        BackupError: with what failed; BusyError where another run is under way, MirrorError where all went well but
            the mirror, SecondError where all did but the second destination.
    """
    identities = encryption.identities(settings)
    seal = encryption.seal(settings, identities)
    store, names = ObjectStore(settings), Names(settings.prefix, seal.ending)
    programs = Programs(settings.pg_bin, settings.pg_environment)
    url = settings.database_url.get_secret_value()
    timings = Timings()
    with (
        giving_up.limited(settings.run_limit_seconds),
        database.connect(url) as connection,
        server_errors(f"backup of {database.describe(url)} failed"),
    ):
        database.lock_run(connection)
        store.require()
        programs.require("pg_dump", facts.server_facts(connection).major)
        _clear(settings, store, names, connection, report)
        started, found = latest.begin(store, names)
        before = latest.of_database(found.pointer, facts.identity(connection))
        report("backup started", stack=settings.stack, stamp=stamp(started), encrypted=bool(seal.recipients))
        target = Target(store, names.data(stamp(started)), seal, before.data.size if before else None)
        dumped = _dump(settings, programs, connection, target, timings)
        report(
            "dump is in the store", bytes=dumped.data.size, dump_bytes=dumped.dump_size, seconds=timings.seconds["dump"]
        )
        manifest = _describe(settings, names, started, dumped, target)
        manifest = manifest.model_copy(update={"encryption": seal.record(identities)})
        with timings.step("proof"):
            # A recipient's identity first: then the proof is one of that key, too.
            opening = identities if identities.for_any(seal.recipients) else Identities.of(seal.own)
            proven = proof.prove(settings, Restorer(store, programs, manifest, report, opening))
        manifest = manifest.model_copy(update={"proof": proven, "seconds": dict(timings.seconds)})
        stored = store.put_new(names.manifest(manifest.stamp), manifest.to_bytes())
        latest.move(store, names, manifest, stored)
        report(
            "backup is the latest",
            stamp=manifest.stamp,
            key=manifest.data.key,
            bytes=manifest.data.size,
            tables=len(manifest.contents.rows),
            rows=manifest.row_count,
            proof=proven.method,
            proof_seconds=proven.seconds,
        )
        missed = _copy(settings, manifest, report)
        if settings.mirror is not None:
            file = mirror.write(settings.mirror, names, manifest, store.get_verified(manifest.schema_sql))
            report("mirrored", file=str(file))
    if missed is not None:
        raise missed
    return manifest


def _copy(settings: Settings, manifest: Manifest, report: Report) -> SecondError | None:
    """Copy to the second destination, if there is one; what fails there undoes nothing here."""
    if settings.second is None:
        return None
    failed = second.catch_up(settings, settings.second, report)
    if failed is None:
        return None
    words = (
        f"backup {manifest.stamp} is proven and the latest in the bucket, the second destination lacks one: {failed}"
    )
    report("second copy failed", error=words)
    return SecondError(words, manifest.data.key)


def _clear(settings: Settings, store: ObjectStore, names: Names, connection: Connection, report: Report) -> None:
    """Clear away what killed runs left: half uploads, throwaway databases."""
    if uploads := store.abort_uploads(f"{names.prefix}/data/"):
        report("aborted the uploads that killed runs left", uploads=uploads)
    if databases := proof.drop_leftovers(settings, facts.identity(connection)):
        report("dropped the throwaway databases that killed runs left", databases=databases)


def _dump(settings: Settings, programs: Programs, connection: Connection, target: Target, timings: Timings) -> Dumped:
    """Read schema, facts and data in one snapshot, which the proof does not need any more."""
    answering = giving_up.answering(settings.database_url.get_secret_value(), settings.silence_seconds)
    with answering, snapshot.locked(connection, settings.lock_wait_seconds) as name:
        server = facts.server_facts(connection)  # at once: its LSN is where the snapshot stands, to those who replay
        url, encoding = settings.database_url.get_secret_value(), database.encoding_of(connection)
        source = Source(programs, url, name, settings.lock_wait_seconds, encoding)
        found = facts.extensions(connection)
        with timings.step("schema"):
            schema_sql = source.schema(frozenset(entry["schema"] for entry in found.values()))
        with timings.step("count"):
            contents = facts.contents(connection)
            checks = passing(connection, settings.checks, settings.managed_schema)
        tally = Tally()
        with (
            timings.step("dump"),
            progress.step("dumping", target.expected) as step,
            target.store.upload(target.key) as upload,
            closing(source.compressed(tally)) as blocks,
        ):
            target.seal.write(_counted(blocks, step), upload)
        return Dumped(
            server=server,
            extensions=found,
            contents=contents,
            checks=checks,
            globals=facts.globals_outside(connection),
            schema_sql=schema_sql,
            dump_size=tally.size,
            data=StoredObject(key=target.key, size=upload.size, sha256=upload.sha256, version=upload.version),
        )


def _counted(blocks: Iterable[bytes], step: Step) -> Iterator[bytes]:
    for block in blocks:
        step.add(len(block))
        yield block


def _describe(settings: Settings, names: Names, started: datetime, dumped: Dumped, target: Target) -> Manifest:
    """Store the smaller objects, and return the manifest of them all."""
    when, store, seal = stamp(started), target.store, target.seal
    schema_key = names.schema(when)
    name = schema_key.rpartition("/")[2].removesuffix(seal.ending)
    text = f"{dumped.schema_sql}\n-- End of {name}: without this line the file is not complete.\n"
    return Manifest(
        stack=settings.stack,
        stamp=when,
        managed_schema=settings.managed_schema,
        started=started,
        server=dumped.server,
        extensions=dumped.extensions,
        contents=dumped.contents,
        schema_fingerprint=dumped.contents.fingerprint,
        checks=dumped.checks,
        dump_size=dumped.dump_size,
        schema_sql=store.put_new(schema_key, seal.small(text.encode(errors="surrogateescape"))),
        data=dumped.data,
        globals=store.put_new(names.globals(when), seal.small(to_bytes(dumped.globals))),
        seconds={},
    )
