"""`docker.Container` through the protocol, against a real engine: what it is made of, changed, found again."""

from typing import Any

import docker
import docker.errors
import pytest

from infra.plugin import UNKNOWN
from tests.provider.offline_docker.driver import Driver
from tests.provider.plugin_client import PluginError

BASE = "debian:trixie-slim"
FOREVER = ["sleep", "600"]


def simple(name: str, **others: object) -> dict[str, Any]:
    return {"name": name, "image": BASE, "command": FOREVER, "init": True, **others}


def everything(name: str, network: str, volume: str) -> dict[str, Any]:
    """Most of what a container can be given, in the spelling the engine does not use."""
    return simple(
        name,
        envs=["COLOUR=red", "SIZE=large"],
        labels=[{"label": "stack", "value": "test"}],
        hostname="inside",
        user="1000:1000",
        workingDir="/srv",
        stopSignal="SIGINT",
        stopTimeout=7,
        networkMode="bridge",
        networksAdvanced=[{"name": network, "aliases": ["store", "s3"]}],
        ports=[{"internal": 8080, "ip": "127.0.0.1"}, {"internal": 53, "protocol": "udp", "ip": "127.0.0.1"}],
        hosts=[{"host": "here", "ip": "127.0.0.1"}],
        dns=["127.0.0.1"],
        volumes=[{"volumeName": volume, "containerPath": "/old"}],
        mounts=[
            {"type": "volume", "source": volume, "target": "/data", "readOnly": True},
            {"type": "tmpfs", "target": "/scratch", "tmpfsOptions": {"sizeBytes": 1048576}},
        ],
        tmpfs={"/run": "size=1m"},
        readOnly=True,
        shmSize=96,
        capabilities={"drops": ["ALL"], "adds": ["CAP_CHOWN"]},
        securityOpts=["no-new-privileges:true"],
        ulimits=[{"name": "nofile", "soft": 256, "hard": 512}],
        groupAdds=["2000"],
        sysctls={"net.ipv4.ip_default_ttl": "65"},
        memory=64,
        memoryReservation=32,
        memorySwap=128,
        cpus="0.50",
        cpuShares=512,
        logDriver="json-file",
        logOpts={"max-size": "1m"},
        restart="on-failure",
        maxRetryCount=2,
        healthcheck={"tests": ["CMD", "true"], "interval": "60s", "retries": 3},
        destroyGraceSeconds=3,
    )


def test_everything_is_given_and_nothing_differs(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    engine.networks.create(name)
    engine.volumes.create(name)
    wanted = everything(name, name, name)
    container = driver.resource("Container")
    state = container.create(**wanted)
    live = engine.containers.get(name).attrs
    host, config = live["HostConfig"], live["Config"]
    assert container.id == live["Id"]
    assert live["State"]["Running"]
    assert set(live["NetworkSettings"]["Networks"]) == {name}
    assert {"store", "s3"} <= set(live["NetworkSettings"]["Networks"][name]["Aliases"])
    assert {"COLOUR=red", "SIZE=large"} <= set(config["Env"])
    assert (config["User"], config["WorkingDir"], config["StopSignal"]) == ("1000:1000", "/srv", "SIGINT")
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (64 << 20, 128 << 20, 500_000_000)
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["Init"]) == (True, ["ALL"], True)
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "1m"}}
    assert config["Healthcheck"]["Interval"] == 60_000_000_000
    assert state["networkDatas"][0]["networkName"] == name
    assert {port["internal"]: bool(port["external"]) for port in state["ports"]} == {8080: True, 53: True}
    assert container.diff(**wanted).changes == {}
    before = dict(container.inputs)
    assert container.refresh()
    assert container.inputs == before
    assert container.diff(**wanted).changes == {}
    container.delete()
    with pytest.raises(docker.errors.NotFound):
        engine.containers.get(name)
    container.delete()


@pytest.mark.parametrize(
    "change",
    [
        {"image": "debian:other"},
        {"command": ["sleep", "601"]},
        {"envs": ["COLOUR=blue", "SIZE=large"]},
        {"user": "1001"},
        {"networkMode": "host"},
        {"networksAdvanced": [{"name": "other"}]},
        {"ports": [{"internal": 8081, "ip": "127.0.0.1"}]},
        {"ports": [{"internal": 8080, "ip": "127.0.0.1", "external": 1}]},
        {"mounts": [{"type": "volume", "source": "x", "target": "/other"}]},
        {"tmpfs": {"/run": "size=2m"}},
        {"readOnly": False},
        {"capabilities": {"drops": ["NET_RAW"]}},
        {"uploads": [{"file": "/x", "content": "y"}]},
        {"healthcheck": {"tests": ["CMD", "false"]}},
        {"labels": [{"label": "stack", "value": "other"}]},
    ],
    ids="-".join,
)
def test_what_replaces_it(shared: Any, change: dict[str, Any]) -> None:
    container, wanted = shared
    changed = container.diff(**{**wanted, **change})
    assert (changed.replaces, changed.delete_first) == (list(change), True)


