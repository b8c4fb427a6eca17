"""The docker target's part of the program, without an engine: which containers it asks for, and how they are closed."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import set_all_config
from pulumi.runtime.rpc import is_rpc_secret, unwrap_rpc_secret

from infra import store_identities
from infra.endpoint import BucketAccess, Endpoint, ObjectStore, Postgres
from infra.settings import PROJECT_FOLDER, Settings
from infra.targets.docker import backup_schedule as backup
from infra.targets.docker.object_store import object_store
from infra.targets.docker.postgres import postgres

pytestmark = pytest.mark.filterwarnings("ignore:There is no current event loop:DeprecationWarning")
"""The SDK's own, from Python 3.12 on: where there is none, it makes one."""

SECRET = "s3cret-of-"
IMAGE = "sha256:id-of-"
STARTED = ("postgres", "object-store", "backup", "prune")
IMAGES = {"prune": "backup"}
"""Whose image a container runs out of, where it has none of its own."""


@dataclass
class Engine(pulumi.runtime.Mocks):
    """Notes what the program registers."""

    secret: str = SECRET
    resources: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        kind = args.typ.rpartition(":")[2]
        self.resources[kind, args.name] = args.inputs
        outputs: dict[str, dict[str, Any]] = {
            "Password": {"value": self.secret + args.name},
            "Port": {"port": 12000 + len(self.resources)},
            "RemoteImage": {"imageId": f"{IMAGE}{args.name}"},
            "Seal": {"certificate": "certificate", "key": self.secret + args.name, "authority": "authority"},
        }
        return args.name, {**args.inputs, **outputs.get(kind, {})}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"{args.token} is called")

    def container(self, name: str) -> dict[str, Any]:
        return self.resources["Container", name]

    def named(self, kind: str) -> set[str]:
        return {inputs["name"] for (found, _), inputs in self.resources.items() if found == kind}


@dataclass
class Program:
    engine: Engine
    server: Postgres
    store: ObjectStore


def run(engine: Engine | None = None, **config: str) -> Program:
    """Run the three functions of the target as the components do."""
    settings = Settings.parse(
        "p", "docker", {"p:target": "docker", **{f"p:{key}": text for key, text in config.items()}}
    )
    engine = engine or Engine()
    pulumi.runtime.set_mocks(engine, project="p", stack="docker", preview=False)
    made: list[Any] = []

    def program() -> None:
        parent = pulumi.ComponentResource("test:index:Parent", "parent")
        server, store = postgres(parent, settings), object_store(parent, settings)
        made.extend([server, store])
        reader = backup.database_inside(server.endpoint)
        bucket = BucketAccess(store.endpoint, store.region, "bucket", store.job.access_key, store.job.secret_key)
        inside = backup.bucket_inside(bucket)
        values = {"database": reader.url, "endpoint": inside.endpoint, "key": inside.secret_key}
        configuration: pulumi.Output[str] = pulumi.Output.secret(pulumi.Output.json_dumps(values))
        container, image = backup.backup_schedule(parent, configuration, settings, after=[])
        assert store.pruner is not None
        deleting: pulumi.Output[str] = pulumi.Output.secret(pulumi.Output.json_dumps({"key": store.pruner.secret_key}))
        backup.prune_schedule(parent, image, deleting, settings, after=[container])

    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    return Program(engine, *made)


class Loops(asyncio.DefaultEventLoopPolicy):
    """Knows every loop that is made, in whichever thread."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[asyncio.AbstractEventLoop] = []

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        loop = super().new_event_loop()
        self.made.append(loop)
        return loop


@pytest.fixture(scope="module", autouse=True)
def _loops_are_closed() -> Iterator[None]:
    """The SDK's mocks make a loop in each of their threads and close none: some later test would be warned."""
    loops = Loops()
    asyncio.set_event_loop_policy(loops)
    try:
        yield
    finally:
        asyncio.set_event_loop_policy(None)
        for loop in loops.made:
            loop.close()


@pytest.fixture(scope="module")
def program() -> Program:
    return run()


def uploads(engine: Engine, service: str) -> dict[str, str]:
    """The files of a service, which have to be secret as a whole."""
    files = engine.container(f"{service}-files")["uploads"]
    assert is_rpc_secret(files)
    return {upload["file"]: upload["content"] for upload in unwrap_rpc_secret(files)}


@pytest.mark.parametrize("service", STARTED)
def test_a_container_has_no_privileges_and_limits(program: Program, service: str) -> None:
    container = program.engine.container(service)
    assert container["capabilities"] == {"drops": ["ALL"]}
    assert container["securityOpts"] == ["no-new-privileges:true"]
    assert container["readOnly"] is True
    assert container["memory"] == container["memorySwap"] >= 256
    assert container["cpus"] == "1.0"
    assert container["logOpts"] == {"max-size": "10m", "max-file": "3"}
    assert container["wait"] is True
    assert container["healthcheck"]["tests"]
    assert "privileged" not in container


