"""The plugin's process: `pulumi-resource-docker` starts here."""

import infra.lean  # noqa: F401 - before everything else: see there
from infra.plugin import Plugin, serve
from tools.offline_plugins.docker.container import ContainerResource
from tools.offline_plugins.docker.image import ImageResource
from tools.offline_plugins.docker.network import NetworkResource
from tools.offline_plugins.docker.provider import configure
from tools.offline_plugins.docker.remote_image import RemoteImageResource
from tools.offline_plugins.docker.volume import VolumeResource

OFFICIAL_VERSION = "5.2.0"
"""The version of pulumi_docker whose plugin this stands in for; the SDK asks for it by number."""

PLUGIN = Plugin(
    name="docker",
    version=OFFICIAL_VERSION,
    resources=(NetworkResource(), VolumeResource(), ImageResource(), RemoteImageResource(), ContainerResource()),
    configure=configure,
)

if __name__ == "__main__":
    serve(PLUGIN)
