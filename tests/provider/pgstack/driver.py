"""One resource of pgstack, driven as the engine does, and the processes it runs."""

from typing import Any

import psutil

from infra.plugin.values import reveal
from tests.provider import managed
from tests.provider.plugin_client import PluginClient, urn


class Managed(managed.Managed):
    """A resource in the engine's state, by its type, e.g. `local:Service`."""

    def __init__(self, client: PluginClient, token: str, name: str = "it"):
        self._client = client
        self.urn = urn(f"pgstack:{token}", name, parent="agent-ecosystem:index:Component")
        self.id = ""
        self.inputs: dict[str, Any] = {}
        self.state: dict[str, Any] = {}

    def failures(self, **inputs: Any) -> dict[str, str]:
        """Return what Check has against these inputs, by property path."""
        return dict(self._client.check(self.urn, inputs, self.inputs).failures)

    def logs(self) -> list[tuple[str, str]]:
        """Return what the plugin has said so far, as (severity, message)."""
        return self._client.engine.logs

    def __getitem__(self, name: str) -> Any:
        return reveal(self.state[name])


def ended(process: psutil.Process) -> bool:
    """Say whether it is over; nobody may have collected it yet."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
