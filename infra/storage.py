"""BackupStore: an object store and the bucket that holds the backups."""

import pulumi

from infra.endpoint import BucketAccess
from infra.resources import Bucket, Service
from infra.settings import Settings

REGION = "us-east-1"


class BackupStore(pulumi.ComponentResource):
    """An S3 store with the backup bucket; `bucket` says where it is and how to enter."""

    bucket: BucketAccess

    def __init__(self, name: str, settings: Settings):
        super().__init__("agent-ecosystem:index:BackupStore", name)
        keep = settings.keep_backups_on_destroy
        service = Service(
            "object-store",
            kind="object-store",
            folder=settings.folder("object-store"),
            port=settings.object_store_port,
            keep_data=keep,
            opts=pulumi.ResourceOptions(parent=self),
        )
        endpoint = service.port.apply(lambda port: f"http://127.0.0.1:{int(port)}")
        access_key = service.credentials.apply(lambda c: c["accessKey"])
        secret_key: pulumi.Output[str] = pulumi.Output.secret(service.credentials.apply(lambda c: c["secretKey"]))
        bucket = Bucket(
            "backups",
            bucket=settings.bucket_name,
            endpoint=endpoint,
            region=REGION,
            access_key=access_key,
            secret_key=secret_key,
            force_destroy=not keep,
            retain_on_delete=keep,
            opts=pulumi.ResourceOptions(parent=self, deleted_with=None if keep else service),
        )
        self.bucket = BucketAccess(endpoint, REGION, bucket.bucket, access_key, secret_key)
        self.register_outputs({"endpoint": endpoint, "bucket": bucket.bucket})
