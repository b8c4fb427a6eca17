"""Writes an existing schema as a tree of files that a person would keep: one object and what belongs to it a file.

The statements are those of a plan from nothing; what is new here is only which file each goes into.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from infra.provider.schema.errors import SchemaError
from infra.provider.schema.identifiers import Part
from infra.provider.schema.model import Catalog, ObjectId, Sequence
from infra.provider.schema.nodes import Node, nodes
from infra.provider.schema.planning import plan
from infra.provider.schema.steps import Step

_FOLDERS = {
    "enum": "types",
    "domain": "types",
    "composite": "types",
    "sequence": "sequences",
    "table": "tables",
    "view": "views",
    "function": "functions",
    "trigger": "triggers",
    "policy": "policies",
}
_GRANTS = {"table": "tables", "column": "tables", "view": "views", "viewcolumn": "views", "sequence": "sequences"}
"""Kinds whose grants share a file; those of functions and types stay with their object."""


def tree(catalog: Catalog, schema: str) -> dict[str, str]:
    """Return the files that describe `catalog`: name relative to their folder -> text.

    Args:
        catalog: all of the live schemas; what belongs to another role than its reader says so.
        schema: the main one's name, for the grants on the schema itself.
    """
    known = nodes(catalog)
    statements: dict[str, list[str]] = {}
    described = _without_the_usual(_without_others_extensions(catalog), schema)
    for step in plan(Catalog(), described, schema).steps:
        statements.setdefault(_file(step, known, catalog), []).append(step.sql)
    return {name: "".join(f"{part};\n\n" for part in parts)[:-1] for name, parts in sorted(statements.items())}


def _without_others_extensions(catalog: Catalog) -> Catalog:
    """Leave out the extensions that live elsewhere, which are not the schemas', and all versions: nobody pinned one."""
    here = {name: extension for name, extension in catalog.extensions.items() if catalog.holds(extension)}
    return replace(catalog, extensions={name: replace(extension, version=None) for name, extension in here.items()})


def _without_the_usual(catalog: Catalog, schema: str) -> Catalog:
    """Leave out the one grant that PostgreSQL itself makes, on the schema public, in every new database.

    Where it is gone, the files take it away.
    """
    if schema != "public":
        return catalog
    if "USAGE" not in catalog.grants.get("PUBLIC", ()):
        return replace(catalog, revoked={"PUBLIC": ("USAGE",)})
    if catalog.grants["PUBLIC"] != ("USAGE",):
        return catalog
    return replace(catalog, grants={role: held for role, held in catalog.grants.items() if role != "PUBLIC"})


def write_tree(files: Mapping[str, str], directory: Path) -> None:
    """Write the files of `tree` below `directory`, which is made.

    Raises:
        SchemaError: there are .sql files below it already, or it can not be written.
    """
    if list(directory.rglob("*.sql")):
        raise SchemaError(f"{directory} already holds .sql files: name a new folder, nothing is overwritten.")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise SchemaError(f"{directory} can not be written: {error.strerror}") from error


def _file(step: Step, known: Mapping[ObjectId, Node], catalog: Catalog) -> str:
    if step.sql.startswith(("GRANT", "REVOKE")):
        if step.object.kind == "schema":
            return "grants/schema.sql"
        if step.object.kind in _GRANTS:
            return f"grants/{_GRANTS[step.object.kind]}.sql"
    return _home(step.object, known, catalog)


def _home(item: ObjectId, known: Mapping[ObjectId, Node], catalog: Catalog) -> str:
    """Return the file an object lives in: that of its table, its partitioned parent or its type where it has one."""
    node = known.get(item)
    inside = node.inside if node else None
    folder = _FOLDERS.get(item.kind)
    if item.kind in ("trigger", "policy") and inside:
        return f"{folder}/{_safe(inside.name)}.sql"
    if inside:
        return _home(inside, known, catalog)
    if node and isinstance(node.value, Sequence) and isinstance(node.value.owned_by, Part):
        return _home(ObjectId("table", node.value.owned_by.home), known, catalog)
    if item.kind == "table" and item.name in catalog.tables and (part := catalog.tables[item.name].partition):
        return _home(ObjectId("table", part.parent), known, catalog)
    name = node.value.name if node and item.kind == "function" else item.name
    return f"{folder or item.kind.replace(' ', '_') + 's'}/{_safe(name)}.sql"


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name)
