"""What the job does with its bucket: conditional writes, streams, copies, versions and their locks."""

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from boto3.s3.transfer import TransferConfig

from infra.backup_job import writing
from infra.backup_job.bucket import Bucket, version_of
from infra.backup_job.errors import DamagedError
from infra.backup_job.manifest import StoredObject
from infra.backup_job.store_settings import StoreSettings
from infra.backup_job.streams import Download, Upload

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import CompletedPartTypeDef, CopySourceTypeDef

COPY_PART = 256 * 1024**2
"""What one request copies: the store must have done it within the time that we wait for an answer."""


@dataclass(frozen=True)
class StoredVersion:
    """One version of an object; `version` is `null` in a bucket that keeps none.

    `modified` is when it was written or, in some stores, when anything of it was changed last.

    A `marker` only says that the object was deleted: what lies below it is still there.
    """

    key: str
    version: str
    modified: datetime
    marker: bool = False


class ObjectStore:
    """The bucket of `settings`, as this job uses it; `hurried` gives a store that does not answer up in seconds."""

    def __init__(self, settings: StoreSettings, *, hurried: bool = False) -> None:
        self._bucket = Bucket(settings, hurried=hurried)
        self._client = self._bucket.client
        self.bucket, self.endpoint = self._bucket.name, self._bucket.endpoint

    def require(self) -> None:
        """Make sure that the bucket is there and answers to these keys.

        Raises:
            StoreError: it does not.
        """
        with self._bucket.explained("the bucket can not be listed"):
            self._client.list_objects_v2(Bucket=self.bucket, MaxKeys=1)

    def put_new(self, key: str, body: bytes) -> StoredObject:
        """Store `body` under a `key` that nobody used yet.

        Raises:
            ConflictError: the key is taken.
        """
        return writing.put(self._bucket, key, body, {"IfNoneMatch": "*"})

    def replace(self, key: str, body: bytes, tag: str | None) -> StoredObject:
        """Store `body` under `key` if it still is what was read with `tag` (None: nothing was there).

        Raises:
            ConflictError: somebody else wrote it in between.
        """
        return writing.put(self._bucket, key, body, {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag})

    def get(self, key: str, version: str | None = None) -> tuple[bytes, str]:
        """Return a small object and its entity tag.

        Args:
            key: the object.
            version: which version of it; None: the newest.

        Raises:
            NotFoundError: there is none under `key`.
        """
        with self._bucket.explained(f"{key} can not be read"):
            answer = self._client.get_object(Bucket=self.bucket, Key=key, **version_of(version))
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
        origin: CopySourceTypeDef = {"Bucket": self.bucket, "Key": source.key, **version_of(source.version)}
        with self._bucket.explained(f"{source.key} can not be copied to {target}"):
            self._client.copy(origin, self.bucket, target, Config=config)

    def versions(self, start: str, *, markers: bool = False) -> list[StoredVersion]:
        """Return every version of every object whose key begins with `start`, by key, oldest first.

        Args:
            start: how the keys begin.
            markers: with those versions that only say that an object was deleted.
        """
        versions: list[StoredVersion] = []
        with self._bucket.explained(f"versions of {start}* can not be listed"):
            for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=start):
                for entry in page.get("Versions", []):
                    versions.append(StoredVersion(entry["Key"], entry["VersionId"], entry["LastModified"]))
                for gone in page.get("DeleteMarkers", []) if markers else []:
                    versions.append(StoredVersion(gone["Key"], gone["VersionId"], gone["LastModified"], marker=True))
        # A key's versions come newest first. The moments that they carry do not tell: they may be equal, and SeaweedFS
        # changes them with a version's lock.
        versions.reverse()
        return sorted(versions, key=lambda version: version.key)

    def delete(self, version: StoredVersion) -> None:
        """Delete one version of an object, for good.

        Raises:
            StoreError: the store refuses, because of a lock or of these keys.
        """
        with self._bucket.explained(f"{version.key} can not be deleted"):
            self._client.delete_object(Bucket=self.bucket, Key=version.key, VersionId=version.version)

    def lock(self, version: StoredVersion) -> str | None:
        """Return what holds a version, for people; None where nothing does, or does any more."""
        if version.marker:
            return None
        with self._bucket.explained(f"{version.key} can not be looked at"):
            which = version_of(None if version.version == "null" else version.version)
            answer = self._client.head_object(Bucket=self.bucket, Key=version.key, **which)
        if answer.get("ObjectLockLegalHoldStatus") == "ON":
            return "under legal hold"
        until = answer.get("ObjectLockRetainUntilDate")
        return f"locked until {until:%Y-%m-%d %H:%M:%S} UTC" if until and until > datetime.now(UTC) else None

    def download(self, stored: StoredObject) -> AbstractContextManager[Download]:
        """Open an object for reading as a stream."""
        return self._bucket.download(stored)

    def upload(self, key: str) -> "AbstractContextManager[Upload[CompletedPartTypeDef]]":
        """Open a new `key` for writing as a stream: it exists once the block ends without an error, or not at all.

        Raises:
            ConflictError: the key is taken.
        """
        return writing.upload(self._bucket, key)

    def open_uploads(self, start: str) -> list[tuple[str, str, datetime]]:
        """Return key, id and start of each unfinished upload whose key begins with `start`."""
        with self._bucket.explained(f"unfinished uploads of {start}* can not be listed"):
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
            with self._bucket.explained(f"the unfinished upload of {key} can not be aborted"):
                self._client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload_id)
        return len(found)
