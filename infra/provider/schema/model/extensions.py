"""Extensions."""

from dataclasses import dataclass

MANAGED = "$schema"
"""Stands for the managed schema among the schemas that extensions live in."""


@dataclass(frozen=True)
class Extension:
    """An extension; what it consists of is no part of a catalog.

    Args:
        schema: where its objects live; None where its author left no choice.
        version: None where the files leave it to the server.
        comment: None for the one it comes with, empty for none.
    """

    schema: str | None = None
    version: str | None = None
    comment: str | None = None
