"""What a schema resource is told, and what Check adds to it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, JsonValue
from pydantic.alias_generators import to_camel

from infra.embedded.cache import cache_root
from infra.plugin import CheckError, Inputs, Unknown
from infra.provider.postgres.schema_texts import digested
from infra.provider.schema.desired import Desired, desired_catalog
from infra.provider.schema.errors import SchemaError, SourceErrors
from infra.provider.schema.lock_rules import LOCK_RETRIES, LOCK_TIMEOUT, LockRules
from infra.provider.schema.target import EXTENSIONS, ServerFacts, Target

CATALOG = {"ownExtensions": "extensions"} | {
    to_camel(name): name
    for name in (
        "schemas",
        "tables",
        "views",
        "functions",
        "enums",
        "domains",
        "composites",
        "sequences",
        "aggregates",
        "ranges",
        "collations",
        "operators",
        "casts",
        "ts_dictionaries",
        "ts_configurations",
        "statistics",
        "rules",
        "event_triggers",
        "publications",
        "grants",
        "revoked",
        "default_grants",
        "comment",
    )
}
"""The inputs that Check fills -> the part of the catalog each holds. Named here, as a no-op needs no catalog."""


Objects = Annotated[dict[str, JsonValue], Field(default_factory=dict)]


class SchemaInputs(Inputs):
    """Inputs of a schema. The program gives the first block, Check the rest."""

    url: str
    scratch_url: str | None = None
    schema_name: str
    database: str | None = None
    directory: str
    owner: str
    roles: list[str] = Field(default_factory=list)
    extensions: list[str] = Field(default_factory=lambda: list(EXTENSIONS))
    extensions_schema: str = "extensions"
    allow: list[str] = Field(default_factory=list)
    adopt: bool = False
    proof: bool = True
    backup_command: list[str] = Field(default_factory=list)
    drop_on_delete: bool = True
    before_drop: str = ""
    lock_timeout: int = Field(LOCK_TIMEOUT, ge=100)
    lock_retries: int = Field(LOCK_RETRIES, ge=0)

    server_version: int | None = None
    schemas: Objects
    own_extensions: Objects
    tables: Objects
    views: Objects
    functions: Objects
    enums: Objects
    domains: Objects
    composites: Objects
    sequences: Objects
    aggregates: Objects
    ranges: Objects
    collations: Objects
    operators: Objects
    casts: Objects
    ts_dictionaries: Objects
    ts_configurations: Objects
    statistics: Objects
    rules: Objects
    event_triggers: Objects
    publications: Objects
    grants: Objects
    revoked: Objects
    default_grants: Objects
    comment: str | None = None

    @property
    def lock_rules(self) -> LockRules:
        """How long an update may keep anyone waiting."""
        return LockRules(self.lock_timeout, self.lock_retries)

    @property
    def target(self) -> Target:
        """The managed schema, as the schema engine names it."""
        return Target(
            schema=self.schema_name,
            owner=self.owner,
            roles=tuple(self.roles),
            extensions=tuple(self.extensions),
            extensions_schema=self.extensions_schema,
            url=self.url,
            scratch_url=self.scratch_url,
        )


def objects(catalog: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs that hold a catalog, given as JSON: every part is named, also where there is nothing."""
    return _complete({name: catalog[part] for name, part in CATALOG.items() if part in catalog})


def stored(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a schema's inputs those that hold its catalog; an older release's were fewer and longer."""
    return _complete({name: properties[name] for name in CATALOG if name in properties})


def _complete(parts: Mapping[str, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = {name: {} for name in CATALOG} | {"comment": None}
    return {**empty, **parts, "functions": digested(parts.get("functions", {}))}


def outputs(properties: Mapping[str, Any], mark: str) -> dict[str, Any]:
    """Return the outputs: all but the catalog, which stays with the inputs, so that no program has to read it back.

    Args:
        properties: the inputs.
        mark: the catalog's fingerprint.
    """
    return {**{name: value for name, value in properties.items() if name not in CATALOG}, "fingerprint": mark}


def _known(value: Any) -> str | None:
    return None if isinstance(value, Unknown) else value


def desired(inputs: Mapping[str, Any], version: int | None) -> Desired:
    """Return what the files describe; `inputs` may hold unknowns.

    Args:
        inputs: the inputs as the program gave them.
        version: the server's version number, None where there is no server yet.

    Raises:
        CheckError: the files are broken, or hold what the engine does not manage.
    """
    target = Target(
        schema=inputs["schemaName"],
        owner=inputs["owner"],
        roles=tuple(inputs.get("roles", ())),
        extensions=tuple(inputs.get("extensions", EXTENSIONS)),
        extensions_schema=inputs.get("extensionsSchema", "extensions"),
        url=_known(inputs["url"]),
        scratch_url=_known(inputs.get("scratchUrl")),
        server=ServerFacts(version) if version else None,
    )
    try:
        return desired_catalog(Path(inputs["directory"]), target, cache_root() / "catalogs")
    except SourceErrors as error:
        raise CheckError([("directory", paragraph) for paragraph in error.paragraphs]) from error
    except SchemaError as error:
        raise CheckError([("directory", str(error))]) from error
