"""The backup job's image installs what the project runs the job on."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PINNED = re.compile(r"^([\w.-]+(?:\[\w+\])?)==(\S+)", re.MULTILINE)


def pins(path: str) -> dict[str, str]:
    return dict(PINNED.findall((ROOT / path).read_text()))


def test_its_packages_are_the_projects_in_the_same_versions() -> None:
    project, image = pins("requirements.txt"), pins("infra/backup_job/requirements.txt")
    shared = project.keys() & image.keys()
    assert shared == {"boto3", "cronsim", "psycopg[binary]", "pydantic", "pyrage", "zstandard"}
    assert {name: image[name] for name in shared} == {name: project[name] for name in shared}


def test_each_of_its_packages_is_pinned() -> None:
    lines = (ROOT / "infra/backup_job/requirements.txt").read_text().splitlines()
    asked = [line for line in lines if line and not line.startswith("#")]
    assert len(asked) == len(pins("infra/backup_job/requirements.txt"))


def test_it_imports_nothing_that_is_not_in_the_image() -> None:
    imports = re.compile(r"^\s*(?:from|import) (infra\.[\w.]+)", re.MULTILINE)
    for file in (ROOT / "infra/backup_job").rglob("*.py"):
        assert all(name.startswith("infra.backup_job") for name in imports.findall(file.read_text())), file
