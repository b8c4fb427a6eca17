"""`docker.Network`: a network, by default a bridge of this machine's."""

import time
from typing import TYPE_CHECKING, Any

from pydantic import Field

from infra.plugin import Context, UserError
from infra.plugin.resource import State
from tools.offline_plugins.bridged import BridgedInputs
from tools.offline_plugins.docker.docker_resource import DockerResource, Label, adopt, from_map, to_map, written_as
from tools.offline_plugins.docker.engine import found
from tools.offline_plugins.docker.provider import engine_of

if TYPE_CHECKING:
    from docker import APIClient

RELEASE_SECONDS = 30.0
"""How long a delete waits for the last container to leave, as the official plugin does."""


class IpamConfig(BridgedInputs):
    """One range of addresses."""

    subnet: str = ""
    ip_range: str = ""
    gateway: str = ""
    aux_address: dict[str, str] = Field(default_factory=dict)


class NetworkInputs(BridgedInputs):
    """Inputs of `docker.Network`."""

    name: str = Field("", min_length=1)
    labels: list[Label] | None = None
    driver: str | None = None
    options: dict[str, str] | None = None
    internal: bool | None = None
    attachable: bool | None = None
    ingress: bool | None = None
    ipv6: bool | None = None
    ipam_driver: str = "default"
    ipam_options: dict[str, str] | None = None
    ipam_configs: list[IpamConfig] | None = None


class NetworkResource(DockerResource[NetworkInputs]):
    """A network; its id is the engine's. Any change replaces it."""

    token = "docker:index/network:Network"  # noqa: S105 - a type token
    inputs_type = NetworkInputs
    replace_on = frozenset(str(field.alias) for field in NetworkInputs.model_fields.values())
    server_chosen = frozenset({"driver", "options", "internal", "ipamConfigs"})
    computed = ("scope",)

    def create(self, context: Context, inputs: NetworkInputs) -> tuple[str, State]:
        """Create the network. Docker would allow a second one of the same name; here that is an error."""
        what = f"network {inputs.name}"
        with engine_of(context).working(f"error creating {what}") as client:
            for network in client.networks(names=[inputs.name]):
                if network["Name"] == inputs.name:  # the filter finds parts of names, too
                    state = _state(client.inspect_network(network["Id"]))
                    network_id = str(network["Id"])
                    adopt(context, self, inputs, state, what=what, found_id=network_id)
                    return network_id, state
            network_id = str(client.create_network(**_request(inputs))["Id"])
            return network_id, _state(client.inspect_network(network_id))

    def find(self, context: Context, resource_id: str, state: State) -> State | None:  # noqa: ARG002
        """Read the network by its id."""
        with engine_of(context).working(f"error reading network {resource_id}") as client:
            network = found(client.inspect_network, resource_id)
        return _state(dict(network)) if network is not None else None

    def update(self, context: Context, resource_id: str, old: State, inputs: NetworkInputs) -> State:  # noqa: ARG002
        """Return the network as it is: nothing of it can be changed."""
        return old

    def delete(self, context: Context, resource_id: str, state: State) -> None:
        """Remove the network, once its last container has left."""
        doing = f"error deleting network {state.get('name', resource_id)}"
        deadline = time.monotonic() + RELEASE_SECONDS
        with engine_of(context).working(doing) as client:
            while not _removed(client, resource_id):
                if time.monotonic() > deadline or context.cancelled.wait(0.5):
                    raise UserError(f"{doing}: containers are still connected to it; remove them first")


def _removed(client: "APIClient", network_id: str) -> bool:
    from docker.errors import APIError, NotFound  # noqa: PLC0415

    try:
        client.remove_network(network_id)
    except NotFound:
        return True
    except APIError as error:
        if "has active endpoints" in str(error.explanation):
            return False
        raise
    return True


def _request(inputs: NetworkInputs) -> dict[str, Any]:
    pools = [
        {
            "Subnet": pool.subnet or None,
            "IPRange": pool.ip_range or None,
            "Gateway": pool.gateway or None,
            "AuxiliaryAddresses": pool.aux_address or None,
        }
        for pool in inputs.ipam_configs or ()
    ]
    return {
        "name": inputs.name,
        "driver": inputs.driver,
        "options": inputs.options,
        "ipam": {"Driver": inputs.ipam_driver, "Config": pools, "Options": inputs.ipam_options},
        "check_duplicate": True,
        "internal": bool(inputs.internal),
        "labels": to_map(inputs.labels),
        "enable_ipv6": bool(inputs.ipv6),
        "attachable": inputs.attachable,
        "ingress": inputs.ingress,
    }


def _state(network: dict[str, Any]) -> State:
    ipam = network.get("IPAM") or {}
    return {
        "name": network["Name"],
        "labels": from_map(network.get("Labels")),
        "driver": network["Driver"],
        "options": network.get("Options") or {},
        "internal": bool(network.get("Internal")),
        "attachable": bool(network.get("Attachable")),
        "ingress": bool(network.get("Ingress")),
        "ipv6": bool(network.get("EnableIPv6")),
        "ipamDriver": ipam.get("Driver") or "default",
        "ipamOptions": ipam.get("Options") or {},
        "ipamConfigs": [
            {
                "subnet": pool.get("Subnet", ""),
                "ipRange": pool.get("IPRange", ""),
                "gateway": pool.get("Gateway", ""),
                "auxAddress": pool.get("AuxiliaryAddresses") or {},
            }
            for pool in ipam.get("Config") or ()
        ],
        "scope": network.get("Scope", ""),
        **written_as(1),
    }
