"""What somebody took away behind the stack's back comes back with `make up`."""

from collections.abc import Callable

import pytest

from infra.provider.s3 import store
from tests.e2e.docker.conftest import MakeStack
from tests.e2e.docker.containers import SERVICES, ContainerStack
from tests.e2e.project import Project
from tests.full_run import in_full


@pytest.mark.parametrize(
    "service", ["postgres", *(pytest.param(name, marks=in_full) for name in SERVICES if name != "postgres")]
)
def test_a_removed_container_comes_back_with_its_data(containers: ContainerStack, service: str) -> None:
    url = containers.outputs()["url"]
    containers.query("SELECT register_agent('survivor', 'executor', '1.8.3')")
    try:
        containers.container(service).remove(force=True)
        said = containers.make("up")
        assert f"Not in the Docker engine any more, or stopped: {containers.prefix}{service}." in said
        assert containers.outputs()["url"] == url
        assert containers.query("SELECT agent_id FROM agent_registry") == [{"agent_id": "survivor"}]
        assert "💾 good" in containers.make("status")
    finally:
        containers.query("DELETE FROM agent_registry")
    containers.preview("--expect-no-changes", "--refresh")


@in_full
def test_a_stopped_container_is_started(containers: ContainerStack) -> None:
    before = containers.container("postgres")
    before.stop()
    containers.make("up")
    assert containers.container("postgres").id == before.id
    assert containers.query("SELECT 1 AS one") == [{"one": 1}]
    containers.preview("--expect-no-changes", "--refresh")


@in_full
@pytest.mark.parametrize("service", ["postgres", "object-store"])
@pytest.mark.parametrize("running", [True, False])
def test_a_removed_network_comes_back_with_all_that_were_in_it(
    containers: ContainerStack, service: str, *, running: bool
) -> None:
    containers.query("SELECT register_agent('survivor', 'executor', '1.8.3')")
    try:
        network = containers.engine.networks.get(containers.prefix + service)
        network.reload()
        inside = network.containers
        for container in inside:
            if running:
                network.disconnect(container, force=True)
            else:
                container.stop()
        network.remove()
        said = containers.make("up")
        assert f"Not in the Docker engine any more, or stopped: {containers.prefix}" in said
        names = ", ".join(sorted(str(container.name) for container in inside))
        assert f"Were in a network that is gone, and are made anew: {names}." in said
        assert containers.query("SELECT agent_id FROM agent_registry") == [{"agent_id": "survivor"}]
        assert "backup is the latest" in containers.make("backup")
    finally:
        containers.query("DELETE FROM agent_registry")
    containers.preview("--expect-no-changes", "--refresh")


@in_full
def test_a_restore_into_another_server_says_that_the_store_is_stopped(containers: ContainerStack) -> None:
    elsewhere = "--into postgresql://postgres@127.0.0.1:1/elsewhere"
    containers.container("object-store").stop()
    try:
        said = containers.make("restore", f"ARGS={elsewhere}", expect=2)
        assert f"error: the object store of stack {containers.name} does not run: `make up STACK=" in said
        assert "Traceback" not in said
        assert "there is no second destination" in containers.make(
            "restore", f"ARGS={elsewhere} --from second", expect=2
        )
    finally:
        containers.make("up")


@in_full
def test_a_lost_database_is_made_anew_and_backed_up(containers: ContainerStack) -> None:
    containers.query("SELECT register_agent('lost', 'executor', '1.8.3')")
    containers.container("postgres").remove(force=True)
    containers.engine.volumes.get(containers.prefix + "postgres").remove()
    said = containers.make("up")
    assert "Data went with it" in said
    assert containers.query("SELECT count(*) AS n FROM agent_registry") == [{"n": 0}]
    assert containers.query("SELECT count(*) AS n FROM realtime_channels") == [{"n": 8}]
    assert "💾 good" in containers.make("status")
    containers.preview("--expect-no-changes", "--refresh")


@in_full
def test_a_lost_object_store_is_made_anew_and_filled(containers: ContainerStack) -> None:
    containers.container("object-store").remove(force=True)
    containers.engine.volumes.get(containers.prefix + "object-store").remove()
    containers.make("up")
    assert "💾 good" in containers.make("status")
    containers.preview("--expect-no-changes", "--refresh")


@in_full
def test_a_removed_bucket_comes_back_with_a_backup(containers: ContainerStack) -> None:
    outputs = containers.outputs()
    secret = containers.read("object-store", "s3.json").split('"secretKey": "')[1].split('"')[0]
    client = store.client(outputs["s3Endpoint"], "us-east-1", "administrator", secret)
    store.empty(client, outputs["bucket"], locked=True)
    client.delete_bucket(Bucket=outputs["bucket"])
    said = containers.make("up")
    assert f"Not in its store any more, with the backups in it: bucket {outputs['bucket']}." in said
    assert store.exists(client, outputs["bucket"])
    assert "💾 good" in containers.make("status")
    containers.preview("--expect-no-changes", "--refresh")


@in_full
def test_a_lost_state_is_made_anew_from_what_is_there(containers: ContainerStack) -> None:
    containers.query("SELECT register_agent('survivor', 'executor', '1.8.3')")
    said = containers.make("recover", "ARGS=--give-up-state")
    assert "is set aside" in said
    assert containers.query("SELECT agent_id FROM agent_registry") == [{"agent_id": "survivor"}]
    containers.query("DELETE FROM agent_registry")
    assert "💾 good" in containers.make("status")
    containers.preview("--expect-no-changes", "--refresh")


def test_a_stack_that_another_checkout_runs_is_not_recovered(
    containers: ContainerStack, make_project: Callable[[], Project]
) -> None:
    there = containers.names()
    ids = {containers.container(service).id for service in SERVICES}
    other = ContainerStack.prepare(make_project(), containers.name, containers.engine)
    said = other.make("recover", "ARGS=--give-up-state", expect=2)
    assert f"error: the Docker engine has a stack {containers.name} already: {containers.prefix}backup, " in said
    assert containers.project.environment["PULUMI_BACKEND_URL"] in said
    assert containers.names() == there
    assert {containers.container(service).id for service in SERVICES} == ids


@in_full
def test_a_stack_whose_checkout_is_lost_is_taken_over(
    make_stack: MakeStack, make_project: Callable[[], Project]
) -> None:
    lost = make_stack()
    lost.make("up")
    lost.query("SELECT register_agent('survivor', 'executor', '1.8.3')")
    found = ContainerStack.prepare(make_project(), lost.name, lost.engine)
    found.make("recover", "ARGS=--take-over")
    assert found.query("SELECT agent_id FROM agent_registry") == [{"agent_id": "survivor"}]
    assert "💾 good" in found.make("status")
    found.preview("--expect-no-changes", "--refresh")
