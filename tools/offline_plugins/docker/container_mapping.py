"""A container's properties as the engine writes them: in the request that makes it, and in what it says of it later."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from infra.plugin.resource import State
from tools.offline_plugins.docker.container_inputs import ContainerInputs, Mount
from tools.offline_plugins.docker.docker_resource import from_map, to_map, written_as
from tools.offline_plugins.docker.durations import duration, nanoseconds

MIB = 1024 * 1024

CONFIG = {
    "command": "Cmd",
    "domainname": "Domainname",
    "entrypoints": "Entrypoint",
    "hostname": "Hostname",
    "stdinOpen": "OpenStdin",
    "stopSignal": "StopSignal",
    "stopTimeout": "StopTimeout",
    "tty": "Tty",
    "user": "User",
    "workingDir": "WorkingDir",
}
"""Properties that are the same in the engine's `Config`."""

HOST_CONFIG = {
    "cpuSet": "CpusetCpus",
    "cpuShares": "CpuShares",
    "dns": "Dns",
    "dnsOpts": "DnsOptions",
    "dnsSearches": "DnsSearch",
    "groupAdds": "GroupAdd",
    "init": "Init",
    "ipcMode": "IpcMode",
    "networkMode": "NetworkMode",
    "pidMode": "PidMode",
    "privileged": "Privileged",
    "publishAllPorts": "PublishAllPorts",
    "readOnly": "ReadonlyRootfs",
    "rm": "AutoRemove",
    "runtime": "Runtime",
    "securityOpts": "SecurityOpt",
    "storageOpts": "StorageOpt",
    "sysctls": "Sysctls",
    "tmpfs": "Tmpfs",
    "usernsMode": "UsernsMode",
}
"""Properties that are the same in the engine's `HostConfig`."""

MEBIBYTES = {
    "memory": "Memory",
    "memoryReservation": "MemoryReservation",
    "memorySwap": "MemorySwap",
    "shmSize": "ShmSize",
}
"""Properties in MiB whose counterpart in `HostConfig` is in bytes; -1 stays."""


def request(inputs: ContainerInputs, image: str, extra_labels: Mapping[str, str]) -> dict[str, Any]:
    """Return what the engine is asked to make."""
    given = inputs.model_dump(by_alias=True)
    config: dict[str, Any] = {field: given[name] for name, field in CONFIG.items() if given[name] is not None}
    config |= {
        "Image": image,
        "Env": inputs.envs or [],
        "Labels": {**to_map(inputs.labels), **extra_labels},
        "ExposedPorts": {f"{port.internal}/{port.protocol}": {} for port in inputs.ports or ()},
        "Volumes": {volume.container_path: {} for volume in inputs.volumes or ()},
        "HostConfig": _host_config(inputs, given),
    }
    if inputs.healthcheck is not None:
        check = inputs.healthcheck
        config["Healthcheck"] = {
            "Test": check.tests or [],
            "Interval": nanoseconds(check.interval),
            "Timeout": nanoseconds(check.timeout),
            "StartPeriod": nanoseconds(check.start_period),
            "Retries": check.retries,
        }
    return config


def limits(inputs: ContainerInputs) -> dict[str, Any]:
    """Return the limits that a container can be given later, too; nothing and zero stand for none."""
    swap = inputs.memory_swap
    return {
        "CpuShares": inputs.cpu_shares or 0,
        "CpusetCpus": inputs.cpu_set or "",
        "Memory": (inputs.memory or 0) * MIB,
        "MemoryReservation": inputs.memory_reservation * MIB,
        # Without it the engine would hold a larger memory against the swap it chose for the smaller one.
        "MemorySwap": 2 * (inputs.memory or 0) * MIB if swap is None else _bytes(swap),
    }


def restart_policy(inputs: ContainerInputs) -> Any:
    """Return when the engine starts the container again by itself."""
    return {"Name": inputs.restart, "MaximumRetryCount": inputs.max_retry_count or 0}


