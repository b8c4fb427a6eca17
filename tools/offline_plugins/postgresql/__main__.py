"""The plugin's process: `pulumi-resource-postgresql` starts here."""

import infra.lean  # noqa: F401 - before everything else: see there
from infra.plugin import Plugin, serve
from tools.offline_plugins.postgresql.database import DatabaseResource
from tools.offline_plugins.postgresql.extension import ExtensionResource
from tools.offline_plugins.postgresql.provider import configure
from tools.offline_plugins.postgresql.role import RoleResource
from tools.offline_plugins.postgresql.schema import SchemaResource

OFFICIAL_VERSION = "3.18.2"
"""The version of pulumi_postgresql whose plugin this stands in for; the SDK asks for it by number."""

PLUGIN = Plugin(
    name="postgresql",
    version=OFFICIAL_VERSION,
    resources=(RoleResource(), DatabaseResource(), SchemaResource(), ExtensionResource()),
    configure=configure,
)

if __name__ == "__main__":
    serve(PLUGIN)
