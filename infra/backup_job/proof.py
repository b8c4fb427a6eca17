"""The proof: a backup is restored into a throwaway database and compared, before anything calls it a backup."""

import hashlib
import time
from datetime import UTC, datetime

from infra.backup_job import database, facts, giving_up
from infra.backup_job.check import check
from infra.backup_job.checks import failing
from infra.backup_job.database import server_errors
from infra.backup_job.errors import BackupError, UnprovenError
from infra.backup_job.manifest import Identity, Proof
from infra.backup_job.new_database import drop
from infra.backup_job.pg_restore import RestoreFailedError, ServerFailedError
from infra.backup_job.restore import Restorer
from infra.backup_job.settings import Settings


def prove(settings: Settings, restorer: Restorer) -> Proof:
    """Prove the stored backup of `restorer`, as the settings want it proven.

    Raises:
        UnprovenError: it does not become the database again that it was taken of.
        BackupError: it is damaged, or the proof could not be made.
    """
    begun = time.monotonic()
    manifest = restorer.manifest
    for stored in (manifest.schema_sql, manifest.globals):
        restorer.artefacts.read(stored)
    if settings.proof == "read":
        check(restorer.artefacts, restorer.programs, manifest.data)
        return Proof(method="read", moment=datetime.now(UTC), seconds=_since(begun))
    try:
        version = _restored(settings, restorer)
    except RestoreFailedError as error:
        raise UnprovenError(f"backup {manifest.stamp} is no backup, `latest` stays: {error}") from None
    except ServerFailedError as error:
        raise BackupError(f"backup {manifest.stamp} could not be proven, `latest` stays: {error}") from None
    return Proof(
        method="restore",
        moment=datetime.now(UTC),
        seconds=_since(begun),
        server=version,
        checks=len(manifest.checks),
    )


def drop_leftovers(settings: Settings, identity: Identity) -> int:
    """Drop the throwaway databases that killed runs for the database `identity` left; return how many there were.

    The caller holds the lock of runs: none of them is in use.
    """
    if settings.proof == "read":
        return 0
    query = "SELECT datname FROM pg_catalog.pg_database WHERE pg_catalog.starts_with(datname, %s)"
    with database.connect(_url(settings)) as admin, server_errors("throwaway databases can not be listed"):
        names = [row["datname"] for row in admin.execute(query, [_start(identity)]).fetchall()]
        for name in names:
            drop(admin, name)
    return len(names)


def _restored(settings: Settings, restorer: Restorer) -> str:
    """Restore, compare, check; return the server's version."""
    manifest = restorer.manifest
    name = f"{_start(manifest.server.identity)}{manifest.stamp}"
    with (
        giving_up.answering(_url(settings), settings.silence_seconds),
        restorer.into_scratch_database(_url(settings), name) as url,
        database.connect(url) as connection,
        server_errors(f"backup {manifest.stamp} can not be checked"),
        connection.transaction(),
    ):
        for check_name, words in failing(connection, settings.checks, manifest).items():
            raise RestoreFailedError(f"{check_name} held in the original, in its copy it does not: {words}")
        return str(facts.server_facts(connection).version)


def _start(identity: Identity) -> str:
    """Return how the names of throwaway databases for one database begin: others may prove on the same server."""
    whose = f"{identity.system_identifier}/{identity.database_oid}"
    return f"backup_proof_{hashlib.sha256(whose.encode()).hexdigest()[:10]}_"


def _url(settings: Settings) -> str:
    url = settings.proof_url or settings.restore_url
    if url is None:
        raise BackupError(
            "no server to prove backups on: set proof_url to a role that may create databases (a superuser, unless "
            "roles and extensions allow less), or choose proof: read, which only reads what is stored"
        )
    return url.get_secret_value()


def _since(begun: float) -> float:
    return round(time.monotonic() - begun, 3)
