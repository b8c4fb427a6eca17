"""A Service of kind postgresql: made, adopted, brought back, taken away."""

import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from infra.embedded.account import service_account
from infra.embedded.ports import free_port
from infra.plugin import UNKNOWN, Secret
from tests.provider.pgstack.conftest import Manage
from tests.provider.pgstack.driver import Managed, ended
from tests.provider.plugin_client import PluginError
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def inputs(state_folder: Path) -> dict[str, Any]:
    return {"kind": "postgresql", "folder": str(state_folder / "postgres"), "settings": {"work_mem": "5MB"}}


@pytest.fixture(scope="module")
def made(manage: Manage, inputs: dict[str, Any]) -> Managed:
    service = manage("local:Service", "postgres")
    service.create(**inputs)
    with connected(service) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    return service


@pytest.fixture
def service(made: Managed, inputs: dict[str, Any]) -> Managed:
    """Give the service as it runs, whatever the test before did to it."""
    if made.diff(**inputs).changes:
        made.update(**inputs)
    return made


def connected(service: Managed, **others: Any) -> psycopg.Connection[Any]:
    login = {"password": service["credentials"]["password"], **others}
    return psycopg.connect(
        host="127.0.0.1", port=service["port"], user=service["credentials"]["user"], dbname="postgres", **login
    )


def answer(service: Managed) -> Any:
    with connected(service) as connection:
        row = connection.execute("SELECT answer FROM kept").fetchone()
        return row and row[0]


def server(service: Managed) -> psutil.Process:
    lock = Path(service["folder"]) / "data" / "postmaster.pid"
    return psutil.Process(int(lock.read_text().splitlines()[0]))


def kill(service: Managed) -> None:
    process = server(service)
    family = [process, *process.children(recursive=True)]
    for member in family:
        member.kill()
    wait_until(lambda: all(map(ended, family)), "all its processes end")


def test_a_preview_makes_nothing(manage: Manage, inputs: dict[str, Any], state_folder: Path) -> None:
    folder = state_folder / "never"
    outputs = manage("local:Service", "never").preview_create(**{**inputs, "folder": str(folder)})
    assert (outputs["port"], outputs["credentials"]) == (UNKNOWN, Secret(UNKNOWN))
    assert not folder.exists()


def test_clients_enter_with_the_output_password_by_scram_only(service: Managed) -> None:
    with connected(service, require_auth="scram-sha-256") as connection:
        assert connection.info.user == "postgres"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connected(service, password="another")


def test_it_runs_as_an_account_that_is_not_root(service: Managed) -> None:
    process = server(service)
    assert process.uids().real == service_account().uid != 0
    password = service["credentials"]["password"]
    assert password not in " ".join(process.cmdline())
    assert not any(connection.laddr.ip != "127.0.0.1" for connection in process.net_connections("tcp"))


def test_the_password_is_a_secret_wherever_it_is_said(service: Managed) -> None:
    assert isinstance(service.state["credentials"], Secret)
    said = f"{service.state} {service.inputs} {service.logs()}"  # a Secret shows itself as such
    assert service["credentials"]["password"] not in said


def test_settings_are_applied_and_a_change_restarts(service: Managed, inputs: dict[str, Any]) -> None:
    changed = {**inputs, "settings": {"work_mem": "7MB"}}
    port = service["port"]
    assert service.diff(**changed).changes == {"settings.work_mem": "UPDATE"}
    service.update(**changed)
    with connected(service) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("7MB",)
    assert service["port"] == port


def test_what_the_process_does_not_feel_does_not_restart_it(service: Managed, inputs: dict[str, Any]) -> None:
    before = server(service).pid
    service.update(**inputs, patience=61)
    assert server(service).pid == before


def test_a_rotation_gives_the_running_server_another_password(service: Managed, inputs: dict[str, Any]) -> None:
    before, process = service["credentials"]["password"], server(service).pid
    rotated = {**inputs, "rotation": "2"}
    assert service.preview_update(**rotated)["credentials"] == Secret(UNKNOWN)
    service.update(**rotated)
    assert server(service).pid == process
    assert answer(service) == 42
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connected(service, password=before)
    assert before != service["credentials"]["password"]
    assert service.diff(**rotated).changes == {}


@pytest.mark.parametrize("set_already", [True, False])
def test_an_interrupted_rotation_leaves_the_password_that_is_in_force(
    service: Managed, inputs: dict[str, Any], *, set_already: bool
) -> None:
    begun = Path(service["folder"]) / "superuser.password.next"
    password = f"begun-by-another-run-{set_already}"
    begun.write_text(password)
    if set_already:
        with connected(service) as connection:
            connection.execute(f"ALTER ROLE postgres PASSWORD '{password}'")
    service.update(**inputs)
    assert answer(service) == 42
    assert (service["credentials"]["password"] == password) is set_already
    assert not begun.exists()


@pytest.mark.parametrize("name", ["port", "listen_addresses"])
def test_who_can_reach_it_is_no_setting(manage: Manage, inputs: dict[str, Any], name: str) -> None:
    failures = manage("local:Service").failures(**{**inputs, "settings": {name: "*"}})
    assert name in failures["folder"]


