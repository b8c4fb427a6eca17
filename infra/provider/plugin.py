"""pgstack's resource types, in one list."""

from infra.plugin import Plugin, serve
from infra.provider.local.service import Service
from infra.provider.postgres.schema import Schema
from infra.provider.postgres.seed import Seed
from infra.provider.postgres.verification import Verification
from infra.provider.random.password import Password
from infra.provider.s3.bucket import Bucket
from infra.provider.s3.recent_backup import RecentBackup

VERSION = "0.1.0"


def main() -> None:
    """Serve the provider to the engine that started this process."""
    serve(
        Plugin("pgstack", VERSION, [Service(), Schema(), Seed(), Verification(), Bucket(), RecentBackup(), Password()])
    )
