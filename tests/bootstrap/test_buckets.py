"""Whether a stack's bucket is gone is the store's word alone: no answer is none."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.backup.conftest import s3_server
from tests.backup.s3_server import BUCKET, S3Server
from tools.bootstrap import buckets

__all__ = ["s3_server"]


def secret(value: str) -> dict[str, str]:
    """Return what `pulumi stack export --show-secrets` writes for a secret."""
    mark = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
    return {**mark, "plaintext": json.dumps(value)}


def export(server: S3Server, **changed: Any) -> dict[str, Any]:
    inputs = {
        "endpoint": server.endpoint,
        "region": "us-east-1",
        "accessKey": server.identity.access_key,
        "secretKey": secret(server.identity.secret_key),
        "bucket": "no-such-bucket",
        **changed,
    }
    entries = [
        {"urn": "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev", "type": "pulumi:pulumi:Stack"},
        {"urn": "urn:pulumi:dev::p::pgstack:s3:Bucket::b", "type": buckets.BUCKET, "id": "b", "inputs": inputs},
    ]
    return {"deployment": {"resources": entries}}


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_only_a_bucket_that_the_store_has_not_is_gone(s3_server: S3Server, silent: str) -> None:
    state = export(s3_server)
    assert buckets.gone(state) == state["deployment"]["resources"][1]
    assert buckets.gone(export(s3_server, bucket=BUCKET)) is None
    for unknown in (
        {"secretKey": secret("another")},
        {"endpoint": "http://127.0.0.1:9"},
        {"endpoint": silent},
        {"endpoint": "no URL"},
    ):
        assert buckets.gone(export(s3_server, **unknown)) is None


def test_a_stack_without_a_bucket_has_lost_none(s3_server: S3Server) -> None:
    assert buckets.gone({"deployment": {}}) is None
    state = export(s3_server)
    del state["deployment"]["resources"][1]["id"]
    assert buckets.gone(state) is None
