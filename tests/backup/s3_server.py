"""The object store of the tests: SeaweedFS as a stack runs it, or one that is given."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import boto3
import pytest
from botocore.config import Config

from infra import store_policies
from infra.embedded.object_store import ObjectStore
from infra.store_identities import Identity

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BUCKET = "backup-tests"
GIVEN_STORE = "AGENT_ECOSYSTEM_TEST_STORE"
"""Names a store to run on instead of one of our own: its URL with the keys of somebody who may do everything there, and
no bucket of the tests."""


@dataclass(frozen=True)
class S3Server:
    """A running store, its administrator, and a client of his.

    Args:
        own: what runs it; None where it was given (`GIVEN_STORE`).
    """

    own: ObjectStore | None
    endpoint: str
    identity: Identity
    client: "S3Client"

    @property
    def store(self) -> ObjectStore:
        """Return what runs it; skips a test that asks for this of a store that was given."""
        if self.own is None:
            pytest.skip(f"this needs a store of our own, to configure or stop: {GIVEN_STORE} names another")
        return self.own

    def keys(self, name: str) -> Identity:
        """Return who else may call it: in a store that was given its administrator is all there is."""
        return self.own.identities()[name] if self.own else self.identity


def client_of(endpoint: str, identity: Identity) -> "S3Client":
    """Return a client of the store as one of those who may call it."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=identity.access_key,
        aws_secret_access_key=identity.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )


@contextmanager
def running_store(bucket: str) -> Iterator[S3Server]:
    """Run a store of which the job and its pruner may use `bucket`, as a stack's."""
    if GIVEN_STORE in os.environ:
        pytest.skip(f"this needs a store of its own: {GIVEN_STORE} names another")
    folder = Path(tempfile.mkdtemp(prefix="ae-s3-"))
    store = ObjectStore(folder / "store")
    try:
        identity = store.init(store_policies.identities(bucket))
        endpoint = f"http://127.0.0.1:{store.start().s3}"
        yield S3Server(store, endpoint, identity, client_of(endpoint, identity))
    finally:
        store.remove()
        shutil.rmtree(folder, ignore_errors=True)


def given_store(url: str) -> S3Server:
    """Return the store at a URL such as `http://access:secret@127.0.0.1:7070`."""
    parts = urlsplit(url)
    endpoint = f"{parts.scheme}://{parts.hostname}:{parts.port}"
    identity = Identity("given", unquote(parts.username or ""), unquote(parts.password or ""))
    return S3Server(None, endpoint, identity, client_of(endpoint, identity))
