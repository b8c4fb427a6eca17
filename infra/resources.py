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
        identities: for "object-store", what others may do than its administrator: policies by their names. The keys of
            NAME are the credentials `NAMEAccessKey` and `NAMESecretKey`.
        command: for "program", what to run.
        files: for "program", private files it reads: contents by name.
        environment: for "program", added to the environment.
        health: for "program", a command that exits with 0 once the service does its work.
        patience: seconds to wait for that.
        keep_data: leave the folder in place on destroy.
        rotation: change it to give the service new credentials.
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
        identities: Mapping[str, Mapping[str, Any]] | None = None,
        command: Sequence[str] = (),
        files: Mapping[str, pulumi.Input[str]] | None = None,
        environment: Mapping[str, str] | None = None,
        health: Sequence[str] | None = None,
        patience: int = 60,
        keep_data: bool = False,
        rotation: str = "1",
        opts: pulumi.ResourceOptions | None = None,
    ):
        properties = {
            "kind": kind,
            "folder": folder,
            "port": port,
            "settings": dict(settings or {}),
            "identities": identities,
            "command": list(command),
            "files": dict(files or {}),
            "environment": dict(environment or {}),
            "health": health,
            "patience": patience,
            "keepData": keep_data,
            "rotation": rotation,
            "credentials": None,
            "details": None,
        }
        super().__init__("pgstack:local:Service", name, properties, opts)


class Port(pulumi.CustomResource):
    """A free TCP port of this machine that stays the same: see infra/provider/local/port.py."""

    port: pulumi.Output[int]

    def __init__(self, name: str, *, opts: pulumi.ResourceOptions | None = None):
        super().__init__("pgstack:local:Port", name, {"port": None}, opts)


class Password(pulumi.CustomResource):
    """A generated secret: see infra/provider/random/password.py. A change of `rotation` makes a new one."""

    value: pulumi.Output[str]

    def __init__(self, name: str, *, rotation: str = "1", opts: pulumi.ResourceOptions | None = None):
        super().__init__("pgstack:random:Password", name, {"rotation": rotation, "value": None}, opts)


class Seal(pulumi.CustomResource):
    """A certificate for a port that nobody may use: see infra/provider/tls/seal.py. `key` is a secret."""

    certificate: pulumi.Output[str]
    key: pulumi.Output[str]
    authority: pulumi.Output[str]

    def __init__(self, name: str, *, opts: pulumi.ResourceOptions | None = None):
        super().__init__("pgstack:tls:Seal", name, {"certificate": None, "key": None, "authority": None}, opts)


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
        access_key: pulumi.Input[str] | None,
        secret_key: pulumi.Input[str] | None,
        object_lock_days: int,
        policy: Mapping[str, Any] | None,
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
            "objectLockDays": object_lock_days,
            "policy": policy,
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


class Preflight(pulumi.CustomResource):
    """A check of a database that is there already: see infra/provider/postgres/preflight.py.

    `role` is whom the login acts as.
    """

    role: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        url: pulumi.Input[str],
        schema_name: str,
        directory: str,
        groups: Sequence[str],
        extensions: Sequence[str],
        extensions_schema: str,
        backup_role: str,
        backup_url: pulumi.Input[str] | None,
        adopt: bool,
        opts: pulumi.ResourceOptions | None = None,
    ):
        properties = {
            "url": url,
            "schemaName": schema_name,
            "directory": directory,
            "groups": list(groups),
            "extensions": list(extensions),
            "extensionsSchema": extensions_schema,
            "backupRole": backup_role,
            "backupUrl": backup_url,
            "adopt": adopt,
            "role": None,
        }
        super().__init__("pgstack:postgres:Preflight", name, properties, opts)


class Preparation(pulumi.CustomResource):
    """What a database that is there already lacks: see infra/provider/postgres/preparation.py.

    `made` is what it lacked.
    """

    made: pulumi.Output[list[str]]

    def __init__(
        self,
        name: str,
        *,
        url: pulumi.Input[str],
        schema_name: str,
        groups: Sequence[str],
        extensions: Sequence[str],
        extensions_schema: str,
        backup_role: str,
        backup_password: pulumi.Input[str] | None,
        drop_on_delete: bool,
        opts: pulumi.ResourceOptions | None = None,
    ):
        properties = {
            "url": url,
            "schemaName": schema_name,
            "groups": list(groups),
            "extensions": list(extensions),
            "extensionsSchema": extensions_schema,
            "backupRole": backup_role,
            "backupPassword": backup_password,
            "dropOnDelete": drop_on_delete,
            "made": None,
        }
        super().__init__("pgstack:postgres:Preparation", name, properties, opts)


class Schema(pulumi.CustomResource):
    """A whole database schema: see infra/provider/postgres/schema.py."""

    fingerprint: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        url: pulumi.Input[str],
        scratch_url: pulumi.Input[str] | None,
        schema_name: str,
        database: str | None,
        directory: str,
        owner: pulumi.Input[str],
        roles: Sequence[str],
        allow: Sequence[str],
        adopt: bool,
        lock_timeout: int,
        lock_retries: int,
        proof: bool,
        backup_command: Sequence[str],
        drop_on_delete: bool,
        before_drop: str,
        opts: pulumi.ResourceOptions | None = None,
    ):
        properties = {
            "url": url,
            "scratchUrl": scratch_url,
            "schemaName": schema_name,
            "database": database,
            "directory": directory,
            "owner": owner,
            "roles": list(roles),
            "allow": list(allow),
            "adopt": adopt,
            "lockTimeout": lock_timeout,
            "lockRetries": lock_retries,
            "proof": proof,
            "backupCommand": list(backup_command),
            "dropOnDelete": drop_on_delete,
            "beforeDrop": before_drop,
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


class Maintenance(pulumi.CustomResource):
    """Who does the database's maintenance: see infra/provider/postgres/maintenance.py."""

    by: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        url: pulumi.Input[str],
        schema_name: str,
        wanted: str,
        round_seconds: int,
        opts: pulumi.ResourceOptions | None = None,
    ):
        properties = {
            "url": url,
            "schemaName": schema_name,
            "wanted": wanted,
            "roundSeconds": round_seconds,
            "by": None,
            "jobs": None,
            "whyNot": None,
            "refused": None,
        }
        super().__init__("pgstack:postgres:Maintenance", name, properties, opts)
