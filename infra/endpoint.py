"""What one component hands to the next: where a database or a bucket is, who may enter, and with what."""

from dataclasses import dataclass
from urllib.parse import quote

import pulumi


@dataclass(frozen=True)
class Endpoint:
    """A PostgreSQL login. `password` is a secret; the others may be unknown until the server runs.

    `goes_with` is the server, where its end is the end of everything in it: what lives inside need not be dropped one
    by one, nor can it once the server is down. None for a server that outlives the stack.
    """

    host: pulumi.Input[str]
    port: pulumi.Input[int]
    user: pulumi.Input[str]
    password: pulumi.Input[str]
    database: pulumi.Input[str]
    goes_with: pulumi.Resource | None = None

    @property
    def url(self) -> pulumi.Output[str]:
        """The connection string, a secret because the password is one."""
        parts = pulumi.Output.all(self.user, self.password, self.host, self.port, self.database)
        return parts.apply(lambda p: f"postgresql://{quote(p[0])}:{quote(p[1])}@{p[2]}:{int(p[3])}/{quote(p[4])}")


@dataclass(frozen=True)
class BucketAccess:
    """A bucket in an S3 store and the keys to it; `secret_key` is a secret."""

    endpoint: pulumi.Input[str]
    region: str
    bucket: pulumi.Input[str]
    access_key: pulumi.Input[str]
    secret_key: pulumi.Input[str]


@dataclass(frozen=True)
class ClientPrograms:
    """PostgreSQL's client programs of the server's own version, and the LD_LIBRARY_PATH they need."""

    folder: pulumi.Input[str]
    library_path: pulumi.Input[str]


@dataclass(frozen=True)
class Postgres:
    """What a target gives for PostgreSQL: the superuser's login, and the client programs of that version."""

    endpoint: Endpoint
    programs: ClientPrograms


@dataclass(frozen=True)
class ObjectStore:
    """What a target gives for an S3 store; `secret_key` is a secret. `goes_with`: see Endpoint."""

    endpoint: pulumi.Input[str]
    region: str
    access_key: pulumi.Input[str]
    secret_key: pulumi.Input[str]
    goes_with: pulumi.Resource | None = None
