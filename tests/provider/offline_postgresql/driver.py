"""The stand-in for the postgresql plugin, driven as the engine drives it."""

from tests.provider import managed
from tests.provider.plugin_client import PluginClient

TOKENS = {
    "Role": "postgresql:index/role:Role",
    "Database": "postgresql:index/database:Database",
    "Schema": "postgresql:index/schema:Schema",
    "Extension": "postgresql:index/extension:Extension",
}


class Driver(managed.Driver):
    """Makes resources to be driven."""

    def __init__(self, client: PluginClient):
        super().__init__(client, TOKENS)
