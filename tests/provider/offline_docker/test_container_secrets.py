"""What must not be seen of a container: the contents of its files, and an environment that was marked secret."""

from typing import Any

import docker
import pytest

from infra.plugin import Secret
from tests.provider.offline_docker.driver import Driver
from tests.provider.plugin_client import PluginError

BASE = "debian:trixie-slim"
PASSWORD = "correct-horse-4711"


def wanted(name: str, **others: object) -> dict[str, Any]:
    return {"name": name, "image": BASE, "command": ["sleep", "600"], "init": True, **others}


def test_a_file_arrives_with_its_mode_and_owner(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    files = [
        {
            "file": "/run/secrets/password",
            "content": Secret(PASSWORD),
            "permissions": "0400",
            "owner": "999",
            "group": "998",
        },
        {"file": "/tool", "contentBase64": "ZWNobyBoaQ==", "executable": True},
        {"file": "/plain", "source": __file__},
    ]
    driver.resource("Container").create(**wanted(name, uploads=files))
    inside = engine.containers.get(name)
    assert inside.exec_run(["cat", "/run/secrets/password"]).output == PASSWORD.encode()
    listed = inside.exec_run(["stat", "-c", "%a %u %g", "/run/secrets/password", "/tool", "/plain"]).output
    assert listed == b"400 999 998\n744 0 0\n644 0 0\n"


def test_files_and_environment_stay_secret_in_the_state(driver: Driver, name: str) -> None:
    files, envs = [{"file": "/password", "content": Secret(PASSWORD)}], [Secret(f"PASSWORD={PASSWORD}"), "COLOUR=red"]
    container = driver.resource("Container")
    state = container.create(**wanted(name, uploads=files, envs=envs))
    for kept in (container.inputs, state):
        assert isinstance(kept["uploads"], Secret)
        assert isinstance(kept["envs"], Secret)
        assert PASSWORD not in str(kept)
    assert container.diff(**wanted(name, uploads=files, envs=envs)).changes == {}
    assert container.refresh()
    assert isinstance(container.state["uploads"], Secret)
    assert PASSWORD not in f"{container.state} {container.inputs}"
    assert container.diff(**wanted(name, uploads=files, envs=envs)).changes == {}


def test_no_error_shows_them(driver: Driver, name: str) -> None:
    for broken in (
        {"envs": [Secret(f"PASSWORD={PASSWORD}")], "command": [f"/bin/{PASSWORD}"]},
        {"uploads": [{"file": "/x", "content": Secret(PASSWORD)}], "command": [f"/bin/{PASSWORD}"]},
    ):
        with pytest.raises(PluginError) as refused:
            driver.resource("Container").create(**{**wanted(name), "init": False, **broken})
        assert "[secret]" in refused.value.message
        assert PASSWORD not in refused.value.message


def test_a_file_that_can_not_be_read_is_named(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    with pytest.raises(PluginError, match=r"^/x can not be uploaded from /no/such/file: No such file or directory$"):
        driver.resource("Container").create(**wanted(name, uploads=[{"file": "/x", "source": "/no/such/file"}]))
    with pytest.raises(PluginError, match=r"^the content of /x is not base64$"):
        driver.resource("Container").create(**wanted(name, uploads=[{"file": "/x", "contentBase64": "%"}]))
    assert engine.containers.list(all=True, filters={"name": name}) == []
