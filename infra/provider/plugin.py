"""pgstack's resource types, in one list."""

from typing import Any

from infra.plugin import Plugin, Resource, serve
from infra.provider.local.service import Service
from infra.provider.postgres.preflight import Preflight
from infra.provider.postgres.preparation import Preparation
from infra.provider.postgres.schema import Schema
from infra.provider.postgres.seed import Seed
from infra.provider.postgres.verification import Verification
from infra.provider.random.password import Password
from infra.provider.s3.bucket import Bucket
from infra.provider.s3.recent_backup import RecentBackup

VERSION = "0.1.0"


def main() -> None:
    """Serve the provider to the engine that started this process."""
    postgres: list[Resource[Any]] = [Preflight(), Preparation(), Schema(), Seed(), Verification()]
    serve(Plugin("pgstack", VERSION, [Service(), *postgres, Bucket(), RecentBackup(), Password()]))
