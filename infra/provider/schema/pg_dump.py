"""PostgreSQL's own description of a database: what pg_dump writes, taken apart into its entries."""

import re
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from infra.provider.schema.canonical import canonical, flattened
from infra.provider.schema.errors import SchemaError
from infra.provider.schema.identifiers import quote, unquoted

LOCK_WAIT = "4s"
"""How long a dump waits for a table that somebody changes right now."""

_HEADER = re.compile(
    r"^--\n-- Name: (?P<name>.*); Type: (?P<kind>[A-Z ]+); Schema: (?P<schema>.*); Owner:.*\n--\n", re.MULTILINE
)
_END = "\n--\n-- PostgreSQL database dump complete\n--\n"
_NOT_EVERY_SERVER = re.compile(
    r"^(SET transaction_timeout = .*|\\(un)?restrict .*|ALTER TABLE .* SET \(pg_attver=\d+\);)$", re.MULTILINE
)
"""Lines that an older server, or one without psql before it, does not understand; `pg_attver` is what newer minor
versions note for themselves, and an older pg_dump does not leave out."""
_NOTE_AMONG_OPTIONS = re.compile(
    r"^(ALTER TABLE .* SET \(.*?)(?:pg_attver=\d+, |, pg_attver=\d+)(.*\);)$", re.MULTILINE
)
"""The same note beside options that somebody gave, which stay."""

_NAMES_OF_NO_INTEREST = (
    (re.compile(r"CONSTRAINT (\"[^\"]+\"|\w+) NOT NULL"), "NOT NULL"),
    (re.compile(r"SEQUENCE NAME \S+"), "SEQUENCE NAME"),
    (re.compile(r"^SET default_\w+ = .*;$", re.MULTILINE), ""),
)
"""What says nothing about an object: names that PostgreSQL makes up for NOT NULL constraints and identity sequences,
and settings that a dump writes between entries."""

_IDENTIFIER = r'(?:"(?:[^"]|"")+"|\w+)'
_IDENTITY = re.compile(rf"ALTER TABLE (?:ONLY )?(?:{_IDENTIFIER}\.)?(?P<table>{_IDENTIFIER}) ALTER COLUMN ")

_LIST = re.compile(
    r"(?P<before>\b(?:WITH|SET) \()(?P<items>[^()]*)(?P<after>\))"
    r"|(?P<policy>^CREATE POLICY .*? TO )(?P<roles>[^()]*?)(?P<rest> USING| WITH CHECK|;)",
    re.MULTILINE,
)
"""Lists in whatever order they were made: storage parameters, and the roles of a policy."""

_NO_SCHEMA = "-"
"""What a dump writes for the schema of what is in none."""

_NOT_THE_SCHEMAS_OWN = ("SCHEMA", "DEFAULT ACL", "PUBLICATION", "EXTENSION", "EVENT TRIGGER")


_WITH_A_BODY = ("FUNCTION", "PROCEDURE")
"""Kinds whose text is somebody's own, and no expression that PostgreSQL prints."""


class DumpFailed(SchemaError):  # noqa: N818 - named for what happened
    """pg_dump could not read the database."""


@dataclass(frozen=True)
class Entry:
    """One entry of a dump: its kind and name as pg_dump says them, its schema (- where it has none), its statements."""

    kind: str
    name: str
    schema: str
    text: str


