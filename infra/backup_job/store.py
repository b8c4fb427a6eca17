"""The S3 bucket: streamed uploads and downloads, conditional writes, and its refusals in plain words."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypedDict, cast

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from urllib3.exceptions import HTTPError

from infra.backup_job.errors import ConflictError, DamagedError, NotFoundError, StoreError
from infra.backup_job.manifest import StoredObject
from infra.backup_job.settings import StoreSettings
from infra.backup_job.streams import Download, Upload

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedMultipartUploadTypeDef, CompletedPartTypeDef, CopySourceTypeDef

COPY_PART = 256 * 1024**2
"""What one request copies: the store must have done it within the time that we wait for an answer."""

ADVICE = {
    "InvalidAccessKeyId": "correct {named}_access_key",
    "SignatureDoesNotMatch": "correct {named}_secret_key",
    "AccessDenied": "this key may not do that there: correct {named}_bucket, the key, or its policy",
    "NoSuchBucket": "create the bucket{made} or correct {named}_bucket",
    "InternalError": "the store itself failed: look at its log and its disk",
}
"""`named` is how the settings of the bucket begin."""
MADE = {"s3": " (`make up` does)", "second": ", which is yours to make,"}
"""Who makes the bucket."""


class _Version(TypedDict, total=False):
    VersionId: str


class _Condition(TypedDict, total=False):
    IfMatch: str
    IfNoneMatch: str


@dataclass(frozen=True)
class StoredVersion:
    """One version of an object; `version` is `null` in a bucket that keeps none.

    A `marker` only says that the object was deleted: what lies below it is still there.
    """

    key: str
    version: str
    modified: datetime
    marker: bool = False


class ObjectStore:
    """The bucket of `settings`, as this job uses it; `hurried` gives a store that does not answer up in seconds."""

    def __init__(self, settings: StoreSettings, *, hurried: bool = False) -> None:
        self.bucket = settings.s3_bucket
        self.endpoint = settings.s3_endpoint or "AWS"
        self._named = settings.store_named
        access_key, secret_key = settings.s3_access_key, settings.s3_secret_key
        self._client: S3Client = boto3.client(
            "s3",
            endpoint_url=settings.s3_endpoint,
            region_name=settings.s3_region,
            aws_access_key_id=access_key.get_secret_value() if access_key else None,
            aws_secret_access_key=secret_key.get_secret_value() if secret_key else None,
            config=Config(
                s3={"addressing_style": "path" if settings.s3_endpoint else "auto"},
                signature_version="s3v4",
                retries={"mode": "standard", "total_max_attempts": 1 if hurried else 4},
                connect_timeout=5,
                read_timeout=10 if hurried else 60,
                request_checksum_calculation="when_supported",
                response_checksum_validation="when_supported",
            ),
        )

    def require(self) -> None:
        """Make sure that the bucket is there and answers to these keys.

        Raises:
            StoreError: it does not.
        """
        with self._explained("the bucket can not be listed"):
            self._client.list_objects_v2(Bucket=self.bucket, MaxKeys=1)

    def put_new(self, key: str, body: bytes) -> StoredObject:
        """Store `body` under a `key` that nobody used yet.

        Raises:
            ConflictError: the key is taken.
        """
        return self._put(key, body, {"IfNoneMatch": "*"})

    def replace(self, key: str, body: bytes, tag: str | None) -> StoredObject:
        """Store `body` under `key` if it still is what was read with `tag` (None: nothing was there).

        Raises:
            ConflictError: somebody else wrote it in between.
        """
        return self._put(key, body, {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag})

    def _put(self, key: str, body: bytes, condition: _Condition) -> StoredObject:
        stored = StoredObject(key=key, size=len(body), sha256=hashlib.sha256(body).hexdigest())
        try:
            with self._explained(f"{key} can not be written"):
                answer = self._client.put_object(Bucket=self.bucket, Key=key, Body=body, **condition)
        except StoreError as error:
            version = self._arrived(error, stored)
        else:
            version = answer.get("VersionId")
        return stored.model_copy(update={"version": version})

    def _arrived(self, error: StoreError, wanted: StoredObject) -> str | None:
        """Return the version of an object that was stored all the same: only the answer to its first request was lost.

        The request that was sent again then met the object of the first one, which broke its condition.

        Raises:
            StoreError: `error`, where no request was sent again, or what is stored is another object.
        """
        if not error.retried:
            raise error
        try:
            with self._explained(f"{wanted.key} can not be looked at"):
                version = self._client.head_object(Bucket=self.bucket, Key=wanted.key).get("VersionId")
            with self.download(wanted.model_copy(update={"version": version})) as download:
                download.drain()
        except StoreError:
            raise error from None
        if (download.size, download.sha256) != (wanted.size, wanted.sha256):
            raise error
        return version

    def get(self, key: str, version: str | None = None) -> tuple[bytes, str]:
        """Return a small object and its entity tag.

        Args:
            key: the object.
            version: which version of it; None: the newest.

        Raises:
            NotFoundError: there is none under `key`.
        """
        with self._explained(f"{key} can not be read"):
            answer = self._client.get_object(Bucket=self.bucket, Key=key, **_version(version))
            return answer["Body"].read(), answer["ETag"]

    def get_verified(self, stored: StoredObject) -> bytes:
        """Return a small object.

        Raises:
            DamagedError: it is not what was stored.
        """
        body, _ = self.get(stored.key, stored.version)
        if len(body) != stored.size:
            raise DamagedError(f"{stored.key} is damaged: it has {len(body)} bytes of {stored.size}")
        if hashlib.sha256(body).hexdigest() != stored.sha256:
            raise DamagedError(f"{stored.key} is damaged: its SHA-256 is not the recorded one")
        return body

    def copy(self, source: StoredObject, target: str) -> None:
        """Make `target` a copy of `source`, inside the store; readers see the old one or the new one, whole."""
        config = TransferConfig(multipart_threshold=COPY_PART, multipart_chunksize=COPY_PART, use_threads=False)
        origin: CopySourceTypeDef = {"Bucket": self.bucket, "Key": source.key, **_version(source.version)}
        with self._explained(f"{source.key} can not be copied to {target}"):
            self._client.copy(origin, self.bucket, target, Config=config)

    def versions(self, start: str, *, markers: bool = False) -> list[StoredVersion]:
        """Return every version of every object whose key begins with `start`, by key, oldest first.

        Args:
            start: how the keys begin.
            markers: with those versions that only say that an object was deleted.
        """
        versions: list[StoredVersion] = []
        with self._explained(f"versions of {start}* can not be listed"):
            for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=start):
                for entry in page.get("Versions", []):
                    versions.append(StoredVersion(entry["Key"], entry["VersionId"], entry["LastModified"]))
                for gone in page.get("DeleteMarkers", []) if markers else []:
                    versions.append(StoredVersion(gone["Key"], gone["VersionId"], gone["LastModified"], marker=True))
        versions.reverse()  # the store gives a key's newest first; the moments it gives may be equal
        return sorted(versions, key=lambda version: (version.key, version.modified))

    def delete(self, version: StoredVersion) -> None:
        """Delete one version of an object, for good.

        Raises:
            StoreError: the store refuses, because of a lock or of these keys.
        """
        with self._explained(f"{version.key} can not be deleted"):
            self._client.delete_object(Bucket=self.bucket, Key=version.key, VersionId=version.version)

    def lock(self, version: StoredVersion) -> str | None:
        """Return what holds a version, for people; None where nothing does, or does any more."""
        if version.marker:
            return None
        with self._explained(f"{version.key} can not be looked at"):
            answer = self._client.head_object(Bucket=self.bucket, Key=version.key, VersionId=version.version)
        if answer.get("ObjectLockLegalHoldStatus") == "ON":
            return "under legal hold"
        until = answer.get("ObjectLockRetainUntilDate")
        return f"locked until {until:%Y-%m-%d %H:%M:%S} UTC" if until and until > datetime.now(UTC) else None

    @contextmanager
    def download(self, stored: StoredObject) -> Iterator[Download]:
        """Open an object for reading as a stream."""
        key = stored.key
        with self._explained(f"{key} can not be read"):
            body = self._client.get_object(Bucket=self.bucket, Key=key, **_version(stored.version))["Body"]

        def read(size: int) -> bytes:
            with self._explained(f"{key} can not be read to its end"):
                block: bytes = body.read(size)
                return block

        try:
            yield Download(read)
        finally:
            body.close()

    @contextmanager
    def upload(self, key: str) -> "Iterator[Upload[CompletedPartTypeDef]]":
        """Open a new `key` for writing as a stream: it exists once the block ends without an error, or not at all.

        Raises:
            ConflictError: the key is taken.
        """
        with self._explained(f"{key} can not be written"):
            identifier = self._client.create_multipart_upload(Bucket=self.bucket, Key=key)["UploadId"]

        def send(number: int, part: bytearray) -> "CompletedPartTypeDef":
            body = cast("bytes", part)  # boto3 takes both, its types name one
            with self._explained(f"part {number} of {key} can not be written"):
                answer = self._client.upload_part(
                    Bucket=self.bucket, Key=key, UploadId=identifier, PartNumber=number, Body=body
                )
            return {"PartNumber": number, "ETag": answer["ETag"]}

        upload = Upload(send)
        try:
            yield upload
            upload.version = self._complete(key, identifier, upload)
        except BaseException:
            upload.abandon()
            self._abort(key, identifier)
            raise

    def _complete(self, key: str, identifier: str, upload: "Upload[CompletedPartTypeDef]") -> str | None:
        """Make one object of the parts; return its version."""
        parts: CompletedMultipartUploadTypeDef = {"Parts": upload.finish()}
        try:
            with self._explained(f"{key} can not be completed"):
                answer = self._client.complete_multipart_upload(
                    Bucket=self.bucket, Key=key, UploadId=identifier, MultipartUpload=parts, IfNoneMatch="*"
                )
        except StoreError as error:
            return self._arrived(error, StoredObject(key=key, size=upload.size, sha256=upload.sha256))
        return answer.get("VersionId")

    def open_uploads(self, start: str) -> list[tuple[str, str, datetime]]:
        """Return key, id and start of each unfinished upload whose key begins with `start`."""
        with self._explained(f"unfinished uploads of {start}* can not be listed"):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=start)
            return [
                (entry["Key"], entry["UploadId"], entry["Initiated"])
                for page in pages
                for entry in page.get("Uploads", [])
                if entry["Key"].startswith(start)
            ]

    def abort_uploads(self, start: str) -> int:
        """Abort the unfinished uploads whose key begins with `start`; return how many there were."""
        found = self.open_uploads(start)
        for key, upload_id, _ in found:
            with self._explained(f"the unfinished upload of {key} can not be aborted"):
                self._client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload_id)
        return len(found)

    def _abort(self, key: str, upload_id: str) -> None:
        """Abort on the way out of a failure, which must stay the one reported: the next run aborts what stays."""
        try:
            self._client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload_id)
        except (BotoCoreError, ClientError):
            return

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        where = f"bucket {self.bucket} at {self.endpoint}"
        try:
            yield
        except ClientError as error:
            refusal = _refusal(error, what, where, self._named)
            refusal.retried = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
            raise refusal from None
        except (BotoConnectionError, HTTPClientError, HTTPError) as error:
            words = " ".join(str(error).split())
            raise StoreError(
                f"{what}: no answer from the store of {where} ({words}): start it or correct {self._named}_endpoint"
            ) from None
        except BotoCoreError as error:
            raise StoreError(f"{what} in {where}: {error}") from None


def _refusal(error: ClientError, what: str, where: str, named: str) -> StoreError:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    message = f"{what} in {where}: {code}: {error.response.get('Error', {}).get('Message', '')}"
    if advice := ADVICE.get(code):
        message = f"{message} ({advice.format(named=named, made=MADE[named])})"
    if status == 412 or code == "PreconditionFailed":
        return ConflictError(message)
    return NotFoundError(message) if code in {"NoSuchKey", "404"} else StoreError(message)


def _version(version: str | None) -> _Version:
    return {} if version is None else {"VersionId": version}
