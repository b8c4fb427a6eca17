"""BackupJob: takes the backups, on a schedule."""

from collections.abc import Mapping
from functools import partial

import pulumi
from pydantic import SecretStr

from infra import second_settings
from infra.endpoint import BucketAccess, ClientPrograms, Endpoint, Keys
from infra.schema import VERIFY_FOLDER, EcosystemSchema
from infra.settings import PROJECT_FOLDER, Settings
from infra.storage import BackupStore
from infra.targets import embedded, external


class BackupJob(pulumi.ComponentResource):
    """The job's schedule; the update is done once a good backup lies in the bucket. Without a bucket there is none.

    `server` is the most privileged login: each backup is restored there into a throwaway database, to prove it. On a
    server of others, whose roles we may not take, backups are only read back, and the job's status says so. The job
    comes after the `schema`, which says whether the schedule does the database's maintenance as well.

    The store's pruner deletes old backups, in a process of its own that has its keys alone: see docs/adr/0029. Where
    there is none, nothing deletes them by itself.

    Where the job runs elsewhere, nothing is started: `told` is what `infra.job_command` tells it, on any machine, and
    `pruner_told` what the pruner; both are None otherwise.
    """

    told: pulumi.Output[str] | None = None
    pruner_told: pulumi.Output[str] | None = None

    def __init__(
        self,
        name: str,
        reader: Endpoint,
        server: Endpoint,
        store: BackupStore,
        programs: ClientPrograms,
        settings: Settings,
        *,
        schema: EcosystemSchema,
    ):
        super().__init__("agent-ecosystem:index:BackupJob", name)
        bucket = store.bucket
        if bucket is not None:
            deleting = store.pruner if settings.backup_prune else None
            job = partial(_job, settings=settings, maintained_by=schema.maintained_by, pruning=deleting is not None)
            match settings.target:
                case "embedded":
                    configuration = job(reader, server, bucket, programs)
                    service = embedded.backup_schedule(self, configuration, settings, after=[schema])
                    if deleting:
                        configuration = _pruner(bucket, deleting, settings)
                        embedded.prune_schedule(self, configuration, settings, after=[service])
                case "docker":
                    from infra.targets.docker import backup_schedule as docker  # noqa: PLC0415 - 0.4 s of every preview

                    logins = docker.database_inside(reader), docker.database_inside(server)
                    inside = docker.bucket_inside(bucket)
                    configuration = job(*logins, inside, programs)
                    container, image = docker.backup_schedule(self, configuration, settings, after=[schema])
                    if deleting:
                        configuration = _pruner(inside, deleting, settings)
                        docker.prune_schedule(self, image, configuration, settings, after=[container])
                case "external" if settings.backup_runner == "elsewhere":
                    self.told = job(reader, None, bucket, None)
                    self.pruner_told = _pruner(bucket, deleting, settings) if deleting else None
                case "external":
                    configuration = job(reader, None, bucket, programs)
                    here = external.backup_schedule(self, configuration, settings, after=[schema])
                    if deleting:
                        configuration = _pruner(bucket, deleting, settings)
                        external.prune_schedule(self, configuration, settings, after=[here])
        self.register_outputs({})


def _job(
    reader: Endpoint,
    server: Endpoint | None,
    bucket: BucketAccess,
    programs: ClientPrograms | None,
    *,
    settings: Settings,
    maintained_by: pulumi.Output[str],
    pruning: bool,
) -> pulumi.Output[str]:
    """Return what the job is told; without `programs` nothing in it is about a machine or a checkout."""
    values: Mapping[str, pulumi.Input[object]] = {
        **_common(bucket, Keys(bucket.access_key, bucket.secret_key), settings),
        "database_url": (reader.from_anywhere(PROJECT_FOLDER) if programs else reader).url,
        "proof": "read" if server is None else "restore",
        "proof_url": server.from_anywhere(PROJECT_FOLDER).url if server else None,
        "checks": {file.name: file.read_text() for file in sorted((PROJECT_FOLDER / VERIFY_FOLDER).glob("*.sql"))},
        "managed_schema": settings.schema_name,
        "pruning": pruning,
        "encryption_recipients": settings.backup_encryption_recipients,
        "encryption_identity": _text(settings.backup_encryption_identity),
        "schedule": settings.backup_schedule,
        "max_age_seconds": settings.backup_max_age_hours * 3600,
        "run_limit_seconds": settings.backup_run_limit_hours * 3600,
        "silence_seconds": settings.backup_silence_seconds,
        "mirror": settings.backup_mirror or None,
        "maintenance_seconds": maintained_by.apply(lambda by: settings.maintenance_seconds if by == "service" else 0),
        **second_settings.for_job(settings),
    }
    if programs:
        values = {
            **values,
            "pg_bin": programs.folder,
            "pg_environment": {"LD_LIBRARY_PATH": programs.library_path},
            "mirror": str(PROJECT_FOLDER / settings.backup_mirror) if settings.backup_mirror else None,
        }
    return pulumi.Output.secret(pulumi.Output.json_dumps(values, indent=2))


def _pruner(bucket: BucketAccess, keys: Keys, settings: Settings) -> pulumi.Output[str]:
    return pulumi.Output.secret(pulumi.Output.json_dumps(_common(bucket, keys, settings), indent=2))


def _common(bucket: BucketAccess, keys: Keys, settings: Settings) -> Mapping[str, pulumi.Input[object]]:
    """Return what both processes are told; the keys are of the one that is told."""
    return {
        "stack": settings.stack,
        "s3_endpoint": bucket.endpoint,
        "s3_region": bucket.region,
        "s3_bucket": bucket.bucket,
        "s3_access_key": keys.access_key,
        "s3_secret_key": keys.secret_key,
        "retention": settings.backup_retention.model_dump(),
        "failure_webhook": _text(settings.backup_failure_webhook),
        "store_timeout_seconds": settings.backup_store_timeout_seconds,
    }


def _text(secret: SecretStr | None) -> str | None:
    """Return a secret for the job's configuration, which is one as a whole."""
    return secret.get_secret_value() if secret else None
