"""pgstack's resource types, in one list."""

from typing import Any

from infra.plugin import Plugin, Resource, serve
from infra.provider.local.port import Port
from infra.provider.local.service import Service
from infra.provider.postgres.maintenance import Maintenance
from infra.provider.postgres.preflight import Preflight
from infra.provider.postgres.preparation import Preparation
from infra.provider.postgres.schema import Schema
from infra.provider.postgres.seed import Seed
from infra.provider.postgres.verification import Verification
from infra.provider.random.password import Password
from infra.provider.s3.bucket import Bucket
from infra.provider.s3.recent_backup import RecentBackup
from infra.provider.tls.seal import Seal

VERSION = "0.1.0"
RESOURCES: list[Resource[Any]] = [
    *(Service(), Port()),
    *(Preflight(), Preparation(), Schema(), Seed(), Verification(), Maintenance()),
    *(Bucket(), RecentBackup()),
    *(Password(), Seal()),
]


def main() -> None:
    """Serve the provider to the engine that started this process."""
    serve(Plugin("pgstack", VERSION, RESOURCES))
