"""BackupJob: takes the backups, on a schedule."""

from collections.abc import Mapping, Sequence

import pulumi
from pydantic import SecretStr

from infra.endpoint import BucketAccess, ClientPrograms, Endpoint
from infra.schema import VERIFY_FOLDER
from infra.settings import PROJECT_FOLDER, Settings
from infra.targets import embedded, external


class BackupJob(pulumi.ComponentResource):
    """The job's schedule; the update is done once a good backup lies in the bucket. Without a bucket there is none.

    `server` is the most privileged login: each backup is restored there into a throwaway database, to prove it. On a
    server of others, whose roles we may not take, backups are only read back, and the job's status says so.
    """

    def __init__(
        self,
        name: str,
        reader: Endpoint,
        server: Endpoint,
        bucket: BucketAccess | None,
        programs: ClientPrograms,
        settings: Settings,
        *,
        after: Sequence[pulumi.Resource],
    ):
        super().__init__("agent-ecosystem:index:BackupJob", name)
        if bucket is not None:
            match settings.target:
                case "embedded":
                    configuration = _configuration(reader, server, bucket, programs, settings)
                    embedded.backup_schedule(self, configuration, settings, after=after)
                case "docker":
                    from infra.targets.docker import backup_schedule as docker  # noqa: PLC0415 - 0.4 s of every preview

                    logins = docker.database_inside(reader), docker.database_inside(server)
                    configuration = _configuration(*logins, docker.bucket_inside(bucket), programs, settings)
                    docker.backup_schedule(self, configuration, settings, after=after)
                case "external":
                    configuration = _configuration(reader, None, bucket, programs, settings)
                    external.backup_schedule(self, configuration, settings, after=after)
        self.register_outputs({})


def _configuration(
    reader: Endpoint, server: Endpoint | None, bucket: BucketAccess, programs: ClientPrograms, settings: Settings
) -> pulumi.Output[str]:
    values: Mapping[str, pulumi.Input[object]] = {
        "stack": settings.stack,
        "database_url": reader.from_anywhere(PROJECT_FOLDER).url,
        "proof": "read" if server is None else "restore",
        "proof_url": server.from_anywhere(PROJECT_FOLDER).url if server else None,
        "checks": {file.name: file.read_text() for file in sorted((PROJECT_FOLDER / VERIFY_FOLDER).glob("*.sql"))},
        "managed_schema": settings.schema_name,
        "s3_endpoint": bucket.endpoint,
        "s3_region": bucket.region,
        "s3_bucket": bucket.bucket,
        "s3_access_key": bucket.access_key,
        "s3_secret_key": bucket.secret_key,
        "encryption_recipients": settings.backup_encryption_recipients,
        "encryption_identity": _text(settings.backup_encryption_identity),
        "pg_bin": programs.folder,
        "pg_environment": {"LD_LIBRARY_PATH": programs.library_path},
        "schedule": settings.backup_schedule,
        "max_age_seconds": settings.backup_max_age_hours * 3600,
        "mirror": str(PROJECT_FOLDER / settings.backup_mirror) if settings.backup_mirror else None,
        "failure_webhook": _text(settings.backup_failure_webhook),
        "maintenance_seconds": settings.maintenance_seconds,
    }
    return pulumi.Output.secret(pulumi.Output.json_dumps(values, indent=2))


def _text(secret: SecretStr | None) -> str | None:
    """Return a secret for the job's configuration, which is one as a whole."""
    return secret.get_secret_value() if secret else None
