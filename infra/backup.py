"""BackupJob: takes the backups, on a schedule."""

import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import pulumi

from infra.endpoint import BucketAccess, ClientPrograms, Endpoint
from infra.resources import Service
from infra.settings import PROJECT_FOLDER, Settings

CONFIGURATION = "job.json"
FIRST_BACKUP_SECONDS = 600
"""How long an update waits for the first backup; later ones do not hold it up."""


class BackupJob(pulumi.ComponentResource):
    """The schedule as a local service. It is healthy, and the update done, once a good backup lies in the bucket."""

    def __init__(
        self,
        name: str,
        reader: Endpoint,
        bucket: BucketAccess,
        programs: ClientPrograms,
        settings: Settings,
        *,
        after: Sequence[pulumi.Resource],
    ):
        super().__init__("agent-ecosystem:index:BackupJob", name)
        folder = settings.folder("backup")
        job = [sys.executable, "-m", "infra.backup_job", "--config", str(Path(folder) / CONFIGURATION)]
        Service(
            "backup-schedule",
            kind="program",
            folder=folder,
            command=[*job, "schedule"],
            health=[*job, "status"],
            files={CONFIGURATION: _configuration(reader, bucket, programs, settings)},
            environment={"PYTHONPATH": str(PROJECT_FOLDER)},
            settings={"source": _source_digest()},
            patience=FIRST_BACKUP_SECONDS,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )
        self.register_outputs({})


def _configuration(
    reader: Endpoint, bucket: BucketAccess, programs: ClientPrograms, settings: Settings
) -> pulumi.Output[str]:
    values: Mapping[str, pulumi.Input[object]] = {
        "stack": settings.stack,
        "database_url": reader.url,
        "managed_schema": settings.schema_name,
        "s3_endpoint": bucket.endpoint,
        "s3_region": bucket.region,
        "s3_bucket": bucket.bucket,
        "s3_access_key": bucket.access_key,
        "s3_secret_key": bucket.secret_key,
        "pg_bin": programs.folder,
        "pg_environment": {"LD_LIBRARY_PATH": programs.library_path},
        "schedule": settings.backup_schedule,
        "max_age_seconds": settings.backup_max_age_hours * 3600,
    }
    return pulumi.Output.secret(pulumi.Output.json_dumps(values, indent=2))


def _source_digest() -> str:
    """Return a hash of the job's code: a changed job is restarted."""
    digest = sha256()
    for file in sorted((PROJECT_FOLDER / "infra" / "backup_job").rglob("*")):
        if file.suffix in {".py", ".sql"}:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
