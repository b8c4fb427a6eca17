"""What the stack tells the world: only what changes with an update, so that a no-op preview is one."""

import pulumi

from infra.access import DatabaseAccess
from infra.backup import BackupJob
from infra.instance import PostgresInstance
from infra.schema import EcosystemSchema
from infra.storage import BackupStore


def export_outputs(
    instance: PostgresInstance,
    access: DatabaseAccess,
    store: BackupStore,
    schema: EcosystemSchema,
    backup: BackupJob,
) -> None:
    """Export the stack's outputs.

    `url` connects as the database's owner, `adminUrl` as the server's most privileged login (restores need it), the
    keys of `prune` delete old backups, `backupJob` and `pruneJob` are what a job that runs elsewhere is told: all of
    these are secret.
    """
    pulumi.export("url", access.owner.url)
    pulumi.export("adminUrl", instance.endpoint.url)
    if store.bucket is not None:
        pulumi.export("s3Endpoint", store.bucket.endpoint)
        pulumi.export("bucket", store.bucket.bucket)
    if store.pruner is not None:
        pulumi.export("pruneAccessKey", store.pruner.access_key)
        pulumi.export("pruneSecretKey", store.pruner.secret_key)
    for name, told in (("backupJob", backup.told), ("pruneJob", backup.pruner_told)):
        if told is not None:
            pulumi.export(name, told)
    pulumi.export("schema", schema.schema_name)
    pulumi.export("report", schema.report)
    pulumi.export("maintenanceBy", schema.maintained_by)
