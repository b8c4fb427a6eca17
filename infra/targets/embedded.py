"""Everything on this machine, in user space: PostgreSQL, the object store and the backup job as local services."""

import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pulumi

from infra.endpoint import ClientPrograms, Endpoint, ObjectStore, Postgres
from infra.resources import Service
from infra.settings import PROJECT_FOLDER, Settings

REGION = "us-east-1"
CONFIGURATION = "job.json"
FIRST_BACKUP_SECONDS = 600
"""How long an update waits for the first backup; later ones do not hold it up."""


def postgres(parent: pulumi.Resource, settings: Settings) -> Postgres:
    """Run PostgreSQL out of its wheel; its client programs come with it."""
    service = Service(
        "postgres",
        kind="postgresql",
        folder=settings.postgres_folder(),
        port=settings.postgres_port,
        settings=settings.postgres_settings,
        rotation=settings.password_rotation,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    credentials = service.credentials
    endpoint = Endpoint(
        host="127.0.0.1",
        port=service.port,
        user=credentials.apply(lambda c: c["user"]),
        password=pulumi.Output.secret(credentials.apply(lambda c: c["password"])),
        database="postgres",
        goes_with=service,
    )
    programs = ClientPrograms(
        folder=service.details.apply(lambda d: d["programs"]),
        library_path=service.details.apply(lambda d: d["libraries"]),
    )
    return Postgres(endpoint, programs)


def object_store(parent: pulumi.Resource, settings: Settings) -> ObjectStore:
    """Run SeaweedFS out of its wheel."""
    service = Service(
        "object-store",
        kind="object-store",
        folder=settings.folder("object-store"),
        port=settings.object_store_port,
        keep_data=settings.keep_backups_on_destroy,
        rotation=settings.password_rotation,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return ObjectStore(
        endpoint=service.port.apply(lambda port: f"http://127.0.0.1:{int(port)}"),
        region=REGION,
        access_key=service.credentials.apply(lambda c: c["accessKey"]),
        secret_key=pulumi.Output.secret(service.credentials.apply(lambda c: c["secretKey"])),
        goes_with=service,
    )


def backup_schedule(
    parent: pulumi.Resource,
    configuration: pulumi.Output[str],
    settings: Settings,
    *,
    after: Sequence[pulumi.Resource],
) -> None:
    """Run the job's schedule; it is healthy, and the update done, once a good backup lies in the bucket."""
    folder = settings.folder("backup")
    job = [sys.executable, "-m", "infra.backup_job", "--config", str(Path(folder) / CONFIGURATION)]
    Service(
        "backup-schedule",
        kind="program",
        folder=folder,
        command=[*job, "schedule"],
        health=[*job, "status", "--healthy"],
        files={CONFIGURATION: configuration},
        environment={"PYTHONPATH": str(PROJECT_FOLDER)},
        settings={"source": _source_digest()},
        patience=FIRST_BACKUP_SECONDS,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=after),
    )


def _source_digest() -> str:
    """Return a hash of the job's code: a changed job is restarted."""
    digest = sha256()
    for file in sorted((PROJECT_FOLDER / "infra" / "backup_job").rglob("*")):
        if file.suffix in {".py", ".sql"}:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
