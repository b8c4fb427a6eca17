"""A Service of kind program: its files, its health, its death and its end."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra.plugin import UNKNOWN, Secret
from tests.provider.pgstack.conftest import PASSPHRASE, Manage
from tests.provider.pgstack.driver import Managed, ended
from tests.provider.plugin_client import PluginError
from tests.waiting import wait_until

SERVICE = """\
printf '{"greeting": "%s", "words": "%s"}' "$GREETING" "$(cat words.txt)" > state.draft
mv state.draft state.json
exec sleep 600
"""
FAMILY = """\
sleep 600 & printf '{"child": %s}' $! > state.draft
mv state.draft state.json
wait
"""
HEALTHY = ["test", "-e", "state.json"]

Inputs = Callable[..., dict[str, Any]]


@pytest.fixture
def inputs(state_folder: Path, request: pytest.FixtureRequest) -> Inputs:
    """Return a function that gives the inputs of a program: a shell script, and what else it needs."""
    folder = state_folder / str(request.node.name)

    def of(script: str, **others: Any) -> dict[str, Any]:
        return {"kind": "program", "folder": str(folder), "command": ["/bin/sh", "-c", script], **others}

    return of


@pytest.fixture
def service(manage: Manage) -> Iterator[Managed]:
    made = manage("local:Service", "program")
    yield made
    if made.id:
        made.delete()


def service_inputs(inputs: Inputs, words: str = "hello") -> dict[str, Any]:
    return inputs(SERVICE, files={"words.txt": Secret(words)}, environment={"GREETING": "hi"}, health=HEALTHY)


def state(service: Managed) -> Any:
    return json.loads((Path(service["folder"]) / "state.json").read_text())


def process(service: Managed) -> psutil.Process:
    return psutil.Process(json.loads((Path(service["folder"]) / "process.json").read_text())["pid"])


def test_a_preview_with_unknown_files_makes_nothing(service: Managed, inputs: Inputs) -> None:
    wanted = inputs(SERVICE, files={"words.txt": UNKNOWN})
    service.preview_create(**wanted)
    assert not Path(wanted["folder"]).exists()


def test_it_gets_its_files_and_environment(service: Managed, inputs: Inputs) -> None:
    service.create(**service_inputs(inputs))
    assert state(service)["words"] == "hello"
    assert state(service)["greeting"] == "hi"
    assert (Path(service["folder"]) / "words.txt").stat().st_mode & 0o777 == 0o600
    assert Path(service["folder"]).stat().st_mode & 0o777 == 0o700
    assert service.diff(**service_inputs(inputs)).changes == {}


def test_pulumis_own_variables_stay_with_pulumi(service: Managed, inputs: Inputs) -> None:
    service.create(**service_inputs(inputs))
    assert PASSPHRASE not in process(service).environ().values()


def test_its_files_are_secret_wherever_they_are_said(service: Managed, inputs: Inputs) -> None:
    service.create(**service_inputs(inputs, "a-word-to-look-for"))
    assert service.refresh()
    assert service["files"] == {"words.txt": "a-word-to-look-for"}
    assert "a-word-to-look-for" not in f"{service.state} {service.inputs} {service.logs()}"


def test_changed_files_restart_it_and_removed_ones_go(service: Managed, inputs: Inputs) -> None:
    service.create(**service_inputs(inputs))
    folder = Path(service["folder"])
    before = process(service)
    (folder / "state.json").unlink()
    changed = service_inputs(inputs, "changed")
    changed["files"]["more.txt"] = "more"
    assert set(service.diff(**changed).changes) == {'files["words.txt"]', 'files["more.txt"]'}
    service.update(**changed)
    assert state(service)["words"] == "changed"
    assert ended(before)
    service.update(**service_inputs(inputs))
    assert not (folder / "more.txt").exists()


def test_killed_it_shows_and_comes_back(service: Managed, inputs: Inputs) -> None:
    service.create(**service_inputs(inputs))
    victim = process(service)
    victim.kill()
    wait_until(lambda: ended(victim), "the program ends")
    assert service.diff(**service_inputs(inputs)).changes == {"running": "UPDATE"}
    service.update(**service_inputs(inputs))
    assert process(service).is_running()
    assert service.diff(**service_inputs(inputs)).changes == {}


def test_its_end_takes_its_children_along(service: Managed, inputs: Inputs) -> None:
    service.create(**inputs(FAMILY, health=HEALTHY))
    family = [process(service), psutil.Process(state(service)["child"])]
    folder = Path(service["folder"])
    service.delete()
    assert all(map(ended, family))
    assert not folder.exists()


def test_a_removed_folder_is_a_service_that_is_gone(service: Managed, inputs: Inputs) -> None:
    service.create(**service_inputs(inputs))
    folder = Path(service["folder"])
    gone = folder.rename(folder.with_name("aside"))
    assert not service.refresh()
    gone.rename(folder)


@pytest.mark.parametrize("health", [None, ["false"]])
def test_death_while_starting_shows_its_last_words(service: Managed, inputs: Inputs, health: list[str] | None) -> None:
    wanted = inputs("echo 'no such database: x'; exit 1", health=health)
    with pytest.raises(PluginError, match="ended while starting; its log says: no such database: x"):
        service.create(**wanted)


@pytest.mark.parametrize("health", [["false"], ["sleep", "600"]])
def test_patience_has_an_end(service: Managed, inputs: Inputs, health: list[str]) -> None:
    wanted = inputs("echo 'warming up'; exec sleep 600", health=health, patience=1)
    with pytest.raises(PluginError, match="not healthy after 1 s; its log says: warming up"):
        service.create(**wanted)
    assert not (Path(wanted["folder"]) / "process.json").exists()


def test_a_health_command_that_is_not_there_stops_it_again(service: Managed, inputs: Inputs) -> None:
    wanted = inputs("exec sleep 600", health=["/no/such/command"])
    with pytest.raises(PluginError, match="/no/such/command: No such file"):
        service.create(**wanted)
    assert not (Path(wanted["folder"]) / "process.json").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"command": []}, "needs a `command`"),
        ({"command": ["/no/such/program"]}, "/no/such/program does not exist"),
        ({"files": {"../outside": "x"}}, "without a folder, not ../outside"),
        ({"folder": "relative"}, "relative is no absolute path"),
    ],
)
def test_what_could_not_run_is_refused_beforehand(
    service: Managed, inputs: Inputs, change: dict[str, Any], words: str
) -> None:
    assert words in service.failures(**{**inputs("true"), **change})["folder"]
