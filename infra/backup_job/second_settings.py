"""What the job is told of the second destination: another bucket, which is the user's, and keys to it."""

from typing import Any, ClassVar

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator

BUCKET = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"


class SecondStore(BaseModel):
    """The settings of the second destination, beside those of the first; without `second_bucket` there is none."""

    of_bucket: ClassVar[tuple[str, ...]] = (
        "second_endpoint",
        "second_region",
        "second_access_key",
        "second_secret_key",
    )

    second_endpoint: str | None = Field(None, description="URL of the second destination's store; none: AWS")
    second_region: str = "us-east-1"
    second_access_key: SecretStr | None = Field(None, description="unset: the AWS credentials of the surroundings")
    second_secret_key: SecretStr | None = Field(None, validate_default=True)
    second_bucket: str | None = Field(
        None, pattern=BUCKET, validate_default=True, description="another bucket that gets each proven backup, too"
    )

    @field_validator("second_secret_key")
    @classmethod
    def _keys_go_together(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if (value is None) != (info.data.get("second_access_key") is None):
            raise ValueError("second_access_key and second_secret_key together, or neither")
        return value

    @field_validator("second_bucket")
    @classmethod
    def _is_whole_and_another(cls, value: str | None, info: ValidationInfo) -> str | None:
        given = [name for name in cls.of_bucket if info.data.get(name) not in (None, cls.model_fields[name].default)]
        if value is None and given:
            raise ValueError(
                f"the name of the bucket for {', '.join(given)}; leave these out for no second destination"
            )
        if value is not None and (value, _host(info.data, "second")) == (
            info.data.get("s3_bucket"),
            _host(info.data, "s3"),
        ):
            raise ValueError("another bucket than s3_bucket in the same store: a copy beside the backup goes with it")
        return value


def _host(values: dict[str, Any], name: str) -> str:
    return str(values.get(f"{name}_endpoint") or "").rstrip("/").lower()
