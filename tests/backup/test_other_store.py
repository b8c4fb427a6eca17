"""The job on a store of another make: what it asks is S3, not SeaweedFS."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backup import versitygw
from tests.backup.s3_server import GIVEN_STORE
from tests.full_run import in_full
from tests.versions.run_on import run_apart
from tools.bootstrap.failure import SetupError

pytestmark = in_full

FOLDER = Path("tests/backup")
OF_SEAWEEDFS = (
    "test_object_store.py",
    "test_refusals.py::test_a_wrong_setting_is_told_by_its_consequence[change1-correct s3_access_key]",
)
"""How the embedded store is kept; and a word for a key that nobody has, of which versitygw has one of its own."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        program = versitygw.build()
    except (SetupError, subprocess.CalledProcessError) as reason:
        pytest.skip(f"versitygw can not be built: {reason}")
    with versitygw.running(program, tmp_path_factory.mktemp("versitygw")) as url:
        yield url


def test_backups_on_versitygw(gateway: str, tmp_path: Path) -> None:
    left_out = [f"--deselect={FOLDER / test}" for test in OF_SEAWEEDFS]
    run_apart([str(FOLDER), *left_out], tmp_path, **{GIVEN_STORE: gateway})
