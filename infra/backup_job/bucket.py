"""The way to an S3 bucket: who asks, how long an answer may take, streams out of it, its refusals in plain words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypedDict

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from urllib3.exceptions import HTTPError

from infra.backup_job.errors import ConflictError, NotFoundError, StoreError
from infra.backup_job.manifest import StoredObject
from infra.backup_job.store_settings import StoreSettings
from infra.backup_job.streams import Download

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ADVICE = {
    "InvalidAccessKeyId": "correct {named}_access_key",
    "SignatureDoesNotMatch": "correct {named}_secret_key",
    "AccessDenied": "this key may not do that there: correct {named}_bucket, the key, or its policy",
    "403": "correct {named}_access_key and {named}_secret_key, or what their policy allows",
    "ExpiredToken": "renew the credentials of the surroundings, or set {named}_access_key and {named}_secret_key",
    "NoSuchBucket": "create the bucket{made} or correct {named}_bucket",
    "InternalError": "the store itself failed: look at its log and its disk",
}
"""`named` is how the settings of the bucket begin. The answer to a HEAD has no body: all it says is 403."""
MADE = {"s3": " (`make up` does)", "second": ", which is yours to make,"}
"""Who makes the bucket."""

HURRY = 10.0
"""Seconds."""


class Version(TypedDict, total=False):
    """Which version of an object; empty: the newest."""

    VersionId: str


class Bucket:
    """The bucket of `settings`; `hurried` gives a store that does not answer up in seconds."""

    def __init__(self, settings: StoreSettings, *, hurried: bool = False) -> None:
        self.name = settings.s3_bucket
        self.endpoint = settings.s3_endpoint or "AWS"
        self._named = settings.store_named
        access_key, secret_key = settings.s3_access_key, settings.s3_secret_key
        self.client: S3Client = boto3.client(
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
                read_timeout=min(HURRY, settings.store_timeout_seconds) if hurried else settings.store_timeout_seconds,
                request_checksum_calculation="when_supported",
                response_checksum_validation="when_supported",
            ),
        )

    @contextmanager
    def explained(self, what: str) -> Iterator[None]:
        """Turn what the store says against the block into a StoreError.

        Args:
            what: what can not be done then.

        Raises:
            NotFoundError: there is no such object.
            ConflictError: the condition of a write does not hold.
            StoreError: the store refuses otherwise, or does not answer.
        """
        where = f"bucket {self.name} at {self.endpoint}"
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

    @contextmanager
    def download(self, stored: StoredObject) -> Iterator[Download]:
        """Open an object for reading as a stream."""
        key = stored.key
        with self.explained(f"{key} can not be read"):
            body = self.client.get_object(Bucket=self.name, Key=key, **version_of(stored.version))["Body"]

        def read(size: int) -> bytes:
            with self.explained(f"{key} can not be read to its end"):
                block: bytes = body.read(size)
                return block

        try:
            yield Download(read)
        finally:
            body.close()


def version_of(version: str | None) -> Version:
    """Return what a request says of the version it wants, None: the newest."""
    return {} if version is None else {"VersionId": version}


def _refusal(error: ClientError, what: str, where: str, named: str) -> StoreError:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    message = f"{what} in {where}: {code}: {error.response.get('Error', {}).get('Message', '')}"
    if advice := ADVICE.get(code) or ADVICE.get(str(status)):
        message = f"{message} ({advice.format(named=named, made=MADE[named])})"
    if status == 412 or code == "PreconditionFailed":
        return ConflictError(message)
    return NotFoundError(message) if code in {"NoSuchKey", "404"} else StoreError(message)
