"""`make backup` and `make restore` find the job of the stack they are given."""

import os
import sys
from pathlib import Path

import pytest

from infra import job_command
from infra.backup_job import command_line
from infra.targets.docker import job_in_container
from infra.targets.docker.job_in_container import Addresses, goes_elsewhere, passed_on
from tools.docker_engine import connection

OUTSIDE = "postgresql://postgres:p%40ss@127.0.0.1:15432/postgres"
INSIDE = "postgresql://postgres:p%40ss@postgres:5432/postgres"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: p")
    monkeypatch.setattr(job_command, "PROJECT_FOLDER", tmp_path)
    monkeypatch.delenv("BACKUP_CONFIG", raising=False)
    return tmp_path


@pytest.mark.parametrize("target", ["embedded", "external"])
def test_a_local_job_is_asked_with_its_stacks_file(project: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    written = f"p:target: {target}\n  p:stateFolder: {project}\n  p:databaseUrl:\n    secure: v1:x\n"
    (project / "Pulumi.other.yaml").write_text(f"config:\n  {written}")
    monkeypatch.setenv("AGENT_ECOSYSTEM_STACK", "other")
    monkeypatch.setattr(command_line, "main", lambda _: 7)
    assert job_command.main(["status"]) == 7
    assert os.environ.pop("BACKUP_CONFIG") == f"{project}/other/backup/job.json"


def test_a_job_in_a_container_is_asked_there(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "Pulumi.docker.yaml").write_text("config:\n  p:target: docker\n")
    monkeypatch.setenv("AGENT_ECOSYSTEM_STACK", "docker")
    monkeypatch.setattr(job_in_container, "run_inside", lambda stack, arguments: (stack, arguments))
    monkeypatch.setattr(sys, "argv", ["job_command", "list", "--json"])
    assert job_command.main() == ("docker", ["list", "--json"])  # type: ignore[comparison-overlap]


def test_a_stack_that_is_not_up_has_no_container_to_ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if reason := connection.why_none():  # any engine does: unlike the fixture, this wants no images
        pytest.skip(reason)
    monkeypatch.setenv("DOCKER_HOST", connection.address())
    assert job_in_container.run_inside("never-made", ["status"]) == 1
    said = capsys.readouterr().err
    assert said == "error: stack never-made has no backup container: `make up STACK=never-made` makes it\n"


def test_an_unknown_target_is_one_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "Pulumi.dev.yaml").write_text("config:\n  p:target: cloud\n")
    assert job_command.main(["status"]) == 1
    assert "configuration key p:target = 'cloud'" in capsys.readouterr().err


def test_addresses_are_those_of_whoever_reads_them() -> None:
    addresses = Addresses(OUTSIDE)
    assert addresses.inwards(OUTSIDE) == INSIDE
    assert addresses.outwards(f"restored: {INSIDE}\n") == f"restored: {OUTSIDE}\n"
    elsewhere = "postgresql://postgres@db.example:5432/postgres"
    assert addresses.inwards(elsewhere) == addresses.outwards(elsewhere) == elsewhere


def test_without_a_server_nothing_is_rewritten() -> None:
    assert Addresses(None).outwards(INSIDE) == INSIDE


@pytest.mark.parametrize(
    ("arguments", "elsewhere"),
    [
        ("restore", False),
        ("restore --at 20261124_212101", False),
        ("restore --into ecosystem --force", False),
        ("restore --into postgresql://postgres@127.0.0.1:15432/by_url", False),
        ("restore --into postgresql://postgres@127.0.0.1:15433/ecosystem --force", True),
        ("restore --force --into=postgresql://postgres@db.example/ecosystem", True),
    ],
)
def test_a_restore_into_another_server_leaves_the_stacks_networks(arguments: str, elsewhere: bool) -> None:
    assert goes_elsewhere(arguments.split(), Addresses(OUTSIDE)) is elsewhere


def test_a_file_of_private_keys_reaches_the_container_as_a_variable(tmp_path: Path) -> None:
    file = tmp_path / "key.txt"
    file.write_text("AGE-SECRET-KEY-1X\n")
    file.chmod(0o600)
    given = {"BACKUP_ENCRYPTION_IDENTITY_FILE": str(file), "PGPASSWORD": "pw", "HOME": "/"}
    assert passed_on(given) == {"BACKUP_ENCRYPTION_IDENTITY": "AGE-SECRET-KEY-1X\n", "PGPASSWORD": "pw"}
    both = passed_on({**given, "BACKUP_ENCRYPTION_IDENTITY": "AGE-SECRET-KEY-1Y"})
    assert both["BACKUP_ENCRYPTION_IDENTITY"] == "AGE-SECRET-KEY-1Y\nAGE-SECRET-KEY-1X\n"


def test_a_file_of_private_keys_that_others_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "key.txt"
    file.write_text("AGE-SECRET-KEY-1X\n")
    file.chmod(0o640)
    monkeypatch.setenv("BACKUP_ENCRYPTION_IDENTITY_FILE", str(file))
    assert job_in_container.run_inside("dev", ["verify"]) == 1
    said = capsys.readouterr().err
    assert said == f"error: {file} holds private keys and has mode 0640: run `chmod 600 {file}`\n"
