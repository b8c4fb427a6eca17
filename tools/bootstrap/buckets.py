"""A stack's bucket, where its store is known not to have it any more."""

import json
from collections.abc import Mapping
from typing import Any

BUCKET = "pgstack:s3:Bucket"

_MARK = ("4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270")
"""Key and value by which Pulumi marks a secret in a state; beside them stands what it is, as JSON in JSON."""


def gone(export: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the entry of the stack's bucket if its store says that there is none; None for any other answer, or none.

    Pulumi compares the program with its state, and would not notice; nor does a preview look, which asks no server.

    Args:
        export: a state with its secrets in clear.
    """
    resources = export["deployment"].get("resources") or ()
    bucket = next((entry for entry in resources if entry["type"] == BUCKET and entry.get("id")), None)
    if bucket is None:
        return None
    from infra.provider.s3 import store  # noqa: PLC0415 - a stack without a bucket needs none of it

    inputs = {name: _in_clear(value) for name, value in bucket["inputs"].items()}
    keys = inputs.get("accessKey"), inputs.get("secretKey")
    return bucket if store.lacks(inputs.get("endpoint"), inputs["region"], *keys, inputs["bucket"]) else None


def _in_clear(value: Any) -> Any:
    if isinstance(value, Mapping) and _MARK in value.items():
        return json.loads(value["plaintext"])
    return value
