"""pgstack:s3:Bucket, a bucket of any S3 store: versioning, lifecycle, policy, no public access."""

import json
from collections.abc import Callable
from typing import Any

from pydantic import Field
from typing_extensions import override

from infra.plugin import Context, Inputs, Resource, UserError
from infra.plugin.resource import State

OWNER_TAG = "pgstack:resource"
"""Whose bucket it is, written on the bucket: an interrupted create is adopted, a stranger's bucket is refused."""


class BucketInputs(Inputs):
    """Inputs of a bucket and of the store it lies in."""

    endpoint: str | None = None
    region: str = "us-east-1"
    access_key: str
    secret_key: str
    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    versioning: bool = True
    block_public_access: bool = True
    abort_multipart_days: int = Field(default=7, ge=1)
    policy: dict[str, Any] | None = None
    force_destroy: bool = False
    retain_on_delete: bool = False


class Bucket(Resource[BucketInputs]):
    """A bucket. What the store does not know (`refused`, an output) is said, not passed over."""

    token = "pgstack:s3:Bucket"  # noqa: S105
    inputs_type = BucketInputs
    replace_on = frozenset({"endpoint", "bucket"})
    secrets = frozenset({"accessKey", "secretKey"})
    computed = ("refused",)

    @override
    def create(self, context: Context, inputs: BucketInputs) -> tuple[str, State]:
        client = _client(inputs)
        with _as_user_error(inputs):
            if _exists(client, inputs.bucket):
                _require_ours(client, inputs.bucket, _identity(context))
            else:
                _make(client, inputs)
            _tag(client, inputs.bucket, _identity(context))
        return inputs.bucket, self._apply(context, client, inputs)

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: BucketInputs) -> State:
        client = _client(inputs)
        with _as_user_error(inputs):
            if not _exists(client, inputs.bucket):
                _make(client, inputs)
                _tag(client, inputs.bucket, _identity(context))
        return self._apply(context, client, inputs)

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State] | None:
        known = BucketInputs.model_validate(inputs)
        client = _client(known)
        with _as_user_error(known):
            if not _exists(client, known.bucket):
                return None
            versioning = client.get_bucket_versioning(Bucket=known.bucket).get("Status") == "Enabled"
        return {**inputs, "versioning": versioning}, {**state, "versioning": versioning}

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        inputs = BucketInputs.model_validate({key: value for key, value in state.items() if key != "refused"})
        if inputs.retain_on_delete:
            context.log("info", f"bucket {inputs.bucket} stays, with everything in it, as configured")
            return
        client = _client(inputs)
        with _as_user_error(inputs):
            if not _exists(client, inputs.bucket):
                return
            if inputs.force_destroy:
                _empty(client, inputs.bucket)
            client.delete_bucket(Bucket=inputs.bucket)

    def _apply(self, context: Context, client: Any, inputs: BucketInputs) -> State:
        refused = [name for name, setting in _settings(client, inputs).items() if not _accepted(setting)]
        if refused:
            context.log("warning", f"the store of bucket {inputs.bucket} does not know: {', '.join(refused)}")
        return {**inputs.model_dump(by_alias=True), "refused": refused}


def _settings(client: Any, inputs: BucketInputs) -> dict[str, Callable[[], Any]]:
    """Return every setting as a call that makes it so."""
    bucket = inputs.bucket
    block = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"),
        inputs.block_public_access,
    )
    lifecycle = {
        "Rules": [
            {
                "ID": "abandoned-uploads",
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": inputs.abort_multipart_days},
            }
        ]
    }
    status = {"Status": "Enabled" if inputs.versioning else "Suspended"}
    settings: dict[str, Callable[[], Any]] = {
        "versioning": lambda: client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=status),
        "lifecycle": lambda: client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=lifecycle),
        "public access block": lambda: client.put_public_access_block(
            Bucket=bucket, PublicAccessBlockConfiguration=block
        ),
    }
    if inputs.policy:
        settings["policy"] = lambda: client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(inputs.policy))
    return settings


def _accepted(setting: Callable[[], Any]) -> bool:
    """Make a setting so; False when the store has no such feature."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - boto3 costs 0.15 s, a no-op preview needs none of it

    try:
        setting()
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 501 or _code(error) == "NotImplemented":
            return False
        raise
    return True


def _client(inputs: BucketInputs) -> Any:
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    return boto3.client(
        "s3",
        endpoint_url=inputs.endpoint,
        region_name=inputs.region,
        aws_access_key_id=inputs.access_key,
        aws_secret_access_key=inputs.secret_key,
        config=Config(
            s3={"addressing_style": "path"}, connect_timeout=10, read_timeout=60, retries={"max_attempts": 3}
        ),
    )


class _as_user_error:  # noqa: N801 - reads as a statement
    """Turn a store's refusal into one line that names the bucket and the store."""

    def __init__(self, inputs: BucketInputs):
        self._place = f"bucket {inputs.bucket} at {inputs.endpoint or 'AWS, ' + inputs.region}"

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        if isinstance(error, ClientError | BotoCoreError):
            raise UserError(f"{self._place}: {error}") from error


def _code(error: Any) -> str:
    return str(error.response["Error"]["Code"])


def _exists(client: Any, bucket: str) -> bool:
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if _code(error) in {"404", "NoSuchBucket"}:
            return False
        raise
    return True


def _make(client: Any, inputs: BucketInputs) -> None:
    # us-east-1 is the one region that S3 refuses to be told about.
    location = {} if inputs.region == "us-east-1" else {"LocationConstraint": inputs.region}
    options = {"CreateBucketConfiguration": location} if location else {}
    client.create_bucket(Bucket=inputs.bucket, **options)


def _identity(context: Context) -> str:
    return f"{context.project}/{context.stack}/{context.name}"


def _tag(client: Any, bucket: str, identity: str) -> None:
    client.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": OWNER_TAG, "Value": identity}]})


def _require_ours(client: Any, bucket: str, identity: str) -> None:
    """Refuse a bucket that another made; an empty one without a tag is what an interrupted create of ours leaves."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        tags = client.get_bucket_tagging(Bucket=bucket)["TagSet"]
    except ClientError:
        tags = []
    owner = next((tag["Value"] for tag in tags if tag["Key"] == OWNER_TAG), None)
    abandoned = owner is None and not client.list_objects_v2(Bucket=bucket, MaxKeys=1).get("KeyCount")
    if owner != identity and not abandoned:
        raise UserError(
            f"bucket {bucket} exists and is not ours (tag {OWNER_TAG}: {owner or 'none'}): choose another name, or "
            "`pulumi import` it"
        )


def _empty(client: Any, bucket: str) -> None:
    """Delete every version of every object, and every unfinished upload."""
    for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
        if objects:
            client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