@pytest.mark.parametrize("service", STARTED)
def test_an_image_is_named_by_its_content(program: Program, service: str) -> None:
    assert program.engine.container(service)["image"] == f"{IMAGE}{IMAGES.get(service, service)}"


def test_two_ports_are_published_on_loopback(program: Program) -> None:
    published = {service: program.engine.container(service).get("ports", []) for service in STARTED}
    assert [port["ip"] for ports in published.values() for port in ports] == ["127.0.0.1"] * 2
    assert [port["internal"] for ports in published.values() for port in ports] == [5432, 8333]
    assert published["backup"] == published["prune"] == []


def test_a_port_asked_for_is_the_one_published() -> None:
    engine = run(postgresPort="15432").engine
    assert [port["external"] for port in engine.container("postgres")["ports"]] == [15432]
    assert ("Port", "postgres-port") not in engine.resources
    assert ("Port", "object-store-port") in engine.resources


def test_the_database_and_the_store_do_not_see_each_other(program: Program) -> None:
    def networks(service: str) -> list[str]:
        return [network["name"] for network in program.engine.container(service)["networksAdvanced"]]

    assert networks("postgres") == ["agent-ecosystem-docker-postgres"]
    assert networks("object-store") == ["agent-ecosystem-docker-object-store"]
    assert networks("backup") == [*networks("postgres"), *networks("object-store")]
    assert networks("prune") == networks("object-store")


def test_secrets_go_into_files_alone(program: Program) -> None:
    for (kind, name), inputs in program.engine.resources.items():
        if kind == "Container" and not name.endswith("-files"):
            assert SECRET not in json.dumps(inputs), name
            mount = next(volume for volume in inputs["volumes"] if volume["containerPath"] == "/run/agent-ecosystem")
            assert mount["readOnly"] is True
        if kind in {"Image", "RemoteImage", "Volume", "Network"}:
            assert SECRET not in json.dumps(inputs), name
    assert uploads(program.engine, "postgres") == {
        "/run/agent-ecosystem/superuser.password": f"{SECRET}superuser-password"
    }
    found = store_identities.read(uploads(program.engine, "object-store")["/run/agent-ecosystem/s3.json"])
    assert {name: identity.secret_key for name, identity in found.items()} == {
        "administrator": f"{SECRET}object-store-key",
        "backup": f"{SECRET}object-store-backup-key",
        "prune": f"{SECRET}object-store-prune-key",
    }
    assert [name for name, identity in found.items() if identity.policy is None] == ["administrator"]
    job = json.loads(uploads(program.engine, "backup")["/run/agent-ecosystem/job.json"])
    assert job["key"] == f"{SECRET}object-store-backup-key"
    assert job["database"] == f"postgresql://postgres:{SECRET}superuser-password@postgres:5432/postgres"
    assert job["endpoint"] == "http://object-store:8333"
    pruner = uploads(program.engine, "prune")
    assert pruner == {"/run/agent-ecosystem/prune.json": json.dumps({"key": f"{SECRET}object-store-prune-key"})}
    assert program.engine.container("prune")["envs"] == ["BACKUP_CONFIG=/run/agent-ecosystem/prune.json"]


def test_files_are_brought_by_a_container_that_never_runs(program: Program) -> None:
    for service in STARTED:
        carrier = program.engine.container(f"{service}-files")
        assert carrier["start"] is False
        assert carrier["mustRun"] is False
        assert carrier["networkMode"] == "none"


def test_the_place_of_the_state_is_told_without_what_its_url_keeps_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://me:pw@team-state/dev?region=eu-central-1")
    label = {"label": "agent-ecosystem.state", "value": "s3://team-state/dev"}
    assert label in run().engine.container("postgres-files")["labels"]
    monkeypatch.delenv("PULUMI_BACKEND_URL")
    assert run().engine.container("postgres-files")["labels"][1]["value"] == PROJECT_FOLDER.as_uri()


@pytest.mark.parametrize("service", STARTED)
def test_a_changed_file_makes_its_container_anew(program: Program, service: str) -> None:
    labels = program.engine.container(service)["labels"]
    assert labels[0] == {"label": "agent-ecosystem.stack", "value": "docker"}
    assert not is_rpc_secret(labels[1]["value"])
    assert run().engine.container(service)["labels"] == labels
    assert run(Engine(secret="another-")).engine.container(service)["labels"] != labels


