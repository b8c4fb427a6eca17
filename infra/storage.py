"""BackupStore: an object store and the bucket that holds the backups."""

from dataclasses import replace

import pulumi

from infra.endpoint import BucketAccess
from infra.resources import Bucket, RecentBackup
from infra.settings import Settings
from infra.targets import embedded


class BackupStore(pulumi.ComponentResource):
    """An S3 store with the backup bucket; `bucket` says where it is and how to enter."""

    bucket: BucketAccess

    def __init__(self, name: str, settings: Settings):
        super().__init__("agent-ecosystem:index:BackupStore", name)
        keep = settings.keep_backups_on_destroy
        match settings.target:
            case "embedded":
                store = embedded.object_store(self, settings)
        bucket = Bucket(
            "backups",
            bucket=settings.bucket_name,
            endpoint=store.endpoint,
            region=store.region,
            access_key=store.access_key,
            secret_key=store.secret_key,
            block_public_access=settings.block_public_access,
            force_destroy=not keep,
            retain_on_delete=keep,
            opts=pulumi.ResourceOptions(parent=self, deleted_with=None if keep else store.goes_with),
        )
        self.bucket = BucketAccess(store.endpoint, store.region, bucket.bucket, store.access_key, store.secret_key)
        if settings.environment == "production":
            guard = RecentBackup(
                "recent-backup",
                bucket=self.bucket,
                max_age_hours=settings.backup_max_age_hours,
                opts=pulumi.ResourceOptions(parent=self),
            )
            # Whatever comes after the bucket comes after the look at its latest backup.
            self.bucket = replace(self.bucket, bucket=guard.bucket)
        self.register_outputs({"endpoint": store.endpoint, "bucket": bucket.bucket})