@pytest.mark.parametrize(
    "spelling",
    [
        {"capabilities": {"drops": ["all"], "adds": ["chown"]}},
        {"cpus": "0.5"},
        {"envs": ["SIZE=large", "COLOUR=red"]},
        {"healthcheck": {"tests": ["CMD", "true"], "interval": "1m", "retries": 3}},
        {"ports": [{"internal": 53, "protocol": "udp", "ip": "127.0.0.1"}, {"internal": 8080, "ip": "127.0.0.1"}]},
        {"uploads": []},
        {"labels": [{"value": "test", "label": "stack"}]},
    ],
    ids="-".join,
)
def test_another_spelling_changes_nothing(shared: Any, spelling: dict[str, Any]) -> None:
    container, wanted = shared
    assert container.diff(**{**wanted, **spelling}).changes == {}


@pytest.fixture(scope="module")
def shared(client: Any, engine: docker.DockerClient) -> Any:
    """Give one container for the diffs, which change nothing."""
    name = f"offline-docker-shared-{engine.info()['ID'][:4].lower()}"
    wanted = {
        key: value
        for key, value in everything(name, "x", "x").items()
        if key not in ("networksAdvanced", "volumes", "mounts")
    }
    container = Driver(client).resource("Container")
    container.create(**wanted)
    try:
        yield container, wanted
    finally:
        container.delete()