def state(container: Mapping[str, Any], kept: State) -> State:
    """Return the container's properties.

    Args:
        container: what the engine says of it.
        kept: the last state or the inputs, for what the engine does not tell apart from the image's own (`envs`,
            `labels`), does not know (`wait`) or should not be asked for (`uploads`).
    """
    config, host = container["Config"], container["HostConfig"]
    running = bool(container["State"]["Running"])
    found = {name: config.get(field) for name, field in CONFIG.items()}
    found |= {name: host.get(field) for name, field in HOST_CONFIG.items()}
    found |= {name: _mebibytes(host.get(field) or 0) for name, field in MEBIBYTES.items()}
    found |= {
        "name": container["Name"].lstrip("/"),
        # The image's id where the program gave one: the engine keeps what it was asked for, an id or a name.
        "image": container["Image"] if str(kept.get("image", "")).startswith("sha256:") else config["Image"],
        "capabilities": {"adds": host.get("CapAdd") or [], "drops": host.get("CapDrop") or []},
        "cpus": _decimal(host.get("NanoCpus") or 0),
        "healthcheck": _healthcheck(config.get("Healthcheck")),
        "hosts": [dict(zip(("host", "ip"), line.split(":", 1), strict=True)) for line in host.get("ExtraHosts") or ()],
        "logDriver": host["LogConfig"]["Type"],
        "logOpts": host["LogConfig"].get("Config") or {} if kept.get("logOpts") else {},
        "maxRetryCount": host["RestartPolicy"].get("MaximumRetryCount", 0),
        "mounts": [_mount(mount) for mount in host.get("Mounts") or ()],
        "mustRun": bool(kept.get("mustRun", True)) and running,
        "ports": _ports(container),
        "restart": host["RestartPolicy"]["Name"] or "no",
        "ulimits": [
            {"name": limit["Name"], "soft": limit["Soft"], "hard": limit["Hard"]} for limit in host.get("Ulimits") or ()
        ],
        **_outputs(container),
        **written_as(2),
    }
    names = [str(field.alias) for field in ContainerInputs.model_fields.values()]
    remembered = {name: kept[name] for name in names if name not in found and kept.get(name) is not None}
    return {**remembered, **{name: value for name, value in found.items() if value is not None}}


def _host_config(inputs: ContainerInputs, given: Mapping[str, Any]) -> dict[str, Any]:
    host = {field: given[name] for name, field in HOST_CONFIG.items() if given[name] is not None}
    capabilities = inputs.capabilities
    host |= {field: _bytes(given[name]) for name, field in MEBIBYTES.items() if given[name] is not None}
    host |= {
        "Binds": [
            f"{volume.host_path or volume.volume_name}:{volume.container_path}:{'ro' if volume.read_only else 'rw'}"
            for volume in inputs.volumes or ()
            if volume.host_path or volume.volume_name
        ],
        "CapAdd": capabilities.adds if capabilities else None,
        "CapDrop": capabilities.drops if capabilities else None,
        "ExtraHosts": [f"{line.host}:{line.ip}" for line in inputs.hosts or ()],
        "LogConfig": {"Type": inputs.log_driver or "", "Config": inputs.log_opts or {}},
        "Mounts": [_mount_request(mount) for mount in inputs.mounts or ()],
        "NanoCpus": int(Decimal(inputs.cpus) * 10**9) if inputs.cpus else 0,
        "PortBindings": _bindings(inputs),
        "RestartPolicy": restart_policy(inputs),
        "Ulimits": [{"Name": limit.name, "Soft": limit.soft, "Hard": limit.hard} for limit in inputs.ulimits or ()],
    }
    return host


def _bindings(inputs: ContainerInputs) -> dict[str, list[dict[str, str]]]:
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in inputs.ports or ():
        external = "" if port.external is None else str(port.external)
        bindings.setdefault(f"{port.internal}/{port.protocol}", []).append({"HostIp": port.ip, "HostPort": external})
    return bindings


