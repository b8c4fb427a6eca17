"""Who may call SeaweedFS: its file of identities, the same for the local service and for the container."""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ADMINISTRATOR = "administrator"
WITNESS = "witness"
"""Known to a running store as soon as it has read its file again; may do nothing, and is gone with the next reading."""

EVERYTHING = ("Admin", "Read", "List", "Tagging", "Write")
"""SeaweedFS' own names of what an administrator may do."""


@dataclass(frozen=True)
class Identity:
    """Who may call the store: an access key, its secret, and a policy; without one it may do everything."""

    name: str
    access_key: str
    secret_key: str
    policy: Mapping[str, Any] | None = None

    @classmethod
    def generate(cls, name: str, policy: Mapping[str, Any] | None = None) -> "Identity":
        """Make an identity called `name` with fresh keys, which no command takes for an option."""
        return cls(name, f"AK{secrets.token_hex(9).upper()}", secrets.token_hex(20), policy)


def written(identities: Iterable[Identity]) -> str:
    """Return the file that `-s3.config` names.

    Where there is a policy, it alone counts: `actions` can not tell who writes from who deletes.
    """
    entries: list[dict[str, Any]] = []
    policies: list[dict[str, str]] = []
    for identity in identities:
        keys = {"accessKey": identity.access_key, "secretKey": identity.secret_key}
        entry = {"name": identity.name, "credentials": [keys]}
        if identity.policy is None:
            entries.append({**entry, "actions": list(EVERYTHING)})
        else:
            entries.append({**entry, "policyNames": [identity.name]})
            policies.append({"name": identity.name, "content": json.dumps(identity.policy)})
    return json.dumps({"identities": entries, "policies": policies}, indent=2)


def read(text: str) -> dict[str, Identity]:
    """Return the identities of such a file, by name, without a witness."""
    file = json.loads(text)
    policies = {entry["name"]: json.loads(entry["content"]) for entry in file.get("policies", ())}
    found = {entry["name"]: _identity(entry, policies.get(entry["name"])) for entry in file["identities"]}
    found.pop(WITNESS, None)
    return found


def _identity(entry: Mapping[str, Any], policy: Mapping[str, Any] | None) -> Identity:
    keys = entry["credentials"][0]
    return Identity(entry["name"], keys["accessKey"], keys["secretKey"], policy)