def test_limits_and_restart_policy_change_in_place(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    container = driver.resource("Container")
    container.create(**simple(name, memory=32))
    first = container.id
    wanted = simple(name, memory=64, cpuShares=256, restart="unless-stopped")
    changed = container.diff(**wanted)
    assert (set(changed.changes), changed.replaces) == ({"memory", "cpuShares", "restart"}, [])
    container.update(**wanted)
    host = engine.containers.get(name).attrs["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["CpuShares"]) == (64 << 20, 128 << 20, 256)
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert engine.containers.get(name).id == first
    assert container.diff(**wanted).changes == {}
    unlimited = simple(name, cpuShares=256, restart="unless-stopped")
    assert container.diff(**unlimited).replaces == ["memory"]  # the engine takes no limit back


def test_a_state_of_the_official_plugin_is_understood(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    engine.networks.create(name)
    wanted = simple(
        name, networksAdvanced=[{"name": name, "aliases": ["a"]}], ports=[{"internal": 80, "ip": "127.0.0.1"}]
    )
    container = driver.resource("Container")
    container.create(**wanted)
    assert container.state["__meta"] == '{"schema_version": "2"}'
    noise = {
        "ipv4Address": "",
        "ipv6Address": "",
        "macAddress": "",
        "gwPriority": 0,
        "linkLocalIps": [],
        "driverOpts": [],
    }
    container.state["networksAdvanced"][0] |= noise
    container.state |= {"containerLogs": "", "ulimits": [], "gpus": "", "devices": [], "domainname": ""}
    container.inputs |= {"__defaults": ["logs"]}
    container.inputs["ports"][0] |= {"__defaults": ["protocol"], "protocol": "tcp"}
    assert container.diff(**wanted).changes == {}
    assert container.refresh()
    assert container.diff(**wanted).changes == {}


def test_one_removed_by_hand_is_gone(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    container = driver.resource("Container")
    container.create(**simple(name))
    engine.containers.get(name).remove(force=True)
    assert not container.refresh()


def test_one_that_was_stopped_is_started_again(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    container = driver.resource("Container")
    container.create(**simple(name))
    engine.containers.get(name).kill()
    assert container.refresh()
    changed = container.diff(**simple(name))
    assert (changed.changes, changed.replaces) == ({"mustRun": "UPDATE"}, [])
    container.update(**simple(name))
    assert engine.containers.get(name).status == "running"
    assert container.diff(**simple(name)).changes == {}


def test_one_that_may_end_is_left_alone(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    wanted = {"name": name, "image": BASE, "command": ["sh", "-c", "exit 4"], "mustRun": False}
    container = driver.resource("Container")
    container.create(**wanted)
    engine.containers.get(name).wait()
    assert container.refresh()
    assert container.state["exitCode"] == 4
    assert container.diff(**wanted).changes == {}


def test_other_limits_by_hand_are_seen(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    container = driver.resource("Container")
    container.create(**simple(name, memory=32))
    engine.containers.get(name).update(mem_limit="48m", memswap_limit="96m")
    assert container.refresh()
    assert container.inputs["memory"] == 48
    assert container.diff(**simple(name, memory=32)).changes == {"memory": "UPDATE"}


def test_the_image_by_id(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    image_id = str(engine.images.get(BASE).id)
    container = driver.resource("Container")
    container.create(**simple(name, image=image_id))
    assert container.refresh()
    assert container.diff(**simple(name, image=image_id)).changes == {}
    assert container.diff(**simple(name, image=UNKNOWN)).replaces == ["image"]


def test_a_start_that_fails_leaves_nothing(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    with pytest.raises(PluginError) as refused:
        driver.resource("Container").create(name=name, image=BASE, command=["/no/such/program"])
    assert refused.value.message.startswith(f"error creating container {name}: ")
    assert "/no/such/program" in refused.value.message
    assert "\n" not in refused.value.message
    assert refused.value.partial is None
    assert engine.containers.list(all=True, filters={"name": name}) == []


def test_a_network_that_is_not_there_leaves_nothing(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    with pytest.raises(PluginError, match=f"^error creating container {name}: network {name} not found"):
        driver.resource("Container").create(**simple(name, networksAdvanced=[{"name": name}]))
    assert engine.containers.list(all=True, filters={"name": name}) == []


def test_an_image_that_is_nowhere(driver: Driver, name: str) -> None:
    with pytest.raises(PluginError, match=f"^image 127.0.0.1:9/{name} is neither in the engine nor can it be pulled"):
        driver.resource("Container").create(**simple(name, image=f"127.0.0.1:9/{name}"))
    with pytest.raises(PluginError, match="an id can not be pulled"):
        driver.resource("Container").create(**simple(name, image=f"sha256:{'0' * 64}"))


def test_a_name_that_is_taken_is_an_error(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    stranger = engine.containers.create(BASE, FOREVER, name=name)
    with pytest.raises(PluginError) as refused:
        driver.resource("Container").create(**simple(name))
    assert refused.value.message == (
        f"error creating container {name}: the name is taken by container {str(stranger.id)[:12]} of image {BASE}, "
        f"which this stack did not make; remove it (`docker rm -f {name}`), or take another name"
    )
    assert engine.containers.get(name).id == stranger.id


def test_a_create_that_was_interrupted_is_finished(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    wanted = simple(name, uploads=[{"file": "/secret", "content": "4711"}])
    lost = driver.resource("Container")
    lost.create(**wanted)  # and nobody noted it
    again = driver.resource("Container")
    again.create(**wanted)
    assert again.id == lost.id
    with pytest.raises(PluginError, match="which this stack did not make"):
        driver.resource("Container").create(**{**wanted, "uploads": [{"file": "/secret", "content": "4712"}]})
    # One that was not started yet may lack its files.
    half = engine.containers.create(BASE, FOREVER, name=f"{name}-half", labels=engine.containers.get(name).labels)
    engine.containers.get(name).remove(force=True)
    half.rename(name)
    last = driver.resource("Container")
    last.create(**wanted)
    assert last.id != half.id
    assert engine.containers.get(name).exec_run(["cat", "/secret"]).output == b"4711"


def test_import_takes_what_is_there(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    there = engine.containers.run(BASE, FOREVER, name=name, detach=True, init=True, mem_limit="32m")
    container = driver.imported("Container", str(there.id))
    assert container.diff(**simple(name, memory=32)).changes == {}


def test_a_preview_makes_nothing(driver: Driver, engine: docker.DockerClient, name: str) -> None:
    outputs = driver.resource("Container").preview_create(**simple(name, image=UNKNOWN, ports=[{"internal": UNKNOWN}]))
    assert (outputs["name"], outputs["image"], outputs["networkDatas"]) == (name, UNKNOWN, UNKNOWN)
    assert engine.containers.list(all=True, filters={"name": name}) == []


def test_what_is_wrong_or_not_implemented_is_refused(driver: Driver) -> None:
    found = driver.failures(
        "Container",
        **simple("x", gpus="all", attach=True, colour="red", cpus="many", restart="perhaps", memory=-1),
        healthcheck={"interval": "soon", "startInterval": "1s"},
        uploads=[{"file": "/x"}, {"file": "/x", "content": "y", "permissions": "rw"}],
        networksAdvanced=[{"name": "n", "macAddress": "x"}],
        mounts=[{"type": "cluster", "target": "/x"}],
    )
    assert set(found) == {
        "gpus", "attach", "colour", "cpus", "restart", "memory", "healthcheck.interval", "healthcheck.startInterval",
        "uploads[0]", "uploads[1].permissions", "networksAdvanced[0].macAddress", "mounts[0].type",
    }  # fmt: skip
    assert found["gpus"] == "the offline plugin does not implement this property; leave it out"
    assert "`soon` is no duration; write one like `30s`" in found["healthcheck.interval"]
    assert set(driver.failures("Container", name="x")) == {"image"}