def _ports(container: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the ports asked for, each with the host's port that it has now."""
    live = (container.get("NetworkSettings") or {}).get("Ports") or {}
    ports = []
    for key, bindings in sorted((container["HostConfig"].get("PortBindings") or {}).items()):
        internal, _, protocol = key.partition("/")
        given = list(live.get(key) or ())
        for binding in bindings:
            ip = binding.get("HostIp") or "0.0.0.0"  # noqa: S104 - what an empty one means to the engine
            external = binding.get("HostPort") or next((now["HostPort"] for now in given if now["HostIp"] == ip), None)
            port = {"internal": int(internal), "ip": ip, "protocol": protocol}
            ports.append({**port, **({"external": int(external)} if external and external != "0" else {})})
    return ports


def _healthcheck(check: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not check:
        return None
    return {
        "tests": check.get("Test") or [],
        "interval": duration(check.get("Interval", 0)),
        "timeout": duration(check.get("Timeout", 0)),
        "startPeriod": duration(check.get("StartPeriod", 0)),
        "retries": check.get("Retries", 0),
    }


def _mount_request(mount: Mount) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "Type": mount.type,
        "Target": mount.target,
        "Source": mount.source,
        "ReadOnly": mount.read_only,
    }
    if mount.bind_options and mount.bind_options.propagation:
        asked["BindOptions"] = {"Propagation": mount.bind_options.propagation}
    if options := mount.volume_options:
        asked["VolumeOptions"] = {"NoCopy": options.no_copy, "Labels": to_map(options.labels)}
        if options.driver_name or options.driver_options:
            driver = {"Name": options.driver_name or "", "Options": options.driver_options or {}}
            asked["VolumeOptions"]["DriverConfig"] = driver
    if tmpfs := mount.tmpfs_options:
        asked["TmpfsOptions"] = {"SizeBytes": tmpfs.size_bytes or 0, "Mode": tmpfs.mode or 0}
    return asked


def _mount(mount: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": mount["Type"],
        "target": mount["Target"],
        "source": mount.get("Source", ""),
        "readOnly": bool(mount.get("ReadOnly")),
    }
    if bind := mount.get("BindOptions"):
        found["bindOptions"] = {"propagation": bind.get("Propagation")}
    if volume := mount.get("VolumeOptions"):
        driver = volume.get("DriverConfig") or {}
        found["volumeOptions"] = {
            "noCopy": bool(volume.get("NoCopy")),
            "labels": from_map(volume.get("Labels")),
            "driverName": driver.get("Name"),
            "driverOptions": driver.get("Options"),
        }
    if tmpfs := mount.get("TmpfsOptions"):
        found["tmpfsOptions"] = {"sizeBytes": tmpfs.get("SizeBytes"), "mode": tmpfs.get("Mode")}
    return found


def _outputs(container: Mapping[str, Any]) -> State:
    settings = container.get("NetworkSettings") or {}
    return {
        "bridge": settings.get("Bridge", ""),
        "exitCode": container["State"].get("ExitCode", 0),
        "networkDatas": [
            {
                "networkName": name,
                "ipAddress": network.get("IPAddress", ""),
                "ipPrefixLength": network.get("IPPrefixLen", 0),
                "gateway": network.get("Gateway", ""),
                "globalIpv6Address": network.get("GlobalIPv6Address", ""),
                "globalIpv6PrefixLength": network.get("GlobalIPv6PrefixLen", 0),
                "ipv6Gateway": network.get("IPv6Gateway", ""),
                "macAddress": network.get("MacAddress", ""),
            }
            for name, network in sorted((settings.get("Networks") or {}).items())
        ],
    }


def _bytes(mebibytes: int) -> int:
    return mebibytes * MIB if mebibytes > 0 else mebibytes


def _mebibytes(size: int) -> int:
    return size // MIB if size > 0 else size


def _decimal(nano_cpus: int) -> str:
    return f"{Decimal(nano_cpus) / 10**9:f}".rstrip("0").rstrip(".") if nano_cpus else ""
