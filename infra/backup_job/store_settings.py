"""What every process of the job is told, the pruner included: the bucket, and keys to it."""

import re
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from infra.backup_job.retention import Retention
from infra.backup_job.second_settings import BUCKET

WEB_URL = re.compile(r"https?://[!-~]+")


class StoreSettings(BaseModel):
    """What every command needs: the bucket, and keys to it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    found_at: ClassVar[str]
    """Where a stack's file lies below the project; it is not looked for where `given_by` is in the environment."""
    given_by: ClassVar[str]
    store_named: ClassVar[str] = "s3"
    """How the settings of the bucket begin, for errors."""

    stack: str = Field(min_length=1, description="the stack's name, for manifests and logs")
    s3_endpoint: str | None = Field(None, description="URL of the object store; none: AWS")
    s3_region: str = "us-east-1"
    s3_bucket: str = Field(pattern=BUCKET)
    s3_access_key: SecretStr | None = Field(None, description="unset: the AWS credentials of the surroundings")
    s3_secret_key: SecretStr | None = None
    prefix: str = Field("backups", pattern=r"^[\w.-]+(/[\w.-]+)*$", description="where in the bucket")
    retention: Retention = Field(Retention(), description="which backups `prune` keeps")
    retry_seconds: Annotated[float, Field(gt=0)] = 30
    store_timeout_seconds: Annotated[float, Field(gt=0)] = Field(
        60, description="how long a request to the store may get no answer before it is sent again, or fails"
    )
    failure_webhook: SecretStr | None = Field(None, description="URL that gets a POST of JSON when a backup fails")

    @field_validator("s3_endpoint")
    @classmethod
    def _is_store_url(cls, value: str | None) -> str | None:
        if value is not None:
            require_web_url(value)
        return value

    @field_validator("failure_webhook")
    @classmethod
    def _is_web_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            require_web_url(value.get_secret_value())
        return value


class PrunerSettings(StoreSettings):
    """What `prune-schedule` is told: the keys are those that may delete, and it knows no database."""

    found_at, given_by = ".state/*/prune/prune.json", "s3_bucket"

    look_seconds: Annotated[float, Field(gt=0)] = Field(60, description="between two looks for a new backup")


def require_web_url(text: str) -> None:
    """Refuse what is no URL of the web.

    Raises:
        ValueError: it is none; it is not in the message.
    """
    try:
        parts = urlsplit(text)
        good = bool(WEB_URL.fullmatch(text) and parts.hostname and parts.port != 0)
    except ValueError:
        good = False
    if not good:
        raise ValueError("https://host/path, or http://, in ASCII without spaces")
