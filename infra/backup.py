"""BackupJob: takes the backups, on a schedule."""

from collections.abc import Mapping, Sequence

import pulumi

from infra.endpoint import BucketAccess, ClientPrograms, Endpoint
from infra.settings import Settings
from infra.targets import embedded


class BackupJob(pulumi.ComponentResource):
    """The job's schedule; the update is done once a good backup lies in the bucket."""

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
        configuration = _configuration(reader, bucket, programs, settings)
        match settings.target:
            case "embedded":
                embedded.backup_schedule(self, configuration, settings, after=after)
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