def dump(url: str, arguments: Iterable[str]) -> str:
    """Return what `pg_dump --schema-only` writes of the database at `url`, for any server to read.

    Args:
        url: connection string; its password reaches pg_dump through the environment.
        arguments: further options of pg_dump.

    Raises:
        DumpFailed: it can not connect or may not read something.
    """
    from infra.embedded.distribution import DistributionError, install  # noqa: PLC0415 - only a proof needs programs

    try:
        distribution = install()
    except (DistributionError, LookupError) as error:
        raise DumpFailed(f"no pg_dump: {error}") from error
    place, secret = _without_password(url)
    run = subprocess.run(
        [
            distribution.program("pg_dump"),
            "--schema-only",
            "--no-subscriptions",
            "--no-security-labels",
            "--no-tablespaces",
            "--encoding=UTF8",
            f"--lock-wait-timeout={LOCK_WAIT}",
            *arguments,
            f"--dbname={place}",
        ],
        env={**distribution.environment(), **secret, "PGTZ": "UTC"},  # it sets the other styles itself
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if run.returncode:
        raise DumpFailed(f"pg_dump: {' '.join(run.stderr.split())}")
    return _NOTE_AMONG_OPTIONS.sub(r"\1\2", _NOT_EVERY_SERVER.sub("", run.stdout)).partition(_END)[0]


def _without_password(url: str) -> tuple[str, Mapping[str, str]]:
    from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415 - the driver is loaded where it is used

    parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    password = parts.pop("password", None)
    return make_conninfo(**parts), {"PGPASSWORD": password} if password else {}


def entries(text: str) -> list[Entry]:
    """Return the entries of a dump in their order."""
    found = list(_HEADER.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    return [
        Entry(match["kind"], match["name"], match["schema"], text[match.end() : end].strip())
        for match, end in zip(found, ends, strict=False)  # an empty database has no entry
    ]


def preamble(text: str) -> str:
    """Return the settings that a dump begins with."""
    first = _HEADER.search(text)
    return text[: first.start()] if first else text


@dataclass(frozen=True)
class Difference:
    """An entry that two dumps do not agree on; a side that lacks it is None."""

    kind: str
    name: str
    reached: str | None
    wanted: str | None

    def __str__(self) -> str:
        if self.wanted is None:
            return f"{self.kind} {self.name}: left over\n    {_indented(self.reached)}"
        if self.reached is None:
            return f"{self.kind} {self.name}: missing\n    {_indented(self.wanted)}"
        reached, wanted = set(self.reached.splitlines()), set(self.wanted.splitlines())
        lines = [f"    + {line}" for line in sorted(wanted - reached)]
        lines += [f"    - {line}" for line in sorted(reached - wanted)]
        return "\n".join([f"{self.kind} {self.name}: differs (+ wanted, - reached)", *lines])


def _indented(text: str | None) -> str:
    return (text or "").replace("\n", "\n    ")


def differences(reached: str, wanted: str, apart: Collection[str] = (), schema: str | None = None) -> list[Difference]:
    """Return what two dumps do not agree on, whatever the order of entries, columns and grants.

    Args:
        reached: the dump of what is.
        wanted: the dump of what should be.
        apart: names of objects that are not to be compared; what belongs to them is left out on both sides.
        schema: the main one; the names of what is in another one are qualified. None where there is but one.
    """
    found = entries(reached), entries(wanted)
    places = sorted({entry.schema for side in found for entry in side} - {schema, _NO_SCHEMA}) if schema else []
    left: dict[tuple[str, str], str] = {}
    right: dict[tuple[str, str], str] = {}
    for place in ("", *places):
        here = [[entry for entry in side if _place(entry, places) == place] for side in found]
        prefix, names = "", {*apart}
        if place:
            prefix = f"{quote(place)}."
            names = {unquoted(name.removeprefix(prefix)) for name in apart if name.startswith(prefix)}
        # A partition's share of its parent's index: its name is PostgreSQL's choice.
        names |= {entry.name for side in here for entry in side if entry.kind == "INDEX ATTACH"}
        names |= {name for side in here for name in _identity_sequences(side, names)}
        for comparable, side in zip((left, right), here, strict=True):
            comparable.update(((kind, prefix + name), text) for (kind, name), text in _comparable(side, names))
    return [
        Difference(*key, left.get(key), right.get(key))
        for key in sorted({*left, *right})
        if left.get(key) != right.get(key)
    ]


def _place(entry: Entry, places: Collection[str]) -> str:
    return entry.schema if entry.schema in places else ""


def _identity_sequences(found: list[Entry], tables: Collection[str]) -> Iterator[str]:
    """Yield the sequences that PostgreSQL made for identity columns of `tables`: no catalog of ours names them."""
    for entry in found:
        made = _IDENTITY.match(entry.text) if entry.kind == "SEQUENCE" else None
        if made and unquoted(made["table"]) in tables:
            yield entry.name


def _sorted(found: re.Match[str]) -> str:
    before, items, after = found.group("before", "items", "after")
    if before is None:
        before, items, after = found.group("policy", "roles", "rest")
    return f"{before}{', '.join(sorted(items.split(', ')))}{after}"


def _comparable(found: list[Entry], apart: set[str]) -> Iterator[tuple[tuple[str, str], str]]:
    spaced = [re.compile(rf"(^|[ .]){re.escape(name)}($|[ .(])") for name in apart if not name.isidentifier()]
    for entry in found:
        words = {entry.name, *re.split(r"[ .(]", entry.name)}
        about_others = entry.kind.startswith(_NOT_THE_SCHEMAS_OWN) or entry.name.startswith("SCHEMA ")
        if about_others or words & apart or any(name.search(entry.name) for name in spaced):
            continue
        text = entry.text if entry.kind in _WITH_A_BODY else flattened(entry.text)
        statements = _LIST.sub(_sorted, canonical(text))
        for pattern, plain in _NAMES_OF_NO_INTEREST:
            statements = pattern.sub(plain, statements)
        lines = sorted(line.strip().rstrip(",") for line in statements.splitlines() if line.strip())
        yield (entry.kind, entry.name), "\n".join(lines)
