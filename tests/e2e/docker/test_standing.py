"""A stack of containers that is up: what it does, and how it is closed."""

import json
import signal
import subprocess
from typing import Any

import boto3
import grpc
import psycopg
import pytest
from botocore.config import Config
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pyrage import x25519

from infra import store_identities
from infra.settings import STACK_VARIABLE
from tests.conftest import Server
from tests.e2e.docker.containers import FILES, SERVICES, ContainerStack, inspected
from tests.e2e.test_lifecycle import TABLES
from tests.waiting import wait_until

MEGABYTE = 1024 * 1024
S3_GRPC_PORT = 18333
NEW_IDENTITY = b"\n\x1b\n\x04evil\x12\x0c\n\x04evil\x12\x04evil\x1a\x05Admin"
"""SeaweedFS' request to add an administrator of that name, key and secret."""


def test_a_preview_without_a_change_has_none(containers: ContainerStack) -> None:
    assert "to replace" not in containers.preview("--expect-no-changes")
    containers.preview("--expect-no-changes", "--refresh")


def test_the_schema_is_there_and_its_checks_pass(containers: ContainerStack) -> None:
    report = "\n".join(containers.outputs()["report"])
    assert all(table in report for table in TABLES)
    said = containers.make("status")
    assert "✅" in said
    assert "💾 good: last backup" in said


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_has_no_privileges(containers: ContainerStack, service: str) -> None:
    host = inspected(containers.container(service))["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert (host["CapDrop"], host["CapAdd"], host["Privileged"]) == (["ALL"], None, False)
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    status = containers.run(service, "cat", "/proc/1/status")
    assert "CapEff:\t0000000000000000\n" in status
    assert "CapBnd:\t0000000000000000\n" in status
    assert "NoNewPrivs:\t1\n" in status
    assert "Uid:\t0" not in status
    containers.run(service, "sh", "-c", "! touch /usr/bin/new 2>/dev/null")
    containers.run(service, "sh", "-c", f"! touch {FILES}/new 2>/dev/null")


@pytest.mark.parametrize(
    ("service", "megabytes"), [("postgres", 1024), ("object-store", 512), ("backup", 512), ("prune", 256)]
)
def test_a_container_has_limits(containers: ContainerStack, service: str, megabytes: int) -> None:
    host = inspected(containers.container(service))["HostConfig"]
    assert host["Memory"] == host["MemorySwap"] == megabytes * MEGABYTE
    assert host["NanoCpus"] == 10**9
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-file": "3", "max-size": "10m"}}
    assert host["RestartPolicy"]["Name"] == "unless-stopped"


def test_two_ports_are_published_on_loopback_alone(containers: ContainerStack) -> None:
    published = [
        (service, port, binding["HostIp"])
        for service in SERVICES
        for port, bindings in inspected(containers.container(service))["NetworkSettings"]["Ports"].items()
        for binding in bindings or []
    ]
    assert published == [("postgres", "5432/tcp", "127.0.0.1"), ("object-store", "8333/tcp", "127.0.0.1")]


def test_the_database_does_not_reach_the_store(containers: ContainerStack) -> None:
    address = next(iter(inspected(containers.container("object-store"))["NetworkSettings"]["Networks"].values()))
    knock = f"timeout 5 bash -c 'exec 3<>/dev/tcp/{address['IPAddress']}/8333'"
    containers.run("backup", "sh", "-c", knock)
    containers.run("postgres", "sh", "-c", f"! {knock} 2>/dev/null")


def test_the_stores_inner_ports_are_closed(containers: ContainerStack) -> None:
    listening = containers.run("object-store", "cat", "/proc/net/tcp", "/proc/net/tcp6")
    anywhere = {
        int(line.split()[1].rpartition(":")[2], 16)
        for line in listening.splitlines()
        if len(line.split()) > 3 and line.split()[3] == "0A" and not line.split()[1].startswith("0100007F")
    }
    # Docker's own resolver listens on a loopback address of its own.
    assert {port for port in anywhere if port in {8333, S3_GRPC_PORT}} == {8333, S3_GRPC_PORT}
    assert not anywhere & {9333, 19333, 8080, 18080, 8888, 18888}

    address = next(iter(inspected(containers.container("object-store"))["NetworkSettings"]["Networks"].values()))
    with grpc.insecure_channel(f"{address['IPAddress']}:{S3_GRPC_PORT}") as channel:
        add_identity: Any = channel.unary_unary("/messaging_pb.SeaweedS3IamCache/PutIdentity")
        with pytest.raises(grpc.RpcError) as refused:
            add_identity(NEW_IDENTITY, timeout=20)
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE


def test_the_store_takes_its_own_key_alone(containers: ContainerStack) -> None:
    outputs = containers.outputs()
    for key, secret in (("administrator", "wrong"), ("evil", "evil")):
        client = boto3.client(
            "s3",
            endpoint_url=outputs["s3Endpoint"],
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )
        with pytest.raises(client.exceptions.ClientError) as refused:
            client.list_objects_v2(Bucket=outputs["bucket"])
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_the_server_takes_scram_alone(containers: ContainerStack) -> None:
    with psycopg.connect(containers.outputs()["adminUrl"]) as connection:
        methods = connection.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall()
    assert methods == [("scram-sha-256",)]


def secrets_of(stack: ContainerStack) -> list[str]:
    job = json.loads(stack.read("backup", "job.json"))
    identities = store_identities.read(stack.read("object-store", "s3.json"))
    assert set(identities) == {"administrator", "backup", "prune"}
    assert job["s3_secret_key"] == identities["backup"].secret_key
    return [
        *(identity.secret_key for identity in identities.values()),
        stack.read("postgres", "superuser.password"),
        *(str(conninfo_to_dict(url)["password"]) for url in (stack.outputs()["url"], job["database_url"])),
        stack.read("object-store", "seal.key").splitlines()[1],
    ]


def test_secrets_are_in_files_alone(containers: ContainerStack) -> None:
    secrets = secrets_of(containers)
    assert all(len(secret) >= 32 for secret in secrets)
    shown = [containers.project.state(stack=containers.name)]
    for service in SERVICES:
        for name in (service, f"{service}-files"):
            container = containers.container(name)
            shown += [json.dumps(inspected(container)), container.logs().decode()]
    image = containers.container("backup").image
    assert image is not None
    shown.append(json.dumps([image.attrs, image.history()]))
    for text in shown:
        assert not [secret for secret in secrets if secret in text]
    rest = b""
    for chunk in image.save():
        window = rest + chunk
        assert not [secret for secret in secrets if secret.encode() in window]
        rest = window[-100:]


def test_the_schedule_logs_json(started: tuple[ContainerStack, str]) -> None:
    stack, first = started
    events = events_of(first)
    assert events[:2] == ["schedule started", "catching up"]
    assert "backup is the latest" in events
    # A container made anew by another test finds the backup of the one before it.
    now = events_of(stack.container("backup").logs().decode())
    assert now[0] == "schedule started"
    assert now[-1] == "next backup"


def events_of(log: str) -> list[str]:
    entries = [json.loads(line) for line in log.splitlines()]
    assert all({"time", "event"} <= entry.keys() for entry in entries)
    # The maintenance goes on beside the backups, and tells in between.
    return [entry["event"] for entry in entries if not entry["event"].startswith("maintenance")]


def test_a_backup_and_a_restore_from_outside(containers: ContainerStack) -> None:
    containers.query("SELECT register_agent('survivor', 'executor', '1.8.3')")
    try:
        said = containers.make("backup")
        assert "backup is the latest" in said
        said = containers.make("restore", "ARGS=--show-password")
    finally:
        containers.query("DELETE FROM agent_registry")
    assert "restored, and the same as the backup" in said
    url = next(line for line in said.splitlines() if line.startswith("postgresql://"))
    admin = containers.outputs()["adminUrl"]
    assert psycopg.conninfo.conninfo_to_dict(url)["port"] == psycopg.conninfo.conninfo_to_dict(admin)["port"]
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT agent_id FROM agent_registry").fetchall() == [("survivor",)]
        name = connection.info.dbname
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}"')


