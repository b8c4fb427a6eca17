"""Writes that are there whole or not at all, and count though the answer to their first request was lost."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypedDict, cast

from botocore.exceptions import BotoCoreError, ClientError

from infra.backup_job.bucket import Bucket
from infra.backup_job.errors import StoreError
from infra.backup_job.manifest import StoredObject
from infra.backup_job.streams import Upload

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import CompletedMultipartUploadTypeDef, CompletedPartTypeDef


class Condition(TypedDict, total=False):
    """What must hold of the key for a write to be one."""

    IfMatch: str
    IfNoneMatch: str


def put(bucket: Bucket, key: str, body: bytes, condition: Condition) -> StoredObject:
    """Store a small object.

    Raises:
        ConflictError: `condition` does not hold.
    """
    stored = StoredObject(key=key, size=len(body), sha256=hashlib.sha256(body).hexdigest())
    try:
        with bucket.explained(f"{key} can not be written"):
            answer = bucket.client.put_object(Bucket=bucket.name, Key=key, Body=body, **condition)
    except StoreError as error:
        version = _arrived(bucket, error, stored)
    else:
        version = answer.get("VersionId")
    return stored.model_copy(update={"version": version})


@contextmanager
def upload(bucket: Bucket, key: str) -> "Iterator[Upload[CompletedPartTypeDef]]":
    """Open a new `key` for writing as a stream: it exists once the block ends without an error, or not at all.

    The checksum that boto3 sends with each part is announced, and said again at the end, as boto3's own transfers do:
    AWS has refused parts with one of an upload that was begun without, and refuses the end of one that was begun with
    it and does not name them. A store that gives no checksum back is told none.

    Raises:
        ConflictError: the key is taken.
    """
    with bucket.explained(f"{key} can not be written"):
        begun = bucket.client.create_multipart_upload(Bucket=bucket.name, Key=key, ChecksumAlgorithm="CRC32")
        identifier = begun["UploadId"]

    def send(number: int, part: bytearray) -> "CompletedPartTypeDef":
        body = cast("bytes", part)  # boto3 takes both, its types name one
        with bucket.explained(f"part {number} of {key} can not be written"):
            answer = bucket.client.upload_part(
                Bucket=bucket.name,
                Key=key,
                UploadId=identifier,
                PartNumber=number,
                Body=body,
                ChecksumAlgorithm="CRC32",
            )
        sent: CompletedPartTypeDef = {"PartNumber": number, "ETag": answer["ETag"]}
        if checksum := answer.get("ChecksumCRC32"):
            sent["ChecksumCRC32"] = checksum
        return sent

    made = Upload(send)
    try:
        yield made
        made.version = _complete(bucket, key, identifier, made)
    except BaseException:
        made.abandon()
        _abort(bucket, key, identifier)
        raise


def _complete(bucket: Bucket, key: str, identifier: str, made: "Upload[CompletedPartTypeDef]") -> str | None:
    """Make one object of the parts; return its version."""
    parts: CompletedMultipartUploadTypeDef = {"Parts": made.finish()}
    try:
        with bucket.explained(f"{key} can not be completed"):
            answer = bucket.client.complete_multipart_upload(
                Bucket=bucket.name, Key=key, UploadId=identifier, MultipartUpload=parts, IfNoneMatch="*"
            )
    except StoreError as error:
        return _arrived(bucket, error, StoredObject(key=key, size=made.size, sha256=made.sha256))
    return answer.get("VersionId")


def _abort(bucket: Bucket, key: str, identifier: str) -> None:
    """Abort on the way out of a failure, which must stay the one reported: the next run aborts what stays."""
    try:
        bucket.client.abort_multipart_upload(Bucket=bucket.name, Key=key, UploadId=identifier)
    except (BotoCoreError, ClientError):
        return


def _arrived(bucket: Bucket, error: StoreError, wanted: StoredObject) -> str | None:
    """Return the version of an object that was stored all the same: only the answer to its first request was lost.

    The request that was sent again then met the object of the first one, which broke its condition.

    Raises:
        StoreError: `error`, where no request was sent again, or what is stored is another object.
    """
    if not error.retried:
        raise error
    try:
        with bucket.explained(f"{wanted.key} can not be looked at"):
            version = bucket.client.head_object(Bucket=bucket.name, Key=wanted.key).get("VersionId")
        with bucket.download(wanted.model_copy(update={"version": version})) as stored:
            stored.drain()
    except StoreError:
        raise error from None
    if (stored.size, stored.sha256) != (wanted.size, wanted.sha256):
        raise error
    return version
