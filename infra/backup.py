"""BackupJob: takes the backups, on a schedule."""

from collections.abc import Mapping, Sequence

import pulumi

from infra.endpoint import BucketAccess, ClientPrograms, Endpoint
from infra.settings import PROJECT_FOLDER, Settings
from infra.targets import embedded, external


class BackupJob(pulumi.ComponentResource):
    """The job's schedule; the update is done once a good backup lies in the bucket. Without a bucket there is none."""

    def __init__(
        self,
        name: str,
        reader: Endpoint,
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
                    configuration = _configuration(reader, bucket, programs, settings)
                    embedded.backup_schedule(self, configuration, settings, after=after)
                case "docker":
                    from infra.targets.docker import backup_schedule as docker  # noqa: PLC0415 - 0.4 s of every preview

                    inside = docker.database_inside(reader), docker.bucket_inside(bucket)
                    docker.backup_schedule(self, _configuration(*inside, programs, settings), settings, after=after)
                case "external":
                    configuration = _configuration(reader, bucket, programs, settings)
                    external.backup_schedule(self, configuration, settings, after=after)
        self.register_outputs({})


def _configuration(
    reader: Endpoint, bucket: BucketAccess, programs: ClientPrograms, settings: Settings
) -> pulumi.Output[str]:
    values: Mapping[str, pulumi.Input[object]] = {
        "stack": settings.stack,
        "database_url": reader.from_anywhere(PROJECT_FOLDER).url,
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
