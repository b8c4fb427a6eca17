"""The base images: they keep the contracts of those they stand in for."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.containers import Container

from tests.waiting import wait_until
from tools.docker_engine import stand_ins

POSTGRESQL = "pgvector/pgvector:pg17"
SECONDS = 120.0

Start = Callable[..., Container]


@pytest.fixture
def start(engine: docker.DockerClient) -> Iterator[Start]:
    """Give a function that starts a container; it and its volumes are removed afterwards."""
    started: list[Container] = []

    def run(image: str, *command: str, **options: Any) -> Container:
        name = f"stand-in-{secrets.token_hex(4)}"
        started.append(engine.containers.create(image, list(command), name=name, **options))
        started[-1].start()
        return started[-1]

    yield run
    for container in started:
        container.remove(force=True, v=True)


def until(condition: Callable[[], bool], container: Container) -> None:
    def holds() -> bool:
        container.reload()
        assert container.status != "exited", container.logs().decode()
        return condition()

    wait_until(holds, f"container {container.name} does what it is for", SECONDS)


def said_by(container: Container, *command: str, user: str = "", environment: Any = None) -> str:
    output = container.exec_run(list(command), user=user, environment=environment).output
    assert isinstance(output, bytes)
    return output.decode().strip()


def sql(container: Container, query: str, *, database: str, user: str = "boss", password: str = "") -> str:
    host = said_by(container, "hostname", "-i")  # initdb trusts whoever comes from 127.0.0.1
    command = ["psql", "-XAt", "-h", host, "-U", user, "-d", database, "-c", query]
    return said_by(container, *command, environment={"PGPASSWORD": password})


def test_nothing_is_made_twice(engine: docker.DockerClient) -> None:
    said: list[str] = []
    references = stand_ins.provide(engine, said.append)
    assert said == []
    assert references[:2] == ["debian:trixie-slim", POSTGRESQL]
    assert all(engine.images.get(reference) for reference in references)


def test_an_image_of_another_origin_stays(engine: docker.DockerClient) -> None:
    assert stand_ins._is_there(engine, POSTGRESQL, stand_ins.stand_ins()[0].digest(_base(engine)))
    assert not stand_ins._is_there(engine, POSTGRESQL, "made from something else")
    assert not stand_ins._is_there(engine, "nobody/has:this", "x")


def test_a_changed_dockerfile_is_another_image(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:trixie-slim\n")
    image = stand_ins.StandIn("x:1", tmp_path)
    first = image.digest("base")
    assert image.digest("another base") != first
    (tmp_path / "Dockerfile").write_text("FROM debian:trixie-slim\nRUN true\n")
    assert image.digest("base") != first


def test_postgresql_is_initialised_from_files_and_started(start: Start, tmp_path: Path) -> None:
    password = "it's a $ecret"
    (tmp_path / "password").write_text(password)
    (tmp_path / "init").mkdir()
    (tmp_path / "init" / "10.sql").write_text("CREATE TABLE made (x int);")
    (tmp_path / "init" / "20.sh").write_text('run_sql -c "INSERT INTO made VALUES (4711)"\n')
    for path in (tmp_path, *tmp_path.parents):
        if path.name.startswith(("pytest", "test")):
            path.chmod(0o755)
    container = start(
        POSTGRESQL,
        "-c",
        "cluster_name=with space",
        environment={
            "POSTGRES_USER": "boss",
            "POSTGRES_PASSWORD_FILE": "/run/secrets/password",
            "POSTGRES_DB": "shop",
            "POSTGRES_INITDB_ARGS": "--data-checksums --locale-provider=icu --icu-locale='en-US'",
        },
        volumes=[f"{tmp_path}/password:/run/secrets/password:ro", f"{tmp_path}/init:/docker-entrypoint-initdb.d:ro"],
    )
    until(lambda: sql(container, "SELECT x FROM made", database="shop", password=password) == "4711", container)
    settings = "SELECT current_setting('data_checksums') || current_setting('cluster_name')"
    assert sql(container, settings, database="shop", password=password) == "onwith space"
    assert "password authentication failed" in sql(container, "SELECT 1", database="shop", password="wrong")
    for extension in ("vector", "pg_trgm", '"uuid-ossp"'):
        created = sql(container, f"CREATE EXTENSION {extension}", database="shop", password=password)
        assert created == "CREATE EXTENSION"
    assert said_by(container, "grep", "Uid", "/proc/1/status").split()[1:] == ["999"] * 4
    assert said_by(container, "sh", "-c", "stat -c '%u %a' $PGDATA") == "999 700"
    container.restart(timeout=60)  # what is there already is not initialised again
    until(lambda: sql(container, "SELECT x FROM made", database="shop", password=password) == "4711", container)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "no superuser password is given"),
        (
            {"POSTGRES_PASSWORD": "x", "POSTGRES_PASSWORD_FILE": "/x"},
            "both POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE",
        ),
    ],
)
def test_postgresql_without_a_password_says_so(start: Start, environment: dict[str, str], said: str) -> None:
    container = start(POSTGRESQL, environment=environment)
    assert container.wait()["StatusCode"] == 1
    assert said in container.logs().decode()


def test_another_program_of_postgresqls_runs_as_it_is(start: Start) -> None:
    container = start(POSTGRESQL, "pg_dump", "--version")
    assert container.wait()["StatusCode"] == 0
    assert container.logs().startswith(b"pg_dump (PostgreSQL) 17.")


def test_seaweedfs_serves_s3_as_an_ordinary_user(start: Start) -> None:
    container = start(stand_ins.stand_ins()[1].reference, "server", "-s3", "-volume.max=3")
    until(lambda: container.exec_run(["curl", "-sf", "http://127.0.0.1:8333/"]).exit_code == 0, container)
    assert said_by(container, "grep", "Uid", "/proc/1/status").split()[1:] == ["1000"] * 4
    command = said_by(container, "sh", "-c", "tr '\\0' ' ' < /proc/1/cmdline", user="seaweed")
    assert command.startswith("/usr/bin/weed -logtostderr=true server -dir=/data ")
    assert "-volume.max=0" not in command


def _base(engine: docker.DockerClient) -> str:
    return str(engine.images.get("debian:trixie-slim").id)
