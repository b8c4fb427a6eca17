"""The schema of this project passes its own proof: an `up` ends with a first backup."""

from pathlib import Path

from tests.backup.conftest import Job
from tests.conftest import Database
from tests.schema.ecosystem.conftest import apply_schema, apply_seeds

CHECKS = sorted((Path(__file__).parents[2] / "sql" / "verify").glob("*.sql"))


def test_the_ecosystem_is_proven_with_its_own_checks(job: Job, database: Database) -> None:
    apply_schema(database.owner_url)
    apply_seeds(database.owner_url)
    job.set(checks={file.name: file.read_text() for file in CHECKS})
    job.good("run")
    pointer = job.latest()
    assert pointer is not None
    assert pointer.proof.method == "restore"
    assert pointer.proof.checks >= 5
