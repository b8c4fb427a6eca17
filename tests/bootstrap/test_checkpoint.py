"""A state that a killed engine left half written."""

import json
from pathlib import Path

import pytest

from tools.bootstrap.checkpoint import recover_checkpoint


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / ".pulumi" / "stacks" / "project"
    folder.mkdir(parents=True)
    for name, content in (("dev.json", {"now": 1}), ("dev.json.bak", {"before": 1})):
        (folder / name).write_text(json.dumps(content))
        (folder / f"{name}.attrs").write_text("{}")
    return folder / "dev.json"


def recover(tmp_path: Path) -> None:
    recover_checkpoint(tmp_path.as_uri(), "project", "dev")


def test_a_sound_state_is_left_alone(tmp_path: Path, state: Path) -> None:
    recover(tmp_path)
    assert json.loads(state.read_text()) == {"now": 1}
    assert state.with_name("dev.json.attrs").exists()


def test_empty_attributes_are_dropped(tmp_path: Path, state: Path) -> None:
    state.with_name("dev.json.attrs").write_text("")
    recover(tmp_path)
    assert not state.with_name("dev.json.attrs").exists()
    assert json.loads(state.read_text()) == {"now": 1}


@pytest.mark.parametrize("torn", ["", '{"now": '])
def test_a_torn_state_gives_way_to_the_one_before(tmp_path: Path, state: Path, torn: str) -> None:
    state.write_text(torn)
    recover(tmp_path)
    assert json.loads(state.read_text()) == {"before": 1}


def test_without_a_sound_one_before_nothing_is_touched(tmp_path: Path, state: Path) -> None:
    state.write_text("")
    state.with_name("dev.json.bak").write_text("")
    recover(tmp_path)
    assert state.read_text() == ""


def test_other_backends_are_not_ours_to_mend() -> None:
    recover_checkpoint("s3://bucket", "project", "dev")
