"""A PostgreSQL and a store that are there already."""

from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from infra.configuration import Keys, only_for
from infra.database_url import SslMode


class ExternalKeys(Keys):
    """Keys of the target `external`; infra/external_settings.py judges them together."""

    database_url: SecretStr | None = Field(
        None, description="target external: postgresql://user:password@host:port/database of the server that is there"
    )
    ssl_mode: SslMode | None = Field(
        None, description="target external: libpq's sslmode; unset: verify-full with sslRootCertificate, else require"
    )
    ssl_root_certificate: str = Field(
        "", description="target external: file of the certificates that the server's is checked against, or `system`"
    )
    drop_on_destroy: bool = Field(
        default=False, description="target external: drop our tables, too, when the stack is destroyed"
    )
    backups: bool = Field(default=True, description="target external: take backups into the bucket; false: none")
    backup_runner: Literal["here", "elsewhere"] = Field(
        "here",
        description="target external: who runs the backup job: a service of this machine, or, for a stack that several "
        "machines update, whoever calls `make backup` or `make schedule` in any checkout",
    )
    backup_database_url: SecretStr | None = Field(
        None, description="target external: the login that reads for backups; unset: a role `backup` is made"
    )
    s3_endpoint: str = Field(
        "", pattern=r"^(https?://\S+)?$", description="target external: URL of the S3 store; empty: AWS"
    )
    s3_region: str = Field("us-east-1", min_length=1, description="target external: the bucket's region")
    s3_access_key: SecretStr | None = Field(
        None, description="target external: a key of the store; unset: the AWS credentials of the surroundings"
    )
    s3_secret_key: SecretStr | None = Field(None, description="target external: the secret of s3AccessKey")
    s3_job_access_key: SecretStr | None = Field(
        None, description="target external: a key that may not delete, for the backup job; unset: s3AccessKey"
    )
    s3_job_secret_key: SecretStr | None = Field(None, description="target external: the secret of s3JobAccessKey")
    s3_job_principal: str = Field(
        "", pattern=r"^(arn:\S+)?$", description="target external: ARN of the job's identity, for the bucket's policy"
    )
    s3_prune_access_key: SecretStr | None = Field(
        None, description="target external: a key that deletes old backups; unset: nothing deletes them by itself"
    )
    s3_prune_secret_key: SecretStr | None = Field(None, description="target external: the secret of s3PruneAccessKey")
    s3_prune_principal: str = Field(
        "",
        pattern=r"^(arn:\S+)?$",
        description="target external: ARN of the pruning identity, for the bucket's policy",
    )

    @field_validator("*")
    @classmethod
    def _only_for_external(cls, value: object, info: ValidationInfo) -> object:
        if info.field_name in ExternalKeys.model_fields:
            only_for(("external",), "a database and a store that are there already", info)
        return value
