"""What a backup says about itself: written beside it, and what a restore is compared with."""

import hashlib
import json
from datetime import datetime
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.backup_job import __version__
from infra.backup_job.errors import DamagedError

FORMAT: Literal[1] = 1

AnyRecord = TypeVar("AnyRecord", bound=BaseModel)


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Identity(_Record):
    """Which database it is, whatever its address and name: its cluster's system identifier and its oid in there."""

    system_identifier: str
    database_oid: int


class ServerFacts(_Record):
    """The server and the database the dump came from; `lsn` and `timeline` are where its WAL stood."""

    version: str
    major: int
    database: str
    owner: str
    encoding: str
    lc_collate: str
    lc_ctype: str
    locale_provider: Literal["c", "b", "i"]
    locale: str | None
    size: int
    lsn: str
    timeline: int | None
    identity: Identity | None = None
    """None: taken by a version that did not record it."""


class Access(_Record):
    """Who owns an object, and its grants as `grantee=PRIVILEGES/grantor`; columns and defaults have no owner."""

    owner: str | None = None
    grants: list[str] = Field(default_factory=list)


AccessByKind = dict[str, dict[str, Access]]


class Contents(_Record):
    """Rows of each table, the names of all objects by kind, and the access to them, in one snapshot."""

    rows: dict[str, int]
    objects: dict[str, list[str]]
    forced_row_security: list[str]
    access: AccessByKind | None = None
    """By kind and name; None: taken by a version that did not record it."""


class Role(_Record):
    """A role without its password; `used_here`: something in the database belongs to it or names it."""

    name: str
    superuser: bool
    inherit: bool
    createrole: bool
    createdb: bool
    login: bool
    replication: bool
    bypassrls: bool
    connection_limit: int
    member_of: list[str]
    used_here: bool


class Parameter(_Record):
    """A line `name=value` set on the database, or on a role in it."""

    role: str | None
    parameter: str


class Grant(_Record):
    """One privilege on the database; `grantee` None: PUBLIC."""

    grantor: str
    grantee: str | None
    privilege: str
    grantable: bool


class DatabaseFacts(_Record):
    """What lies on the database itself."""

    owner: str
    connection_limit: int
    comment: str | None
    grants: list[Grant] | None
    """None: everything was revoked from everybody, its owner included."""


class Globals(_Record):
    """What lies outside the database and belongs to it."""

    roles: list[Role]
    parameters: list[Parameter]
    database: DatabaseFacts | None = None
    """None: taken by a version that did not record it."""


class StoredObject(_Record):
    """An object of the backup: its key, size in bytes, SHA-256 in hexadecimal."""

    key: str
    size: int
    sha256: str


class Manifest(_Record):
    """One backup."""

    format: Literal[1] = FORMAT
    tool: str = f"agent-ecosystem backup_job {__version__}"
    stack: str
    stamp: str
    managed_schema: str
    started: datetime
    server: ServerFacts
    extensions: dict[str, dict[str, str]]
    contents: Contents
    schema_fingerprint: str
    dump_size: int
    """Bytes of the dump before compression."""
    schema_sql: StoredObject
    data: StoredObject
    globals: StoredObject
    seconds: dict[str, float]
    checked: datetime | None = None
    """When the stored dump was read back whole and found good; None: it never was."""

    @property
    def row_count(self) -> int:
        """All rows of all tables."""
        return sum(self.contents.rows.values())

    def to_bytes(self) -> bytes:
        """Return the manifest as the JSON that is stored."""
        return _json(self)

    @classmethod
    def parse(cls, body: bytes, key: str) -> "Manifest":
        """Return the manifest in `body`, which was stored under `key`.

        Raises:
            DamagedError: it is not one.
        """
        return parse(cls, body, key)


class LatestPointer(_Record):
    """backups/latest.json: the newest backup that was read back whole."""

    format: Literal[1] = FORMAT
    stamp: str
    started: datetime
    checked: datetime
    manifest: StoredObject
    data: StoredObject
    schema_sql: StoredObject
    identity: Identity | None = None
    """The database it is a backup of."""

    def to_bytes(self) -> bytes:
        """Return the pointer as the JSON that is stored."""
        return _json(self)


def parse(kind: type[AnyRecord], body: bytes, key: str) -> AnyRecord:
    """Return the record of type `kind` in `body`, stored under `key`.

    Raises:
        DamagedError: it is not one.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise DamagedError(f"{key} is damaged or of another version: {where}: {first['msg']}") from None


def globals_bytes(found: Globals) -> bytes:
    """Return the globals as the JSON that is stored."""
    return _json(found)


def fingerprint(schema_sql: str) -> str:
    """Return a hash of what the schema's SQL does: comments, blank lines and session settings are left out.

    >>> fingerprint("-- Dumped by 18.1\\nSET x = 1;\\n\\nCREATE TABLE t ();\\n") == fingerprint("CREATE TABLE t ();")
    True
    """
    kept = (line.rstrip() for line in schema_sql.splitlines())
    noise = ("--", "SET ", "SELECT pg_catalog.set_config(")
    return hashlib.sha256("\n".join(line for line in kept if line and not line.startswith(noise)).encode()).hexdigest()


def _json(record: BaseModel) -> bytes:
    return json.dumps(record.model_dump(mode="json"), indent=2, ensure_ascii=False).encode() + b"\n"
