"""The JSON that the command line prints: documented in docs/schema-cli.md, and stable within a `version`."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.provider.schema.changes import ObjectChange
    from infra.provider.schema.engine import Preview
    from infra.provider.schema.errors import SchemaError
    from infra.provider.schema.hazards import Hazard
    from infra.provider.schema.model import ObjectId
    from infra.provider.schema.proof import Proof
    from infra.provider.schema.steps import Step

VERSION = 1
"""Raised when a field goes or changes its meaning; new fields may come at any time."""

Document = dict[str, Any]


def head(command: str, database: str, schema: str, server: int) -> Document:
    """Return what every document begins with.

    Args:
        command: plan, apply, drift or dump.
        database: host:port/name.
        schema: the managed schema.
        server: the server's version number.
    """
    return {"version": VERSION, "command": command, "database": database, "schema": schema, "server": server}


def steps(planned: Iterable["Step"]) -> list[Document]:
    """Return the steps of a plan."""
    return [step.to_json() for step in planned]


def changes(found: Iterable["ObjectChange"]) -> list[Document]:
    """Return what changes, object by object."""
    return [
        {"kind": change.kind, "name": change.name, "operation": change.operation, "paths": dict(change.paths)}
        for change in found
    ]


def refused(hazards: Iterable["Hazard"]) -> list[Document]:
    """Return the hazards that stop a plan, with what --allow must list to let each pass."""
    return [
        {"name": str(hazard.name), "object": hazard.subject, "sentence": hazard.sentence, "allow": hazard.key}
        for hazard in hazards
    ]


def objects(found: Iterable["ObjectId"]) -> list[Document]:
    """Return objects by kind and name."""
    return [{"kind": item.kind, "name": item.name} for item in found]


def proof(made: "Proof | None") -> Document:
    """Return what came of the proof; None is one that nobody wanted or that had nothing to prove."""
    if made is None:
        return {"status": "none", "scratch": None, "reason": None}
    return {"status": "passed" if made.passed else "missing", "scratch": made.where, "reason": made.missing}


def planned(preview: "Preview", made: "Proof | None", scratch: str) -> Document:
    """Return what a plan says: its steps, what they change, what refuses it, and what came of its proof."""
    return {
        "scratch": scratch,
        "steps": steps(preview.plan.steps),
        "changes": changes(preview.changes),
        "refused": refused(item.hazard for item in preview.refused),
        "foreign": objects(preview.foreign),
        "proof": proof(made),
    }


def nothing(scratch: str, foreign: Iterable["ObjectId"]) -> Document:
    """Return what a plan says that has nothing to do."""
    listed: Document = {name: [] for name in ("steps", "changes", "refused")}
    return {"scratch": scratch, **listed, "foreign": objects(foreign), "proof": proof(None)}


def failure(command: str, error: "SchemaError") -> Document:
    """Return the document of a command that stopped."""
    return {"version": VERSION, "command": command, "error": {"kind": type(error).__name__, "message": str(error)}}


def timings(seconds: Mapping[str, float]) -> Document:
    """Return how long each part took, in seconds."""
    return {name: round(value, 3) for name, value in seconds.items()}
