"""BackupStore: an object store and the bucket that holds the backups."""

from collections.abc import Sequence
from dataclasses import replace

import pulumi

from infra import store_policies
from infra.endpoint import BucketAccess, Keys, ObjectStore
from infra.resources import Bucket, RecentBackup
from infra.settings import Settings
from infra.targets import embedded, external


class BackupStore(pulumi.ComponentResource):
    """An S3 store with the backup bucket.

    `bucket` says where it is and how the job enters, None where none is wanted; `pruner` who deletes old backups.

    Args:
        name: the component's name.
        settings: the stack's.
        after: what has to be settled before a bucket is made.
    """

    bucket: BucketAccess | None = None
    pruner: Keys | None = None

    def __init__(self, name: str, settings: Settings, *, after: Sequence[pulumi.Resource]):
        super().__init__("agent-ecosystem:index:BackupStore", name)
        store: ObjectStore | None
        match settings.target:
            case "embedded":
                store = embedded.object_store(self, settings)
            case "docker":
                from infra.targets.docker.object_store import object_store  # noqa: PLC0415 - 0.4 s of every preview

                store = object_store(self, settings)
            case "external":
                store = external.object_store(settings)
        if store is not None:
            self.bucket = self._bucket(store, settings, after)
            self.pruner = store.pruner
        self.register_outputs({"endpoint": self.bucket.endpoint, "bucket": self.bucket.bucket} if self.bucket else {})

    def _bucket(self, store: ObjectStore, settings: Settings, after: Sequence[pulumi.Resource]) -> BucketAccess:
        keep = settings.keep_backups_on_destroy
        bucket = Bucket(
            "backups",
            bucket=settings.bucket_name,
            endpoint=store.endpoint,
            region=store.region,
            access_key=store.administrator.access_key,
            secret_key=store.administrator.secret_key,
            object_lock_days=settings.backup_lock_days,
            policy=_policy(store, settings.bucket_name),
            block_public_access=settings.block_public_access,
            force_destroy=not keep,
            retain_on_delete=keep,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*after, *([store.ready] if store.ready else [])],
                deleted_with=None if keep else store.goes_with,
            ),
        )
        job = store.job
        access = BucketAccess(store.endpoint, store.region, bucket.bucket, job.access_key, job.secret_key)
        if settings.environment != "production":
            return access
        guard = RecentBackup(
            "recent-backup",
            bucket=access,
            max_age_hours=settings.backup_max_age_hours,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Whatever comes after the bucket comes after the look at its latest backup.
        return replace(access, bucket=guard.bucket)


def _policy(store: ObjectStore, bucket: str) -> store_policies.Policy | None:
    """Return what the bucket denies to those of our identities whose name in the store is known."""
    keys = {store_policies.JOB: store.job, store_policies.PRUNER: store.pruner}
    principals = {name: found.principal for name, found in keys.items() if found and found.principal}
    return store_policies.of_bucket(bucket, principals) if principals else None
