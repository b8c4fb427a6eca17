"""A client of any S3 store, and what a bucket's life needs of it: making, owning, emptying."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from infra.plugin import UserError

OWNER_TAG = "pgstack:resource"
"""Whose bucket it is, written on the bucket: an interrupted create is adopted, a stranger's bucket is refused."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DENIED = frozenset({"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"})


def client(
    endpoint: str | None, region: str, access_key: str | None, secret_key: str | None, *, patient: bool = True
) -> Any:
    """Return a boto3 client.

    Args:
        endpoint: None means AWS.
        region: where.
        access_key: None, as `secret_key`, means those of the surroundings.
        secret_key: the other half.
        patient: whether a store that is slow, or busy, is waited for and asked again.
    """
    import boto3  # noqa: PLC0415 - boto3 costs 0.15 s, a no-op preview needs none of it
    from botocore.config import Config  # noqa: PLC0415

    # A proxy of the surroundings leads outwards, never to this machine.
    proxies: Any = {} if endpoint and urlsplit(endpoint).hostname in LOOPBACK else None
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(
            s3={"addressing_style": "path" if endpoint else "auto"},
            connect_timeout=10 if patient else 2,
            read_timeout=60 if patient else 5,
            retries={"max_attempts": 3 if patient else 0},
            proxies=proxies,
        ),
    )


def knows(endpoint: str, access_key: str, secret_key: str) -> bool:
    """Say whether a store knows an access key, whatever it lets it do; one that does not answer knows none."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    caller = client(endpoint, "us-east-1", access_key, secret_key)
    try:
        caller.list_buckets()
    except ClientError as error:
        return bool(error.response["Error"]["Code"] != "InvalidAccessKeyId")
    except BotoCoreError:  # no connection, no answer
        return False
    finally:
        caller.close()
    return True


def lacks(endpoint: str | None, region: str, access_key: str | None, secret_key: str | None, bucket: str) -> bool:
    """Say whether a store says that it has no such bucket; one that refuses, or does not answer soon, does not."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        caller = client(endpoint, region, access_key, secret_key, patient=False)
        return not exists(caller, bucket)
    except (BotoCoreError, ClientError, ValueError):  # ValueError: what boto3 says of an endpoint that is no URL
        return False


@contextmanager
def as_user_error(bucket: str, endpoint: str | None) -> Iterator[None]:
    """Turn a store's refusal into one line that names the bucket and the store."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    place = f"bucket {bucket} at {endpoint or 'AWS'}"
    try:
        yield
    except ClientError as error:
        if code(error) in _DENIED:
            raise UserError(f"{place}: the store refuses these keys ({error})") from error
        raise UserError(f"{place}: {error}") from error
    except (BotoCoreError, ValueError) as error:  # ValueError: what boto3 says of an endpoint that is no URL
        raise UserError(f"{place}: {error}") from error


def code(error: Any) -> str:
    """Return S3's code of a refusal, e.g. `NoSuchBucket`."""
    return str(error.response["Error"]["Code"])


def not_implemented(error: Any) -> bool:
    """Say whether the store refused because it has no such feature."""
    return error.response["ResponseMetadata"]["HTTPStatusCode"] == 501 or code(error) == "NotImplemented"


def exists(s3: Any, bucket: str) -> bool:
    """Say whether the bucket is there."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if code(error) in {"404", "NoSuchBucket"}:
            return False
        raise
    return True


def make(s3: Any, bucket: str, region: str, identity: str, *, lockable: bool) -> None:
    """Make the bucket and write whose it is on it.

    Args:
        s3: a client.
        bucket: its name.
        region: where.
        identity: whose it is.
        lockable: what it holds is to be locked, which some stores can only for a bucket that is made for it; a store
            that does not make one so makes it without.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415

    # us-east-1 is the one region that S3 refuses to be told about.
    options = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=bucket, **options, **({"ObjectLockEnabledForBucket": True} if lockable else {}))
    except ClientError:
        if not lockable:
            raise
        s3.create_bucket(Bucket=bucket, **options)
    _tag(s3, bucket, identity)


def adopt(s3: Any, bucket: str, identity: str) -> None:
    """Take over a bucket that exists.

    Raises:
        UserError: another made it; an empty one without a tag is what an interrupted create of ours leaves.
    """
    if refusal := strangers(s3, bucket, identity):
        raise UserError(refusal)
    if _tags(s3, bucket).get(OWNER_TAG) != identity:
        _tag(s3, bucket, identity)


def strangers(s3: Any, bucket: str, identity: str) -> str | None:
    """Return why a bucket that exists can not be taken over, None where it is ours, or an empty one without tags."""
    tags = _tags(s3, bucket)
    owner = tags.get(OWNER_TAG)
    if owner == identity or not (owner or tags or not is_empty(s3, bucket)):
        return None
    return (
        f"bucket {bucket} exists and is not ours (its tag {OWNER_TAG}: {owner or 'none'}): choose another name, or "
        f"hand it over by giving it that tag with the value {identity}"
    )


def _tag(s3: Any, bucket: str, identity: str) -> None:
    """Write on the bucket whose it is."""
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": OWNER_TAG, "Value": identity}]})


def is_empty(s3: Any, bucket: str) -> bool:
    """Say whether the bucket holds no object, no older version of one, and no delete marker."""
    page = s3.list_object_versions(Bucket=bucket, MaxKeys=1)
    return not (page.get("Versions") or page.get("DeleteMarkers"))


def empty(s3: Any, bucket: str, *, locked: bool) -> None:
    """Delete every version of every object, and every unfinished upload.

    Args:
        s3: a client.
        bucket: its name.
        locked: versions in it may be: the administrator's right to delete them all the same is made use of.

    Raises:
        UserError: the store keeps one of them.
    """
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    bypass = {"BypassGovernanceRetention": True} if locked else {}
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
        if objects:
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True}, **bypass)
            for refusal in answer.get("Errors", [])[:1]:
                raise UserError(f"bucket {bucket}: {refusal['Key']} can not be deleted: {refusal.get('Message')}")


def _tags(s3: Any, bucket: str) -> dict[str, str]:
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        return {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]}
    except ClientError as error:
        if code(error) == "NoSuchTagSet":
            return {}
        raise
