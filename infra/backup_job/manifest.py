"""What a backup says about itself: written beside it, and what a restore is compared with."""

import hashlib
import json
import re
from datetime import datetime
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from infra.backup_job import __version__
from infra.backup_job.errors import DamagedError
from infra.backup_job.names import is_moment

FORMAT: Literal[2] = 2

NO_DIGEST = "0" * 64
DIGEST = re.compile(rb'(?<=^{\n  "digest": ")[0-9a-f]{64}')

AnyRecord = TypeVar("AnyRecord", bound=BaseModel)


def _moment(stamp: str) -> str:
    if not is_moment(stamp):
        raise ValueError("the stamp of no moment")
    return stamp


Stamp = Annotated[str, AfterValidator(_moment)]
"""When a backup began, as it is named."""


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
    identity: Identity


class Access(_Record):
    """Who owns an object, and its grants as `grantee=PRIVILEGES/grantor`; columns and defaults have no owner."""

    owner: str | None = None
    grants: list[str] = Field(default_factory=list)


AccessByKind = dict[str, dict[str, Access]]


class Contents(_Record):
    """Rows of each table, all objects with what defines them, and the access to them, in one snapshot."""

    rows: dict[str, int]
    objects: dict[str, dict[str, str]]
    """By kind and name: a hash of the object's definition."""
    forced_row_security: list[str]
    access: AccessByKind
    """By kind and name."""

    @property
    def fingerprint(self) -> str:
        """A hash of the definitions of all objects."""
        return hashlib.sha256(json.dumps(self.objects, sort_keys=True).encode()).hexdigest()


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
    database: DatabaseFacts


class StoredObject(_Record):
    """An object of the backup: its key, size in bytes, SHA-256 in hexadecimal."""

    key: str
    size: int
    sha256: str
    version: str | None = None
    """The store's name of this version: what is written over it later is another. None: the bucket keeps none."""


class Proof(_Record):
    """How it is known that a backup is one: `restore`, it was restored and compared; `read`, only read back whole."""

    method: Literal["restore", "read"]
    moment: datetime
    seconds: float
    server: str | None = None
    """The version of the server it was restored on."""
    checks: int = 0
    """How many of the checks that held in the original were run on the copy, and held."""


class Encryption(_Record):
    """How the artefacts are encrypted, each as a file of age's; the manifest itself is not."""

    recipients: list[str]
    """Whose private keys open them."""
    run_recipient: str
    """The key of the run that made them, which nobody has any more."""
    proven_with: Literal["identity", "run"]
    """What opened them for the proof: a recipient's private key, or the key of the run."""


class Manifest(_Record):
    """One backup."""

    format: Literal[2] = FORMAT
    tool: str = f"agent-ecosystem backup_job {__version__}"
    stack: str
    stamp: Stamp
    managed_schema: str
    started: datetime
    server: ServerFacts
    extensions: dict[str, dict[str, str]]
    contents: Contents
    schema_fingerprint: str
    checks: list[str] = Field(default_factory=list)
    """The names of the checks that held in the dump's snapshot."""
    dump_size: int
    """Bytes of the dump before compression."""
    schema_sql: StoredObject
    data: StoredObject
    globals: StoredObject
    encryption: Encryption | None = None
    """None: the artefacts are stored as they are."""
    seconds: dict[str, float]
    proof: Proof | None = None
    """None: not proven yet. Such a manifest is not stored: it is written once, and last."""

    @property
    def row_count(self) -> int:
        """All rows of all tables."""
        return sum(self.contents.rows.values())

    def to_bytes(self) -> bytes:
        """Return the manifest as the JSON that is stored."""
        return to_bytes(self)

    @classmethod
    def parse(cls, body: bytes, key: str) -> "Manifest":
        """Return the manifest in `body`, which was stored under `key`.

        Raises:
            DamagedError: it is not one.
        """
        return parse(cls, body, key)


class LatestPointer(_Record):
    """backups/latest.json: the newest proven backup."""

    format: Literal[2] = FORMAT
    stamp: Stamp
    started: datetime
    seconds: float
    """How long the run took, in seconds."""
    proof: Proof
    manifest: StoredObject
    data: StoredObject
    schema_sql: StoredObject
    identity: Identity
    """The database it is a backup of."""

    def to_bytes(self) -> bytes:
        """Return the pointer as the JSON that is stored."""
        return to_bytes(self)


def parse(kind: type[AnyRecord], body: bytes, key: str) -> AnyRecord:
    """Return the record of type `kind` in `body`, stored under `key`.

    Raises:
        DamagedError: it is not one, or not what was written.
    """
    try:
        values = json.loads(body)
        if values.pop("digest") != _digest(body):
            raise DamagedError(f"{key} is damaged: its digest is not the one of its content")
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise DamagedError(f"{key} is damaged or of another version: {where}: {first['msg']}") from None
    except (ValueError, KeyError, AttributeError, TypeError):
        raise DamagedError(f"{key} is damaged or of another version: it is no JSON object with a digest") from None


def to_bytes(record: BaseModel) -> bytes:
    """Return a record as the JSON that is stored, with a digest of itself: a change of any bit is noticed."""
    values = {"digest": NO_DIGEST, **record.model_dump(mode="json")}
    body = json.dumps(values, indent=2, ensure_ascii=False).encode() + b"\n"
    return body.replace(NO_DIGEST.encode(), _digest(body).encode(), 1)


def _digest(body: bytes) -> str:
    """Return the SHA-256 of `body` with its own digest blanked out."""
    return hashlib.sha256(DIGEST.sub(NO_DIGEST.encode(), body, count=1)).hexdigest()
