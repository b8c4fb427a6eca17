"""pgstack's resources as the program sees them; what they do is in infra/provider."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from infra.endpoint import BucketAccess


class Service(pulumi.CustomResource):
    """A supervised process of this machine: see infra/provider/local/service.py.

    Args:
        kind: "postgresql", "object-store" or "program".
        folder: where its data and its log live.
        port: a fixed TCP port on 127.0.0.1; a free one is chosen, and kept, when None.
        settings: the kind's own settings.
        command: for "program", what to run.
        files: for "program", private files it reads: contents by name.
        environment: for "program", added to the environment.
        health: for "program", a command that exits with 0 once the service does its work.
        patience: seconds to wait for that.
        keep_data: leave the folder in place on destroy.
    """

    port: pulumi.Output[int]
    credentials: pulumi.Output[dict[str, str]]
    details: pulumi.Output[dict[str, str]]

    def __init__(
        self,
        name: str,
        *,
        kind: str,
        folder: str,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
        files: Mapping[str, pulumi.Input[str]] | None = None,
        environment: Mapping[str, str] | None = None,
        health: Sequence[str] | None = None,
        patience: int = 60,
        keep_data: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ):
        properties = {
            "kind": kind,
            "folder": folder,
            "port": port,
            "settings": dict(settings or {}),
            "command": list(command),
            "files": dict(files or {}),
            "environment": dict(environment or {}),
            "health": health,
            "patience": patience,
            "keepData": keep_data,
            "credentials": None,
            "details": None,
        }
        super().__init__("pgstack:local:Service", name, properties, opts)


class Password(pulumi.CustomResource):
    """A generated secret: see infra/provider/random/password.py. A change of `rotation` makes a new one."""

    value: pulumi.Output[str]

    def __init__(self, name: str, *, rotation: str = "1", opts: pulumi.ResourceOptions | None = None):
        super().__init__("pgstack:random:Password", name, {"rotation": rotation, "value": None}, opts)


class Bucket(pulumi.CustomResource):
    """A bucket of any S3 store: see infra/provider/s3/bucket.py."""

    bucket: pulumi.Output[str]
    refused: pulumi.Output[list[str]]

    def __init__(
        self,
        name: str,
        *,
        bucket: str,
        endpoint: pulumi.Input[str] | None,
        region: str,
        access_key: pulumi.Input[str],
        secret_key: pulumi.Input[str],
        block_public_access: bool,
        force_destroy: bool,
        retain_on_delete: bool,
        opts: pulumi.ResourceOptions | None = None,
    ):
        properties = {
            "bucket": bucket,
            "endpoint": endpoint,
            "region": region,
            "accessKey": access_key,
            "secretKey": secret_key,
            "blockPublicAccess": block_public_access,
            "forceDestroy": force_destroy,
            "retainOnDelete": retain_on_delete,
            "refused": None,
        }
        super().__init__("pgstack:s3:Bucket", name, properties, opts)


class RecentBackup(pulumi.CustomResource):
    """No update but the first without a recent backup: see infra/provider/s3/recent_backup.py.

    `bucket` is the bucket's name again: who takes it from here waits for the look into it.
    """

    bucket: pulumi.Output[str]

    def __init__(
        self, name: str, *, bucket: BucketAccess, max_age_hours: int, opts: pulumi.ResourceOptions | None = None
    ):
        properties = {
            "endpoint": bucket.endpoint,
            "region": bucket.region,
            "bucket": bucket.bucket,
            "accessKey": bucket.access_key,
            "secretKey": bucket.secret_key,
            "maxAgeHours": max_age_hours,
            "preview": pulumi.runtime.is_dry_run(),
        }
        super().__init__("pgstack:s3:RecentBackup", name, properties, opts)


class Schema(pulumi.CustomResource):
    """A whole database schema: see infra/provider/postgres/schema.py."""

    fingerprint: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        url: pulumi.Input[str],
        schema_name: str,
        directory: str,
        owner: str,
        roles: Sequence[str],
        allow: Sequence[str],
        adopt: bool,
        lock_timeout: int,
        lock_retries: int,
        drop_on_delete: bool,
        opts: pulumi.ResourceOptions | None = None,
    ):
        properties = {
            "url": url,
            "schemaName": schema_name,
            "directory": directory,
            "owner": owner,
            "roles": list(roles),
            "allow": list(allow),
            "adopt": adopt,
            "lockTimeout": lock_timeout,
            "lockRetries": lock_retries,
            "dropOnDelete": drop_on_delete,
            "fingerprint": None,
        }
        super().__init__("pgstack:postgres:Schema", name, properties, opts)


class Seed(pulumi.CustomResource):
    """Rows of one table: see infra/provider/postgres/seed.py."""

    rows: pulumi.Output[dict[str, Any]]

    def __init__(
        self,
        name: str,
        *,
        url: pulumi.Input[str],
        schema_name: str,
        file: str,
        opts: pulumi.ResourceOptions | None = None,
    ):
        properties = {"url": url, "schemaName": schema_name, "file": file, "rows": None}
        super().__init__("pgstack:postgres:Seed", name, properties, opts)


class Verification(pulumi.CustomResource):
    """The checks of a folder, run whenever `triggers` change: see infra/provider/postgres/verification.py."""

    report: pulumi.Output[list[str]]

    def __init__(
        self,
        name: str,
        *,
        url: pulumi.Input[str],
        schema_name: str,
        directory: str,
        triggers: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ):
        properties = {
            "url": url,
            "schemaName": schema_name,
            "directory": directory,
            "triggers": dict(triggers),
            "report": None,
        }
        super().__init__("pgstack:postgres:Verification", name, properties, opts)
