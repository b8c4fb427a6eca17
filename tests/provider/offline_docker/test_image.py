"""`docker.Image` through the protocol: built by a real engine's classic builder."""

from pathlib import Path

import docker
import docker.errors
import pytest

from infra.plugin import UNKNOWN, Secret
from tests.provider.offline_docker.conftest import MADE_BY
from tests.provider.offline_docker.driver import Driver
from tests.provider.plugin_client import PluginError

DOCKERFILE = """
FROM debian:trixie-slim AS base
LABEL {label}
ARG GREETING=hello
COPY greeting.sh /greeting.sh
RUN echo "$GREETING" > /greeting
FROM base AS last
LABEL last=yes
"""


@pytest.fixture
def sources(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE.format(label=f"{MADE_BY}={name}"))
    (folder / "greeting.sh").write_text("cat /greeting\n")
    (folder / ".dockerignore").write_text("notes\n*.log\n")
    (folder / "notes").mkdir()
    (folder / "notes" / "today").write_text("nothing")
    return folder


def wanted(name: str, sources: Path, **build: object) -> dict[str, object]:
    return {
        "imageName": f"{name}:1",
        "skipPush": True,
        "build": {"context": str(sources), "platform": "linux/amd64", **build},
    }


def said(engine: docker.DockerClient, image: str) -> str:
    output: bytes = engine.containers.run(image, ["cat", "/greeting"], remove=True)
    return output.decode().strip()


def test_it_is_built(driver: Driver, engine: docker.DockerClient, name: str, sources: Path) -> None:
    image = driver.resource("Image")
    state = image.create(**wanted(name, sources))
    built = engine.images.get(f"{name}:1")
    assert (image.id, state["repoDigest"]) == (f"{name}:1", built.id)
    assert (state["imageName"], state["baseImageName"], state["dockerfile"]) == (f"{name}:1", f"{name}:1", "Dockerfile")
    assert built.labels["last"] == "yes"
    assert said(engine, f"{name}:1") == "hello"
    image.delete()  # stays in the engine, as with the official plugin
    assert engine.images.get(f"{name}:1").id == built.id


def test_only_a_changed_source_builds_again(
    driver: Driver, engine: docker.DockerClient, name: str, sources: Path
) -> None:
    image = driver.resource("Image")
    before = image.create(**wanted(name, sources))["repoDigest"]
    assert image.diff(**wanted(name, sources)).changes == {}
    (sources / "notes" / "tomorrow").write_text("ignored, too")
    (sources / "build.log").write_text("ignored")
    (sources / "greeting.sh").touch()
    assert image.diff(**wanted(name, sources)).changes == {}
    script = sources / "greeting.sh"
    for change, undo in (
        (lambda: script.chmod(0o755), lambda: script.chmod(0o644)),
        (lambda: script.rename(sources / "other.sh"), lambda: (sources / "other.sh").rename(script)),
        (lambda: script.write_text("cat /greeting /greeting\n"), lambda: None),
    ):
        change()
        changed = image.diff(**wanted(name, sources))
        assert (changed.changes, changed.replaces) == ({"build.contextDigest": "UPDATE"}, [])
        undo()
    after = image.update(**wanted(name, sources))["repoDigest"]
    assert after == engine.images.get(f"{name}:1").id != before
    assert image.diff(**wanted(name, sources)).changes == {}
    engine.images.remove(before, force=True)


def test_arguments_and_target(driver: Driver, engine: docker.DockerClient, name: str, sources: Path) -> None:
    image = driver.resource("Image")
    image.create(**wanted(name, sources, args={"GREETING": "good day"}, target="base"))
    assert said(engine, f"{name}:1") == "good day"
    assert "last" not in engine.images.get(f"{name}:1").labels
    assert image.diff(**wanted(name, sources, args={"GREETING": "hi"}, target="base")).changes == {
        "build.args.GREETING": "UPDATE"
    }


def test_a_dockerfile_outside_of_the_context(
    driver: Driver, engine: docker.DockerClient, name: str, sources: Path
) -> None:
    (sources / "Dockerfile").rename(sources.parent / "job.Dockerfile")
    image = driver.resource("Image")
    state = image.create(**wanted(name, sources, dockerfile=str(sources.parent / "job.Dockerfile")))
    assert state["dockerfile"] == "../job.Dockerfile"
    assert said(engine, f"{name}:1") == "hello"


def test_one_removed_by_hand_is_gone(driver: Driver, engine: docker.DockerClient, name: str, sources: Path) -> None:
    image = driver.resource("Image")
    image.create(**wanted(name, sources))
    before = dict(image.inputs)
    assert image.refresh()
    assert image.inputs == before
    engine.images.remove(f"{name}:1")
    assert not image.refresh()


def test_a_failing_step_is_one_line_without_the_arguments(driver: Driver, name: str, sources: Path) -> None:
    (sources / "Dockerfile").write_text(
        f"FROM debian:trixie-slim\nLABEL {MADE_BY}={name}\nARG TOKEN\nUSER $TOKEN\nRUN true\n"
    )
    with pytest.raises(PluginError) as refused:
        driver.resource("Image").create(**wanted(name, sources, args={"TOKEN": Secret("token-4711")}))
    message = refused.value.message
    assert message.startswith(f"error building image {name}:1: Step 5/5 : RUN true: ")
    assert "unable to find user [secret]" in message
    assert "\n" not in message
    assert "token-4711" not in message


def test_secret_arguments_stay_secret(driver: Driver, name: str, sources: Path) -> None:
    image = driver.resource("Image")
    build = {"context": str(sources), "args": {"GREETING": Secret("token-4711")}}
    state = image.create(imageName=f"{name}:1", skipPush=True, build=build)
    assert isinstance(image.inputs["build"], Secret)
    assert "token-4711" not in str(state)


def test_the_preview_builds_nothing(driver: Driver, engine: docker.DockerClient, name: str, sources: Path) -> None:
    outputs = driver.resource("Image").preview_create(**wanted(name, sources))
    assert (outputs["repoDigest"], outputs["imageName"]) == (UNKNOWN, f"{name}:1")
    assert driver.resource("Image").preview_create(**wanted(name, sources, args=UNKNOWN))["repoDigest"] is UNKNOWN
    with pytest.raises(docker.errors.ImageNotFound):
        engine.images.get(f"{name}:1")


def test_what_is_wrong_is_said_before_anything_is_built(driver: Driver, name: str, sources: Path) -> None:
    assert driver.failures("Image", **{**wanted(name, sources), "skipPush": False}) == {
        "skipPush": "the offline plugin pushes no images; say `skip_push=True`"
    }
    assert "does not implement" in driver.failures("Image", **wanted(name, sources, cacheFrom={}))["build.cacheFrom"]
    assert "Extra inputs" in driver.failures("Image", **wanted(name, sources, squash=True))["build.squash"]
    assert (
        driver.failures("Image", **wanted(name, sources / "no"))["build.context"] == f"there is no folder {sources}/no"
    )
    missing = driver.failures("Image", **wanted(name, sources, dockerfile="Dockerfile"))["build.dockerfile"]
    assert missing == f"there is no file Dockerfile; it starts in the program's folder, so say {sources}/Dockerfile"
