"""Fixtures: one store for all tests of a file, since its start takes seconds, and buckets in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from infra.plugin import Secret
from tests.provider.pgstack.conftest import Manage
from tests.provider.pgstack.driver import Managed

WRITERS = 8


@pytest.fixture(scope="module")
def store_inputs(state_folder: Path) -> dict[str, Any]:
    return {"kind": "object-store", "folder": str(state_folder / "object-store")}


@pytest.fixture(scope="module")
def store(manage: Manage, store_inputs: dict[str, Any]) -> Iterator[Managed]:
    service = manage("local:Service", "object-store")
    service.create(**store_inputs)
    yield service
    service.delete()
    assert not Path(store_inputs["folder"]).exists()


@pytest.fixture(scope="module")
def s3(store: Managed) -> Any:
    return client(store)


def client(store: Managed) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{store['port']}",
        region_name="us-east-1",
        aws_access_key_id=store["credentials"]["accessKey"],
        aws_secret_access_key=store["credentials"]["secretKey"],
        config=Config(s3={"addressing_style": "path"}, max_pool_connections=WRITERS),
    )


class Buckets:
    """Makes buckets in the store, each with the name of its test."""

    def __init__(self, manage: Manage, store: Managed):
        self._manage = manage
        self._store = store

    def resource(self, name: str = "backups") -> Managed:
        return self._manage("s3:Bucket", name)

    def inputs(self, bucket: str, **others: Any) -> dict[str, Any]:
        credentials = {name: Secret(value) for name, value in self._store["credentials"].items()}
        endpoint = f"http://127.0.0.1:{self._store['port']}"
        return {"endpoint": endpoint, "bucket": bucket, "forceDestroy": True, **credentials, **others}


@pytest.fixture
def buckets(manage: Manage, store: Managed) -> Buckets:
    return Buckets(manage, store)


def there(s3: Any, bucket: str) -> bool:
    return bucket in [entry["Name"] for entry in s3.list_buckets()["Buckets"]]
