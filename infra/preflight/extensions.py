"""The extensions the SQL files use: installed where they look for them, new enough, or to be created."""

from collections.abc import Iterator

from infra.preflight import advice
from infra.preflight.facts import ExtensionFacts, Facts
from infra.preflight.finding import Finding, Wanted, failure, ok

VECTOR_MINIMUM = (0, 5, 0)
"""The first pgvector with HNSW indexes."""


def extensions(facts: Facts, wanted: Wanted) -> Iterator[Finding]:
    """Judge each extension that is wanted."""
    for name in wanted.extensions:
        found = facts.extensions.get(name)
        if found is None:
            yield failure(
                "extensions", f"{name} is not on the server", advice.absent_extension(name, facts.platform, facts.major)
            )
        elif found.installed is None:
            yield from _not_installed(name, facts, wanted)
        elif found.schema != wanted.extensions_schema:
            yield failure(
                "extensions",
                f"{name} is installed in schema {found.schema}, and our SQL looks for it in {wanted.extensions_schema}",
                f"As its owner: CREATE SCHEMA IF NOT EXISTS {wanted.extensions_schema}; ALTER EXTENSION "
                f"{advice.name(name)} SET SCHEMA {wanted.extensions_schema};",
            )
        elif name == "vector" and _numbers(found.installed) < VECTOR_MINIMUM:
            yield failure(
                "extensions",
                f"vector {found.installed} has no HNSW indexes; 0.5.0 and later have",
                "As its owner: ALTER EXTENSION vector UPDATE;",
            )
        else:
            yield ok("extensions", f"{name} {found.installed}")


def _not_installed(name: str, facts: Facts, wanted: Wanted) -> Iterator[Finding]:
    found = facts.extensions[name]
    if may_create_extension(name, found, facts):
        yield ok("extensions", f"{name} {found.default_version} will be created in schema {wanted.extensions_schema}")
    else:
        yield failure(
            "extensions",
            f"{name} is not enabled, and {facts.role} may not enable it",
            advice.extension_to_enable(name, wanted.extensions_schema, facts.platform),
        )


def may_create_extension(name: str, found: ExtensionFacts, facts: Facts) -> bool:
    """Say whether the role may create this extension, as far as can be told without trying."""
    allowed = {word.strip() for word in facts.privileged_extensions.split(",")}
    # A trusted one takes CREATE on the database, which has a check of its own.
    return facts.superuser or facts.rds_superuser or name in allowed or found.trusted


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
