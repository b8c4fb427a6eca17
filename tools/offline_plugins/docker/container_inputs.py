"""The inputs of `docker.Container`, with the official plugin's names and defaults."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from tools.offline_plugins.bridged import BridgedInputs, NotImplementedHere
from tools.offline_plugins.docker.docker_resource import Label
from tools.offline_plugins.docker.durations import nanoseconds

Port16 = Annotated[int, Field(ge=0, le=65535)]


def _is_duration(text: str) -> str:
    nanoseconds(text)
    return text


def _is_number(text: str) -> str:
    try:
        if Decimal(text) > 0:
            return text
    except InvalidOperation:
        pass
    raise ValueError(f"`{text}` is no number of CPUs; write one like `0.5` or `2`")


Duration = Annotated[str, AfterValidator(_is_duration)]


class Capabilities(BridgedInputs):
    """Linux capabilities beyond and without the usual ones."""

    adds: list[str] | None = None
    drops: list[str] | None = None


class Healthcheck(BridgedInputs):
    """How the engine finds out whether the container works."""

    tests: list[str] | None = None
    interval: Duration = "0s"
    timeout: Duration = "0s"
    start_period: Duration = "0s"
    start_interval: Literal["0s"] = "0s"
    """Older engines ignore it without a word: not implemented here."""
    retries: int = Field(0, ge=0)


class Host(BridgedInputs):
    """A line of /etc/hosts."""

    host: str
    ip: str


class BindOptions(BridgedInputs):
    """Options of a mounted folder of the host's."""

    propagation: Literal["private", "rprivate", "shared", "rshared", "slave", "rslave"] | None = None


class VolumeOptions(BridgedInputs):
    """Options of a mounted volume."""

    no_copy: bool = False
    labels: list[Label] | None = None
    driver_name: str | None = None
    driver_options: dict[str, str] | None = None
    subpath: NotImplementedHere = None


class TmpfsOptions(BridgedInputs):
    """Options of a mounted tmpfs."""

    size_bytes: int | None = Field(None, ge=0)
    mode: int | None = None


class Mount(BridgedInputs):
    """A volume, folder or tmpfs at a path in the container."""

    target: str
    type: Literal["bind", "volume", "tmpfs"]
    source: str = ""
    read_only: bool = False
    bind_options: BindOptions | None = None
    volume_options: VolumeOptions | None = None
    tmpfs_options: TmpfsOptions | None = None


class Attachment(BridgedInputs):
    """A network the container is connected to."""

    name: str
    aliases: list[str] | None = None
    ipv4_address: str | None = None
    ipv6_address: str | None = None
    driver_opts: NotImplementedHere = None
    gw_priority: Literal[0] = 0
    link_local_ips: NotImplementedHere = None
    mac_address: NotImplementedHere = None


class PublishedPort(BridgedInputs):
    """A port of the container's, on the host: at a port of the engine's choice unless `external` is given."""

    internal: Port16
    external: Port16 | None = None
    ip: str = "0.0.0.0"  # noqa: S104 - the official plugin's default
    protocol: Literal["tcp", "udp", "sctp"] = "tcp"


class Ulimit(BridgedInputs):
    """A limit of a process, soft and hard."""

    name: str
    soft: int
    hard: int


class Upload(BridgedInputs):
    """A file written into the container before it starts."""

    file: str = Field(min_length=1)
    content: str | None = None
    content_base64: str | None = None
    source: str | None = None
    source_hash: str | None = None
    executable: bool = False
    permissions: str | None = Field(None, pattern="^0[0-7]{3}$")
    owner: str | None = Field(None, pattern="^[0-9]+$")
    group: str | None = Field(None, pattern="^[0-9]+$")

    @model_validator(mode="after")
    def _one_content(self) -> "Upload":
        if sum(given is not None for given in (self.content, self.content_base64, self.source)) != 1:
            raise PydanticCustomError("one_content", "give one of `content`, `content_base64` and `source`")
        return self


class VolumeMount(BridgedInputs):
    """A volume or folder at a path in the container, in the older notation."""

    container_path: str = ""
    volume_name: str = ""
    host_path: str = ""
    read_only: bool = False
    from_container: NotImplementedHere = None
    selinux_relabel: NotImplementedHere = None


class ContainerInputs(BridgedInputs):
    """Inputs of `docker.Container`; sizes are in MiB."""

    name: str = Field("", min_length=1)
    image: str = Field(min_length=1)
    command: list[str] | None = None
    entrypoints: list[str] | None = None
    envs: list[str] | None = None
    labels: list[Label] | None = None
    hostname: str | None = None
    domainname: str | None = None
    user: str | None = None
    working_dir: str | None = None
    tty: bool = False
    stdin_open: bool = False
    stop_signal: str | None = None
    stop_timeout: int | None = Field(None, ge=0)
    healthcheck: Healthcheck | None = None

    network_mode: str = "bridge"
    networks_advanced: list[Attachment] | None = None
    ports: list[PublishedPort] | None = None
    publish_all_ports: bool | None = None
    hosts: list[Host] | None = None
    dns: list[str] | None = None
    dns_opts: list[str] | None = None
    dns_searches: list[str] | None = None

    volumes: list[VolumeMount] | None = None
    mounts: list[Mount] | None = None
    tmpfs: dict[str, str] | None = None
    uploads: list[Upload] | None = None
    read_only: bool = False
    shm_size: int | None = Field(None, ge=0)
    storage_opts: dict[str, str] | None = None

    capabilities: Capabilities | None = None
    security_opts: list[str] | None = None
    privileged: bool | None = None
    group_adds: list[str] | None = None
    sysctls: dict[str, str] | None = None
    ulimits: list[Ulimit] | None = None
    init: bool | None = None
    ipc_mode: str | None = None
    pid_mode: str | None = None
    userns_mode: str | None = None
    runtime: str | None = None

    memory: int | None = Field(None, ge=0)
    memory_reservation: int = Field(0, ge=0)
    memory_swap: int | None = Field(None, ge=-1)
    cpus: Annotated[str, AfterValidator(_is_number)] | None = None
    cpu_shares: int | None = Field(None, ge=0)
    cpu_set: str | None = Field(None, pattern=r"^\d+([,-]\d+)*$")

    log_driver: str | None = None
    log_opts: dict[str, str] | None = None

    restart: Literal["no", "on-failure", "always", "unless-stopped"] = "no"
    max_retry_count: int | None = Field(None, ge=0)
    must_run: bool = True
    start: bool = True
    wait: bool = False
    wait_timeout: int = Field(60, ge=0)
    """Seconds."""
    rm: bool = False
    remove_volumes: bool = True
    destroy_grace_seconds: int | None = Field(None, ge=0)

    attach: Literal[False] = False
    logs: Literal[False] = False
    cgroup_parent: NotImplementedHere = None
    cgroupns_mode: NotImplementedHere = None
    container_read_refresh_timeout_milliseconds: Literal[15000] = 15000
    cpu_period: NotImplementedHere = None
    cpu_quota: NotImplementedHere = None
    device_cgroup_rules: NotImplementedHere = None
    device_read_bps: NotImplementedHere = None
    device_read_iops: NotImplementedHere = None
    device_requests: NotImplementedHere = None
    device_write_bps: NotImplementedHere = None
    device_write_iops: NotImplementedHere = None
    devices: NotImplementedHere = None
    gpus: NotImplementedHere = None
    platform: NotImplementedHere = None
