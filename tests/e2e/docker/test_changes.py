"""A changed file or setting: only what it concerns is made anew, and the data stays."""

import psycopg

from tests.e2e.docker.containers import SERVICES, ContainerStack, changed_rows
from tests.e2e.test_schema_changes import FIRST_COLUMN, REGISTRY
from tests.e2e.test_schema_changes import changed_rows as changed_objects

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


def test_a_memory_limit_is_changed_in_place(containers: ContainerStack) -> None:
    before = ids(containers)
    with containers.configured("limits.backup.memory", "600"):
        assert changed_rows(containers.up()) == {"Container backup"}
        assert containers.container("backup").attrs["HostConfig"]["Memory"] == 600 * 1024 * 1024
        containers.preview("--expect-no-changes")
    assert ids(containers) == before


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
