"""Everything on this machine, in user space: PostgreSQL, the object store and the backup job as local services."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import pulumi

from infra import store_policies
from infra.endpoint import ClientPrograms, Endpoint, Keys, ObjectStore, Postgres
from infra.resources import Service
from infra.settings import PROJECT_FOLDER, Settings

REGION = "us-east-1"


@dataclass(frozen=True)
class _Duty:
    """What the backup job does for as long as the stack stands: a command, what it reads, how its health is asked for.

    `patience` is how many seconds an update waits for its health.
    """

    name: str
    command: str
    configuration: str
    health: tuple[str, ...]
    patience: int


BACKUP = _Duty("backup", "schedule", "job.json", ("status", "--healthy"), patience=600)
"""Healthy once there is a good backup: the first one takes its time, later ones hold up nothing."""
PRUNE = _Duty("prune", "prune-schedule", "prune.json", ("prune-schedule", "--check"), patience=60)


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
        identities=store_policies.identities(settings.bucket_name),
        rotation=settings.password_rotation,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return ObjectStore(
        endpoint=service.port.apply(lambda port: f"http://127.0.0.1:{int(port)}"),
        region=REGION,
        administrator=_keys(service, "accessKey", "secretKey"),
        job=_keys_of(service, store_policies.JOB),
        pruner=_keys_of(service, store_policies.PRUNER),
        goes_with=service,
    )


def backup_schedule(
    parent: pulumi.Resource,
    configuration: pulumi.Output[str],
    settings: Settings,
    *,
    after: Sequence[pulumi.Resource],
) -> Service:
    """Run the job's schedule; it is healthy, and the update done, once a good backup lies in the bucket."""
    return _run(parent, BACKUP, configuration, settings, after)


def prune_schedule(
    parent: pulumi.Resource,
    configuration: pulumi.Output[str],
    settings: Settings,
    *,
    after: Sequence[pulumi.Resource],
) -> None:
    """Prune after each backup, in a process and a folder of its own; it is healthy once it can read the bucket."""
    _run(parent, PRUNE, configuration, settings, after)


def _run(
    parent: pulumi.Resource,
    duty: _Duty,
    configuration: pulumi.Output[str],
    settings: Settings,
    after: Sequence[pulumi.Resource],
) -> Service:
    folder = settings.folder(duty.name)
    job = [sys.executable, "-m", "infra.backup_job", "--config", str(Path(folder) / duty.configuration)]
    return Service(
        f"{duty.name}-schedule",
        kind="program",
        folder=folder,
        command=[*job, duty.command],
        health=[*job, *duty.health],
        files={duty.configuration: configuration},
        environment={"PYTHONPATH": str(PROJECT_FOLDER)},
        settings={"source": _source_digest()},
        patience=duty.patience,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=after),
    )


def _keys_of(service: Service, identity: str) -> Keys:
    keys = _keys(service, f"{identity}AccessKey", f"{identity}SecretKey")
    return replace(keys, principal=store_policies.seaweedfs_principal(identity))


def _keys(service: Service, access_key: str, secret_key: str) -> Keys:
    credentials = service.credentials
    return Keys(
        access_key=credentials.apply(lambda known: known[access_key]),
        secret_key=pulumi.Output.secret(credentials.apply(lambda known: known[secret_key])),
    )


def _source_digest() -> str:
    """Return a hash of the job's code: a changed job is restarted."""
    digest = sha256()
    for file in sorted((PROJECT_FOLDER / "infra" / "backup_job").rglob("*")):
        if file.suffix in {".py", ".sql"}:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
