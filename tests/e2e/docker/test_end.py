"""Beginnings that failed, and the end: nothing is left in the engine."""

import os
import re
import signal
import socket
import subprocess

import pytest

from tests.e2e.docker.conftest import MakeStack
from tests.e2e.docker.containers import SERVICES, ContainerStack
from tests.full_run import in_full
from tests.waiting import wait_until

DEADLINE_SECONDS = 120


def test_destroy_leaves_nothing_and_can_be_said_twice(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.make("up")
    made = {stack.prefix + service for service in SERVICES} | {f"{stack.prefix}{service}-files" for service in SERVICES}
    assert {name for name in stack.names() if ":" not in name} == made
    assert len(stack.names()) == len(made) + 1  # the job's image
    stack.make("destroy", "YES=1")
    assert stack.names() == set()
    assert stack.engine.images.list(filters={"dangling": True, "label": "agent-ecosystem.stage"}) == []
    stack.make("destroy", "YES=1")
    assert stack.names() == set()


@in_full
def test_backups_stay_where_that_is_configured(make_stack: MakeStack) -> None:
    stack = make_stack(keepBackupsOnDestroy="true")
    stack.up()
    stack.pulumi("destroy", "--yes")
    assert stack.names() == {stack.prefix + "object-store"}
    stack.up()
    listed = stack.make("restore", "ARGS=--list")
    assert "realtime_channels" in listed
    jobs = stack.run("backup", "python", "-m", "infra.backup_job", "list")
    assert len(re.findall(r"^\d{8}_\d{6} ", jobs, re.MULTILINE)) == 2
    stack.pulumi("config", "rm", "keepBackupsOnDestroy")
    stack.up()
    stack.pulumi("destroy", "--yes")
    assert stack.names() == set()


@in_full
def test_after_a_half_failed_up_destroy_leaves_nothing(make_stack: MakeStack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stack = make_stack(postgresPort=str(port))
        said = stack.up(expect=1)
        assert str(port) in said
        assert stack.names() != set()
    stack.make("destroy", "YES=1")
    assert stack.names() == set()


@in_full
def test_after_kill_9_in_the_middle_make_up_finishes(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.pulumi("stack", "init", stack.name, "--no-select")
    kill_up_when(stack, r"Container postgres creating")
    wait_until(lambda: not stack.project.plugins(), "orphaned plugins end", DEADLINE_SECONDS)
    stack.make("up")
    stack.preview("--expect-no-changes")
    assert stack.query("SELECT count(*) AS n FROM realtime_channels") == [{"n": 8}]
    stack.make("destroy", "YES=1")
    assert stack.names() == set()


def kill_up_when(stack: ContainerStack, marker: str) -> None:
    """Start `pulumi up` and kill its engine, by SIGKILL, as soon as it says `marker`."""
    process = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack.name],
        cwd=stack.project.folder,
        env=stack.project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as said:
        for line in said:
            if re.search(marker, line):
                os.kill(process.pid, signal.SIGKILL)
                break
        else:
            pytest.fail(f"up never said {marker!r}")
    process.wait()


def test_a_remote_engine_is_refused_in_one_sentence(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.pulumi("stack", "init", stack.name, "--no-select")
    stack.project.environment["DOCKER_HOST"] = "ssh://somewhere"
    said = stack.preview(expect=1)
    assert "DOCKER_HOST is ssh://somewhere: the target docker publishes its ports on 127.0.0.1" in said
    assert "Traceback" not in said
    del stack.project.environment["DOCKER_HOST"]
    stack.pulumi("config", "set", "docker:host", "tcp://somewhere:2375")
    said = stack.preview(expect=1)
    assert "docker:host is tcp://somewhere:2375: the target docker publishes its ports on 127.0.0.1" in said
    assert "run `pulumi config rm docker:host`" in said
    assert "Traceback" not in said