def test_a_killed_server_shows_and_comes_back_with_its_data(service: Managed, inputs: dict[str, Any]) -> None:
    before = (service["port"], service["credentials"])
    kill(service)
    assert service.diff(**inputs).changes == {"running": "UPDATE"}
    assert service.refresh()
    assert service["running"] is False
    service.update(**inputs)
    assert service["running"] is True
    assert (service["port"], service["credentials"]) == before
    assert answer(service) == 42
    assert service.diff(**inputs).changes == {}


def test_a_lock_that_names_another_program_does_not_keep_it_down(service: Managed, inputs: dict[str, Any]) -> None:
    kill(service)
    with subprocess.Popen(["sleep", "600"], cwd="/", **service_account().process_options()) as stranger:
        try:
            lock = Path(service["folder"]) / "data" / "postmaster.pid"
            lock.write_text("\n".join([str(stranger.pid), *lock.read_text().splitlines()[1:2], "1", ""]))
            assert service.diff(**inputs).changes == {"running": "UPDATE"}
            service.update(**inputs)
            assert answer(service) == 42
            assert stranger.poll() is None
        finally:
            stranger.kill()


@pytest.mark.parametrize("running", [True, False])
def test_a_create_over_existing_data_adopts(
    service: Managed, manage: Manage, inputs: dict[str, Any], *, running: bool
) -> None:
    if not running:
        kill(service)
    again = manage("local:Service", "postgres")
    again.create(**inputs)
    assert again["credentials"] == service["credentials"]
    assert again["port"] == service["port"]
    assert answer(again) == 42
    adopted = [text for _, text in again.logs() if text.startswith("adopting what is already in")][-1]
    assert adopted.startswith(f"adopting what is already in {inputs['folder']}; ")
    assert adopted.endswith(": make recover")


def test_an_adopted_server_gets_the_port_and_settings_asked_for(
    service: Managed, manage: Manage, inputs: dict[str, Any]
) -> None:
    again = manage("local:Service", "postgres")
    port = free_port()
    again.create(**{**inputs, "port": port, "settings": {"work_mem": "9MB"}})
    assert again["port"] == port
    with connected(again) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("9MB",)
    service.state, service.inputs = again.state, again.inputs


def test_a_taken_port_is_refused_with_the_program_that_has_it(
    manage: Manage, inputs: dict[str, Any], state_folder: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        fresh = manage("local:Service", "fresh")
        failures = fresh.failures(**{**inputs, "folder": str(state_folder / "fresh"), "port": port})
    assert list(failures) == ["port"]
    assert str(port) in failures["port"]
    assert f"{psutil.Process().name()} (process {os.getpid()})" in failures["port"]


def test_a_move_to_another_folder_may_keep_the_port(
    service: Managed, inputs: dict[str, Any], state_folder: Path
) -> None:
    fixed = {**inputs, "port": service["port"]}
    service.update(**fixed)
    diff = service.diff(**{**fixed, "folder": str(state_folder / "elsewhere")})
    assert diff.changes == {"folder": "UPDATE_REPLACE"}
    assert diff.delete_first


@pytest.mark.usefixtures("service")
def test_a_lost_password_file_is_an_error_and_no_new_password(manage: Manage, inputs: dict[str, Any]) -> None:
    file = Path(inputs["folder"]) / "superuser.password"
    aside = file.rename(file.with_name("aside"))
    try:
        with pytest.raises(PluginError, match=r"password file superuser\.password is gone"):
            manage("local:Service", "postgres").create(**inputs)
        assert not file.exists()
    finally:
        aside.rename(file)


def test_deleting_may_keep_the_data_and_else_leaves_nothing(
    made: Managed, manage: Manage, inputs: dict[str, Any]
) -> None:
    folder = Path(inputs["folder"])
    made.update(**inputs, keepData=True)
    process = server(made)
    made.delete()
    assert ended(process)
    assert (folder / "data" / "PG_VERSION").exists()

    again = manage("local:Service", "postgres")
    again.create(**inputs)
    assert answer(again) == 42
    process = server(again)
    again.delete()
    again.delete()  # of what is gone: no error
    assert ended(process)
    assert not folder.exists()
    assert not again.refresh()


def test_an_interrupted_create_is_finished(manage: Manage, inputs: dict[str, Any], state_folder: Path) -> None:
    """Between its password and its data directory, and half way through the latter."""
    folder = state_folder / "interrupted"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "half").touch()
    (folder / "superuser.password").write_text("written-before")
    service = manage("local:Service", "interrupted")
    service.create(**{**inputs, "folder": str(folder)})
    assert service["credentials"] == {"user": "postgres", "password": "written-before"}
    with connected(service):
        pass
    service.delete()
    assert not folder.exists()


def test_a_bad_setting_stops_with_the_servers_own_words(
    manage: Manage, inputs: dict[str, Any], state_folder: Path
) -> None:
    folder = state_folder / "misspelt"
    service = manage("local:Service", "misspelt")
    with pytest.raises(PluginError, match='unrecognized configuration parameter "work_memory"'):
        service.create(**{**inputs, "folder": str(folder), "settings": {"work_memory": "5MB"}})
    service.create(**{**inputs, "folder": str(folder)})  # the way out is the obvious one
    service.delete()
