"""What the engine does with one resource, step by step: the state between two steps is kept as the engine keeps it."""

from collections.abc import Mapping
from typing import Any

from tests.provider.plugin_client import Diffed, PluginClient, urn


class Managed:
    """A resource in the engine's state."""

    def __init__(self, client: PluginClient, token: str, name: str):
        self._client = client
        self.urn = urn(token, name)
        self.id = ""
        self.inputs: dict[str, Any] = {}
        self.state: dict[str, Any] = {}

    def preview_create(self, **inputs: Any) -> dict[str, Any]:
        return self._client.create(self.urn, self._check(inputs), preview=True)[1]

    def create(self, **inputs: Any) -> dict[str, Any]:
        checked = self._check(inputs)
        self.id, self.state = self._client.create(self.urn, checked)
        self.inputs = checked
        return self.state

    def diff(self, **inputs: Any) -> Diffed:
        return self._client.diff(self.urn, self.id, self.state, self._check(inputs), self.inputs)

    def update(self, **inputs: Any) -> dict[str, Any]:
        checked = self._check(inputs)
        self._client.update(self.urn, self.id, self.state, checked, self.inputs, preview=True)
        self.state = self._client.update(self.urn, self.id, self.state, checked, self.inputs)
        self.inputs = checked
        return self.state

    def preview_update(self, **inputs: Any) -> dict[str, Any]:
        return self._client.update(self.urn, self.id, self.state, self._check(inputs), self.inputs, preview=True)

    def refresh(self) -> bool:
        """Read the resource; say whether it is still there."""
        found = self._client.read(self.urn, self.id, self.inputs, self.state)
        if found is not None:
            self.inputs, self.state = found.inputs, found.properties
        return found is not None

    def delete(self) -> None:
        self._client.delete(self.urn, self.id, self.state, self.inputs)

    def _check(self, inputs: dict[str, Any]) -> dict[str, Any]:
        checked = self._client.check(self.urn, inputs, self.inputs)
        assert checked.failures == []
        return checked.inputs


class Driver:
    """Makes resources to be driven.

    Args:
        client: a configured plugin.
        tokens: its type tokens by a short name.
    """

    def __init__(self, client: PluginClient, tokens: Mapping[str, str]):
        self.client = client
        self._tokens = tokens

    def resource(self, kind: str, name: str = "it") -> Managed:
        return Managed(self.client, self._tokens[kind], name)

    def imported(self, kind: str, resource_id: str) -> Managed:
        """Return a resource as `pulumi import` brings it in."""
        resource = self.resource(kind, "imported")
        resource.id = resource_id
        found = self.client.read(resource.urn, resource_id, {}, {})
        assert found is not None
        resource.inputs, resource.state = found.inputs, found.properties
        return resource

    def failures(self, kind: str, **inputs: Any) -> dict[str, str]:
        """Return what Check has against these inputs, by property path."""
        return dict(self.client.check(urn(self._tokens[kind], "it"), inputs).failures)