def test_everything_is_named_after_its_stack(program: Program) -> None:
    expected = {f"agent-ecosystem-docker-{service}" for service in STARTED}
    assert program.engine.named("Container") == expected | {f"{name}-files" for name in expected}
    assert program.engine.named("Volume") == program.engine.named("Container") - {
        "agent-ecosystem-docker-backup",
        "agent-ecosystem-docker-prune",
    }


def test_postgres_settings_are_its_parameters() -> None:
    engine = run(postgresSettings='{"work_mem":"64MB"}').engine
    command = engine.container("postgres")["command"]
    assert command[0] == "postgres"
    assert "work_mem=64MB" in command
    assert command[command.index("work_mem=64MB") - 1] == "-c"


def test_limits_are_as_configured() -> None:
    engine = run(limits='{"postgres":{"memory":2048,"cpus":1.5}}').engine
    container = engine.container("postgres")
    assert (container["memory"], container["cpus"], container["shmSize"]) == (2048, "1.5", 512)
    assert engine.container("backup")["memory"] == 512


def test_supabase_has_another_superuser_and_roles_of_its_own() -> None:
    program = run(postgresImage="supabase/postgres:17.4.1.048")
    container = program.engine.container("postgres")
    endpoint: Endpoint = program.server.endpoint
    assert endpoint.user == "supabase_admin"
    assert endpoint.roles == {"anon", "authenticated", "service_role"}
    assert container["command"][:3] == ["postgres", "-D", "/etc/postgresql"]
    assert container["entrypoints"] == run().engine.container("postgres")["entrypoints"]  # which sets the password
    assert container["capabilities"]["drops"] == ["ALL"]
    assert "CAP_SETUID" in container["capabilities"]["adds"]
    assert "agent-ecosystem-docker-postgres-keys" in program.engine.named("Volume")


def test_the_job_s_image_has_the_servers_client_programs() -> None:
    program = run(postgresImage="pgvector/pgvector:pg16")
    assert program.engine.resources["Image", "backup"]["build"]["args"]["POSTGRES_MAJOR"] == "16"
    assert program.server.programs.folder == "/usr/lib/postgresql/16/bin"


def test_the_job_s_image_is_tagged_by_what_it_is_built_from(program: Program) -> None:
    name = program.engine.resources["Image", "backup"]["imageName"]
    assert name == program.engine.resources["RemoteImage", "backup"]["name"]
    assert name != run(postgresImage="pgvector/pgvector:pg16").engine.resources["Image", "backup"]["imageName"]


@pytest.mark.usefixtures("contexts")
@pytest.mark.parametrize(
    ("name", "said", "shown"),
    [
        ("DOCKER_HOST", "ssh://elsewhere", "DOCKER_HOST is ssh://elsewhere: .*: unset DOCKER_HOST, or"),
        ("docker:host", "ssh://elsewhere", "docker:host is ssh://elsewhere: .*: run `pulumi config rm docker:host`"),
        ("docker:host", "tcp://127.0.0.1:2375", "docker:host is tcp://127.0.0.1:2375: "),
        ("DOCKER_CONTEXT", "far", "DOCKER_CONTEXT is far, which leads to ssh://elsewhere: .*: unset DOCKER_CONTEXT"),
        ("docker:context", "far", "docker:context is far, which leads to ssh://elsewhere: "),
    ],
)
def test_an_engine_on_another_machine_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, said: str, shown: str
) -> None:
    with engine_named(monkeypatch, name, said), pytest.raises(pulumi.RunError, match=shown):
        run()


@pytest.mark.usefixtures("contexts")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("DOCKER_HOST", "unix:///run/other.sock"),
        ("docker:host", "unix:///run/other.sock"),
        ("DOCKER_CONTEXT", "near"),
        ("docker:context", "default"),
        ("docker:context", "unknown"),
    ],
)
def test_an_engine_of_this_machine_is_taken(monkeypatch: pytest.MonkeyPatch, name: str, said: str) -> None:
    with engine_named(monkeypatch, name, said):
        assert run().engine.named("Network")


@pytest.fixture
def contexts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contexts of the Docker command line, as `docker context create` writes them."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    for name, host in (("far", "ssh://elsewhere"), ("near", "unix:///run/other.sock")):
        folder = tmp_path / "contexts" / "meta" / sha256(name.encode()).hexdigest()
        folder.mkdir(parents=True)
        meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
        (folder / "meta.json").write_text(json.dumps(meta))


@contextmanager
def engine_named(monkeypatch: pytest.MonkeyPatch, name: str, said: str) -> Iterator[None]:
    """Name an engine in the environment, or by a key of the configuration, for the length of a block."""
    for variable in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(variable, raising=False)
    if ":" not in name:
        monkeypatch.setenv(name, said)
        yield
        return
    set_all_config({name: said})
    try:
        yield
    finally:
        set_all_config({})
