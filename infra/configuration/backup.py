"""When backups are taken, how long they are kept, and who else gets them."""

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from infra.backup_job.retention import Retention
from infra.configuration import Keys


class BackupKeys(Keys):
    """Keys of the backups."""

    backup_schedule: str = Field("17 3 * * *", description="when to back up: a cron expression, UTC")
    backup_max_age_hours: int = Field(30, ge=1, description="hours after which the last backup counts as too old")
    backup_run_limit_hours: int = Field(
        24, ge=1, le=24 * 365, description="hours after which a backup that goes on is given up"
    )
    backup_silence_seconds: int = Field(
        300, ge=10, description="seconds that the database's server may answer nobody before a backup is given up"
    )
    backup_store_timeout_seconds: int = Field(
        60, ge=1, description="seconds that the store has to answer each of a backup's requests, which is sent again"
    )
    backup_lock_days: int = Field(
        7, ge=0, le=36500, description="days that nobody but the store's administrator can delete a backup; 0: no lock"
    )
    backup_retention: Retention = Field(
        Retention(),
        description="which backups pruning keeps, the newest of each period, e.g. {last: 3, hourly: 24, daily: 7, "
        "weekly: 5, monthly: 12, yearly: 10}",
    )
    backup_prune: bool = Field(
        default=True,
        description="delete, after each backup, those that backupRetention does not keep, where there is an identity "
        "for it; false: `make prune` alone does",
    )
    backup_before_loss: bool = Field(
        default=True, description="take a proven backup before a schema update that loses rows or values"
    )
    backup_encryption_recipients: list[str] = Field(
        default_factory=list,
        description="age's public keys (X25519, as age-keygen prints them) that backups are encrypted for; none: no "
        "encryption",
    )
    backup_encryption_identity: SecretStr | None = Field(
        None,
        description="private key of a recipient for the backup job, which then proves with it; unset: what it has "
        "encrypted, it can not read again",
    )
    backup_mirror: str = Field(
        "",
        description="folder of this machine, relative to the project, that gets the schema of each backup; empty: none",
    )
    backup_failure_webhook: SecretStr | None = Field(
        None, description="URL that gets a POST of JSON when a backup fails: https://host/path"
    )
    backup_second_bucket: str = Field(
        "",
        pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$",
        description="bucket elsewhere, made by you, that gets each proven backup, too; empty: none",
    )
    backup_second_endpoint: str = Field(
        "", pattern=r"^(https?://\S+)?$", description="URL of the S3 store of backupSecondBucket; empty: AWS"
    )
    backup_second_region: str = Field("", description="region of backupSecondBucket; empty: us-east-1")
    backup_second_access_key: SecretStr | None = Field(
        None,
        description="a key that writes and reads backupSecondBucket; unset: the AWS credentials of the surroundings",
    )
    backup_second_secret_key: SecretStr | None = Field(None, description="the secret of backupSecondAccessKey")

    @field_validator("backup_encryption_recipients", mode="before")
    @classmethod
    def _recipients_are_keys_of_age(cls, value: object) -> object:
        if not value:
            return value
        from infra.backup_job.keys import recipients  # noqa: PLC0415 - without encryption nothing of it is loaded

        return recipients(value)

    @field_validator("backup_encryption_identity")
    @classmethod
    def _identity_is_a_key_of_age(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            from infra.backup_job.keys import identities  # noqa: PLC0415 - without encryption nothing of it is loaded

            identities(value.get_secret_value())
        return value

    @field_validator("backup_mirror")
    @classmethod
    def _mirror_is_of_this_machine(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("target") == "docker":
            raise ValueError("the job of the target docker runs in a container that sees no folder of this machine")
        return value

    @field_validator("backup_failure_webhook")
    @classmethod
    def _webhook_is_a_web_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            from infra.backup_job.store_settings import require_web_url  # noqa: PLC0415 - as above

            require_web_url(value.get_secret_value())
        return value
