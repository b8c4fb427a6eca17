"""The stand-in for the docker plugin, driven as the engine drives it."""

from tests.provider import managed
from tests.provider.plugin_client import PluginClient

TOKENS = {
    "Network": "docker:index/network:Network",
    "Volume": "docker:index/volume:Volume",
    "Image": "docker:index/image:Image",
    "RemoteImage": "docker:index/remoteImage:RemoteImage",
    "Container": "docker:index/container:Container",
}


class Driver(managed.Driver):
    """Makes resources to be driven."""

    def __init__(self, client: PluginClient):
        super().__init__(client, TOKENS)
