"""The whole program with the target docker: what waits for what, what goes with what, what stays."""

from typing import Any

import pytest

from infra.plugin.values import Secret
from tests.unit.program import Graph, run


@pytest.fixture(scope="module")
def docker() -> Graph:
    return run(target="docker")


def test_each_part_is_made_of_containers_in_its_component(docker: Graph) -> None:
    parents = {name: resource.parent for name, resource in docker.resources.items() if name.startswith("Container ")}
    assert parents == {
        "Container postgres": "PostgresInstance postgres",
        "Container postgres-files": "PostgresInstance postgres",
        "Container object-store": "BackupStore store",
        "Container object-store-files": "BackupStore store",
        "Container backup": "BackupJob backup",
        "Container backup-files": "BackupJob backup",
        "Container prune": "BackupJob backup",
        "Container prune-files": "BackupJob backup",
    }
    assert not any(name.startswith("Service ") for name in docker.resources)


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        ("Volume postgres", "Network postgres"),  # a network that is there already is refused, a volume is not
        ("Volume object-store-files", "Network object-store"),
        ("Container postgres", "Container postgres-files"),
        ("Role agent", "Container postgres"),
        ("Bucket backups", "Container object-store"),
        ("Schema schema", "Bucket backups"),
        ("Container backup", "Verification verification"),
        ("Container backup", "RemoteImage backup"),
        ("RemoteImage backup", "Image backup"),
        ("Container prune", "Container prune-files"),
        ("Container prune", "Container backup"),
    ],
)
def test_what_is_needed_comes_before(docker: Graph, later: str, earlier: str) -> None:
    assert earlier in docker.comes_after(later)


def test_what_is_in_a_server_goes_with_its_data_and_not_with_its_container(docker: Graph) -> None:
    inside = {name: resource.deleted_with for name, resource in docker.resources.items() if resource.deleted_with}
    assert inside["Bucket backups"] == "Volume object-store"
    assert {inside[name] for name in inside if name != "Bucket backups"} == {"Volume postgres"}
    assert {"Role agent", "Database database", "Extension vector", "Seed agent_versions"} <= inside.keys()


def test_no_address_comes_from_a_container(docker: Graph) -> None:
    server = docker["postgresql server"].inputs
    assert (server["host"], server["port"]) == ("127.0.0.1", "15433")
    assert docker["Bucket backups"].inputs["endpoint"] == "http://127.0.0.1:15433"


def test_the_schema_may_read_its_files_as_superuser(docker: Graph) -> None:
    url = docker["Schema schema"].inputs["scratchUrl"]
    assert url == Secret("postgresql://postgres:generated@127.0.0.1:15433/postgres")


def test_backups_outlive_the_stack_where_that_is_configured(docker: Graph) -> None:
    kept = run(target="docker", keepBackupsOnDestroy=True)
    assert [name for name, resource in kept.resources.items() if resource.retain] == ["Volume object-store"]
    assert not [name for name, resource in docker.resources.items() if resource.retain]


def test_the_second_destination_reaches_the_job_in_its_private_file_alone(docker: Graph) -> None:
    keys: dict[str, Any] = {"backupSecondAccessKey": "second-AK", "backupSecondSecretKey": "second-S3cret"}
    graph = run(
        target="docker", backupSecondBucket="elsewhere", backupSecondEndpoint="https://s3.second.example", **keys
    )
    assert set(graph.resources) == set(docker.resources)
    (upload,) = graph["Container backup-files"].inputs["uploads"]
    assert isinstance(upload["content"], Secret)
    assert '"second_secret_key": "second-S3cret"' in upload["content"].value
    assert "second-S3cret" not in repr([resource.inputs for resource in graph.resources.values()])
    (pruning,) = graph["Container prune-files"].inputs["uploads"]
    assert "second_" not in pruning["content"].value


def test_volumes_are_protected_where_that_is_configured() -> None:
    protected = run(target="docker", protect=True)
    volumes = {name for name in protected.resources if name.startswith("Volume ")}
    assert volumes <= {name for name, resource in protected.resources.items() if resource.protect}
    assert not protected["Container postgres"].protect


def test_the_embedded_target_loads_nothing_of_docker() -> None:
    assert not any("docker" in resource.type for resource in run().resources.values())