def test_a_restore_into_a_database_named_by_its_url(containers: ContainerStack) -> None:
    admin = containers.outputs()["adminUrl"]
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE DATABASE by_url")
        try:
            target = f"{admin.rpartition('/')[0]}/by_url"
            said = containers.make("restore", f"ARGS=--into {target}")
            assert "restored, and the same as the backup" in said
            with psycopg.connect(target) as inside:
                rows = inside.execute("SELECT count(*) FROM realtime_channels").fetchone()
            assert rows == (8,)
        finally:
            connection.execute("DROP DATABASE by_url WITH (FORCE)")


def test_a_command_that_fails_says_so_and_fails(containers: ContainerStack) -> None:
    said = containers.make("restore", "ARGS=--at 20000101_000000", expect=2)
    assert "error: " in said
    assert "Traceback" not in said


def test_an_interruption_reaches_the_command_in_the_container(containers: ContainerStack) -> None:
    outputs = containers.outputs()
    url = make_conninfo(outputs["adminUrl"], dbname=conninfo_to_dict(outputs["url"])["dbname"])
    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE public.agent_registry")  # the backup waits to read it
        with job_command(containers, "run") as process:
            wait_for_a_lock(url)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=120) == 128 + signal.SIGINT
        inside = containers.run("backup", "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert "infra.backup_job schedule" in inside
    assert "infra.backup_job run" not in inside


def test_an_interruption_reaches_a_restore_into_another_server(containers: ContainerStack, server: Server) -> None:
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE interrupted")
    there = containers.names()
    target = server.url("interrupted")
    try:
        with psycopg.connect(target) as holder:
            holder.execute("CREATE SCHEMA extensions")  # not committed: the restore waits to make its own
            with job_command(containers, "restore", "--into", target) as process:
                wait_for_a_lock(target)
                process.send_signal(signal.SIGINT)
                assert process.wait(timeout=120) == 128 + signal.SIGINT
            assert containers.names() == there
            holder.rollback()
            schemas = holder.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_|^information'").fetchall()
        assert schemas == [("public",)]
    finally:
        with psycopg.connect(server.url(), autocommit=True) as admin:
            admin.execute("DROP DATABASE interrupted WITH (FORCE)")


def test_the_secrets_of_a_restore_into_another_server_are_not_shown(containers: ContainerStack, server: Server) -> None:
    given = {
        "PGPASSWORD": server.password,
        "BACKUP_RESTORE_URL": containers.outputs()["adminUrl"],
        "BACKUP_PRUNE_ACCESS_KEY": "prune-access-key",
        "BACKUP_PRUNE_SECRET_KEY": "prune-secret-key",
        "BACKUP_ENCRYPTION_IDENTITY": str(x25519.Identity.generate()),
    }
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE shown")
    target = f"postgresql://postgres@127.0.0.1:{server.port}/shown"
    try:
        with psycopg.connect(server.url("shown")) as holder:
            holder.execute("CREATE SCHEMA extensions")  # not committed: the restore waits to make its own
            with job_command(containers, "restore", "--into", target, **given) as process:
                wait_for_a_lock(server.url("shown"))
                beside = containers.engine.containers.list(filters={"name": f"{containers.prefix}backup-"})
                shown = [json.dumps(inspected(container)) for container in beside]
                holder.rollback()
                assert process.wait(timeout=120) == 0
            assert len(shown) == 1
            assert target in shown[0]
            assert not [name for name, value in given.items() if value in shown[0]]
            assert holder.execute("SELECT count(*) FROM realtime_channels").fetchone() == (8,)
    finally:
        with psycopg.connect(server.url(), autocommit=True) as admin:
            admin.execute("DROP DATABASE shown WITH (FORCE)")


def job_command(stack: ContainerStack, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
    """Start one of the job's commands as `make` does."""
    return subprocess.Popen(
        [str(stack.project.folder / ".venv/bin/python"), "-m", "infra.job_command", *arguments],
        cwd=stack.project.folder,
        env={**stack.project.environment, STACK_VARIABLE: stack.name, **variables},
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for_a_lock(url: str, seconds: float = 120) -> None:
    """Wait until a session in the database of `url` waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(url, autocommit=True) as connection:
        found = lambda: connection.execute(waiting).fetchone() != (0,)  # noqa: E731
        wait_until(found, f"something waits for a lock in {connection.info.dbname}", seconds)
