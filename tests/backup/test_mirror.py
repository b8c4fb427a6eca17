"""The schema of each backup on this machine, too: dated files, and a link that is never broken."""

from pathlib import Path

import pytest
from pyrage import x25519

from tests.backup.conftest import Job
from tests.backup.test_damage import body_of
from tests.backup.test_schedule import stopped, until
from tests.conftest import Database

LINK = "latest_schema_backup.sql"


@pytest.fixture
def mirrored(job: Job, tmp_path: Path) -> Path:
    """The folder of the schemas in the mirror of `job`, which is not there yet."""
    job.set(mirror=str(tmp_path / "mirror"))
    return tmp_path / "mirror" / f"{job.values['prefix']}/schema"


def held(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_it_has_every_schema_and_a_link_to_the_newest(job: Job, mirrored: Path, filled: Database) -> None:
    for _ in range(2):
        job.good("run")
    stored = sorted(key for key in job.objects() if key.startswith("schema/distributed_"))
    assert len(stored) == 2
    assert held(mirrored) == [*(key.removeprefix("schema/") for key in stored), LINK]
    for key in stored:
        assert (mirrored.parent / key).read_bytes() == body_of(job, f"{job.values['prefix']}/{key}")
    link = mirrored / LINK
    assert link.is_symlink()
    assert str(link.readlink()) == stored[-1].removeprefix("schema/")
    assert "CREATE TABLE public.secretive" in link.read_text()
    assert filled


def test_it_gets_nothing_that_is_not_proven(job: Job, mirrored: Path, filled: Database) -> None:
    job.good("run")
    before = held(mirrored)
    query = f"SELECT current_database() = '{filled.name}' AS ok, 'it is a copy' AS message"
    job.set(checks={"original.sql": query})
    assert "is no backup, `latest` stays" in job.refused("run", code=3)
    assert held(mirrored) == before


def test_what_a_killed_run_left_is_no_hindrance_and_encryption_takes_the_other_link_away(
    job: Job, mirrored: Path, filled: Database
) -> None:
    job.good("run")
    (mirrored / f".{LINK}.age.partial").symlink_to("nothing")
    identity = x25519.Identity.generate()
    job.set(encryption_recipients=[str(identity.to_public())])
    job.good("run")
    found = held(mirrored)
    assert found[1].endswith(".sql.age")
    assert found == [found[0], found[1], f"{LINK}.age"]
    assert (mirrored / f"{LINK}.age").read_bytes().startswith(b"age-encryption.org/v1\n")
    job.set(encryption_recipients=[])
    job.good("run")
    assert (mirrored / LINK).is_symlink()
    assert not (mirrored / f"{LINK}.age").is_symlink()
    assert filled


def test_where_it_can_not_be_written_the_backup_still_is_the_latest(
    job: Job, mirrored: Path, database: Database
) -> None:
    mirrored.mkdir(parents=True)
    (mirrored / LINK).write_text("somebody's own")
    refusal = job.refused("run")
    stamp = job.manifest().stamp
    assert (
        f"backup {stamp} is proven and the latest in the bucket, its mirror is not: {mirrored / LINK} is no" in refusal
    )
    assert (mirrored / LINK).read_text() == "somebody's own"

    file = mirrored.parent.parent / "file"
    file.touch()
    job.set(mirror=str(file))
    refusal = job.refused("run")
    assert f"{file}" in refusal
    assert "Not a directory: correct its permissions, or mirror" in refusal
    assert job.manifest().stamp > stamp
    assert database


def test_the_schedule_goes_on_after_a_mirror_that_failed(job: Job, mirrored: Path, database: Database) -> None:
    mirrored.mkdir(parents=True)
    (mirrored / LINK).touch()
    process = job.start("schedule")
    events = [line["event"] for line in until(process, "next backup")]
    assert events[-3:] == ["backup is the latest", "mirror failed", "next backup"]
    stopped(process)
    assert database
