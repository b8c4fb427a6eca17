"""Bodies of functions in the state: whole in the rows, as a digest in the schema's own inputs.

Pulumi's file backend writes the whole state twice for each row of a schema, and a schema's inputs twice more while it
is being made or dropped. The bodies are most of them.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

TEXTS = ("body", "sql_body")
_MARK = "sha256:"

Functions = Mapping[str, Mapping[str, Any]]


def digested(functions: Functions) -> dict[str, dict[str, Any]]:
    """Return `functions` with the digest of each body in its place; a digest stays what it is."""
    return {name: {**function, **_digests(function)} for name, function in functions.items()}


def restored(functions: Functions, rows: Functions) -> dict[str, dict[str, Any]]:
    """Return `functions` with their bodies again, out of the engine's `rows`; without its row, a digest stays."""
    return {name: {**function, **_texts(function, rows.get(name, {}))} for name, function in functions.items()}


def _digests(function: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: text if text.startswith(_MARK) else _MARK + sha256(text.encode()).hexdigest()
        for name in TEXTS
        if (text := function.get(name)) is not None
    }


def _texts(function: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, str]:
    return {name: row[name] for name, digest in _digests(row).items() if digest == function.get(name)}
