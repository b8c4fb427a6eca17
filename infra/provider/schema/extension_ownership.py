"""What of a database's extensions is ours to compare and change: they are its, not a schema's, alone."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from infra.provider.schema.model import Catalog, Extension, ObjectId
from infra.provider.schema.nodes import nodes

PIN = "extension version"
"""Kind of the ledger's entry that says that the files pinned a version."""


def pinned(live: Mapping[str, Extension], ours: Collection[ObjectId], desired: Catalog) -> Mapping[str, Extension]:
    """Return extensions with their version where the files pin it, or did when `ours` was written down.

    Args:
        live: those that are ours, as they are.
        ours: the ledger's objects: they have the word on what the files do not name.
        desired: what the files describe.
    """
    kept = {name for name in live if name not in desired.extensions and ObjectId(PIN, name) in ours}
    kept |= {name for name, extension in desired.extensions.items() if extension.version}
    return {name: value if name in kept else replace(value, version=None) for name, value in live.items()}


def pins(desired: Catalog) -> list[ObjectId]:
    """Return what the ledger keeps of the versions that the files pin."""
    return [ObjectId(PIN, name) for name, extension in desired.extensions.items() if extension.version]


def spared_by_prune(live: Catalog, desired: Catalog) -> frozenset[ObjectId]:
    """Return the extensions that `prune` leaves alone: those that live elsewhere, or that the files lean on."""
    known = nodes(desired)
    needed = {referenced for user, referenced in desired.dependencies if ObjectId.parse(user) in known}
    said = frozenset(_words(desired))
    return frozenset(
        ObjectId("extension", name)
        for name, extension in live.extensions.items()
        if not live.holds(extension)
        or f"extension {name}" in needed
        or not said.isdisjoint(live.extension_names.get(name, ()))
    )


def _words(desired: Catalog) -> Iterator[str]:
    """Yield the words of bodies that are text: PostgreSQL does not record what they use."""
    for function in desired.functions.values():
        if function.body is not None:
            yield from re.findall(r"\w+", function.body.lower())
