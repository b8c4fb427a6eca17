"""A changed file or setting: only what it concerns is made anew, and the data stays."""

import secrets
from io import BytesIO

import docker
import psycopg

from tests.e2e.docker.conftest import MakeStack
from tests.e2e.docker.containers import SERVICES, ContainerStack, changed_rows
from tests.e2e.test_cutover import walk_cutover
from tests.e2e.test_schema_changes import FIRST_COLUMN, REGISTRY
from tests.e2e.test_schema_changes import changed_rows as changed_objects
from tests.full_run import in_full

JOB = {
    *("Image backup", "RemoteImage backup", "Container backup", "Container backup-files"),
    *("Container prune", "Container prune-files"),
}
"""The job's image, and both containers that run out of it."""


def ids(stack: ContainerStack) -> dict[str, str | None]:
    return {service: stack.container(service).id for service in SERVICES}


def test_an_added_column_is_one_row(containers: ContainerStack) -> None:
    before = ids(containers)
    with containers.project.edited(REGISTRY, FIRST_COLUMN, "    region text,\n" + FIRST_COLUMN):
        said = containers.preview()
        assert changed_objects(said) == {"pgstack:postgres:Table agent_registry update [diff: +columns.region]"}, said
        containers.up()
        assert containers.query("SELECT 1 FROM pg_attribute WHERE attname = 'region'")
        containers.preview("--expect-no-changes")
    containers.up()
    containers.preview("--expect-no-changes")
    assert ids(containers) == before


@in_full
def test_a_changed_job_rebuilds_the_job_alone(containers: ContainerStack) -> None:
    before, tags = ids(containers), images(containers)
    with containers.project.edited("infra/backup_job/errors.py", '"""', '"""Changed: '):
        assert changed_rows(containers.preview()) == JOB
        assert changed_rows(containers.up()) == JOB
        assert "Changed: " in containers.run("backup", "cat", "/app/infra/backup_job/errors.py")
        after = ids(containers)
        assert {service for service in SERVICES if after[service] != before[service]} == {"backup", "prune"}
        assert len(images(containers)) == 1
        assert images(containers) != tags
        containers.preview("--expect-no-changes")
    containers.up()
    assert images(containers) == tags


def images(stack: ContainerStack) -> set[str]:
    return {name for name in stack.names() if ":" in name}


def test_a_setting_of_postgresql_keeps_the_data_and_the_port(containers: ContainerStack) -> None:
    url = containers.outputs()["url"]
    containers.query("SELECT register_agent('survivor', 'executor', '1.8.3')")
    try:
        with containers.configured("postgresSettings.work_mem", "17MB"):
            assert changed_rows(containers.up()) == {"Container postgres"}
            assert containers.query("SHOW work_mem") == [{"work_mem": "17MB"}]
            assert containers.query("SELECT agent_id FROM agent_registry") == [{"agent_id": "survivor"}]
            assert containers.outputs()["url"] == url
            containers.preview("--expect-no-changes")
        assert containers.query("SHOW work_mem") == [{"work_mem": "4MB"}]
    finally:
        containers.query("DELETE FROM agent_registry")


@in_full
def test_an_image_that_was_pulled_since_runs_with_make_up(make_stack: MakeStack, engine: docker.DockerClient) -> None:
    reference = f"test-{secrets.token_hex(3)}/pgvector:pg17"
    release(engine, reference, "1")
    try:
        stack = make_stack(postgresImage=reference)
        stack.make("up")
        stack.query("SELECT register_agent('survivor', 'executor', '1.8.3')")
        before, url = ids(stack), stack.outputs()["url"]
        assert "Another image" not in stack.make("up")
        assert ids(stack) == before
        release(engine, reference, "2")
        said = stack.make("up")
        assert f"Another image in the Docker engine than the one that runs: {reference}." in said
        containers = {"Container postgres", "Container postgres-files"}
        assert changed_rows(said) == {"RemoteImage postgres", *containers}  # noted first, then they are replaced
        image = stack.container("postgres").image
        assert image is not None
        assert image.labels["release"] == "2"
        assert stack.query("SELECT agent_id FROM agent_registry") == [{"agent_id": "survivor"}]
        assert stack.outputs()["url"] == url
        stack.preview("--expect-no-changes", "--refresh")
        release(engine, reference, "3")
        stack.make("refresh")
        assert changed_rows(stack.preview()) == containers
        stack.remove()
    finally:
        engine.images.remove(reference, force=True)
        engine.images.prune(filters={"dangling": True, "label": "release"})  # what lost its name to the next one


def release(engine: docker.DockerClient, reference: str, number: str) -> None:
    """Put another image under a name, as pulling a minor version does."""
    dockerfile = BytesIO(f"FROM pgvector/pgvector:pg17\nLABEL release={number}\n".encode())
    engine.images.build(fileobj=dockerfile, tag=reference, rm=True)


def test_a_memory_limit_is_changed_in_place(containers: ContainerStack) -> None:
    before = ids(containers)
    with containers.configured("limits.backup.memory", "600"):
        assert changed_rows(containers.up()) == {"Container backup"}
        assert containers.container("backup").attrs["HostConfig"]["Memory"] == 600 * 1024 * 1024
        containers.preview("--expect-no-changes")
    assert ids(containers) == before


@in_full
def test_every_password_is_changed_by_one_setting(containers: ContainerStack) -> None:
    before = containers.outputs()
    containers.query("SELECT register_agent('survivor', 'executor', '1.8.3')")
    try:
        with containers.configured("passwordRotation", "2"):
            said = containers.up()
            assert "postgresql:index:Role ecosystem_owner replace" not in said
            after = containers.outputs()
            for name in ("url", "adminUrl"):
                assert after[name] != before[name]
                with psycopg.connect(after[name]) as connection:
                    assert connection.info.host == "127.0.0.1"
            assert containers.query("SELECT agent_id FROM agent_registry") == [{"agent_id": "survivor"}]
            assert "backup is the latest" in containers.make("backup")
            containers.preview("--expect-no-changes")
    finally:
        containers.query("DELETE FROM agent_registry")


@in_full
def test_the_runbook_leads_to_the_last_backup_and_back_again(containers: ContainerStack) -> None:
    walk_cutover(containers.project, containers.name)
