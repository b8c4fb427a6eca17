"""What one component hands to the next: where a database or a bucket is, who may enter, and with what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pulumi

from infra.database_url import SYSTEM_CERTIFICATES, DatabaseUrl, compose


@dataclass(frozen=True)
class Endpoint:
    """A PostgreSQL login. `password` is a secret; the others may be unknown until the server runs.

    `goes_with` is the server, where its end is the end of everything in it: what lives inside need not be dropped one
    by one, nor can it once the server is down. None for a server that outlives the stack.

    `parameters` are libpq's further ones, e.g. sslmode. `role` is whom the login acts as, where that is known before
    `user`, or a pooler wants more in `user` than the role's name.

    `ready` is what has to stand before anyone connects, where the values above do not wait for it: a server that is
    replaced with its data kept must not look like another one. `roles` are those of ours that it brings along.

    `superuser_url` leads to the same server, where its PostgreSQL may be of another major version than the embedded
    one: the schema's files are then read in a scratch database there, in which only a superuser makes extensions.
    """

    host: pulumi.Input[str]
    port: pulumi.Input[int]
    user: pulumi.Input[str]
    password: pulumi.Input[str]
    database: pulumi.Input[str]
    goes_with: pulumi.Resource | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    role: pulumi.Input[str] | None = None
    ready: pulumi.Resource | None = None
    roles: frozenset[str] = frozenset()
    superuser_url: pulumi.Output[str] | None = None

    @classmethod
    def at(cls, url: DatabaseUrl, database: pulumi.Input[str], role: pulumi.Input[str] | None = None) -> "Endpoint":
        """Return the login of `url`; `database` is its database's name, known once that is ready."""
        password = pulumi.Output.secret(url.password)
        return cls(url.host, url.port, url.user, password, database, parameters=url.parameters, role=role)

    @property
    def acts_as(self) -> pulumi.Input[str]:
        """The role that owns what this login makes."""
        return self.user if self.role is None else self.role

    def from_anywhere(self, folder: Path) -> "Endpoint":
        """Return this login for a process that runs elsewhere than in `folder`, which file names are relative to."""
        certificate = self.parameters.get("sslrootcert", SYSTEM_CERTIFICATES)
        if certificate == SYSTEM_CERTIFICATES:
            return self
        return replace(self, parameters={**self.parameters, "sslrootcert": str(folder / certificate)})

    @property
    def url(self) -> pulumi.Output[str]:
        """The connection string, a secret because the password is one."""
        parts = pulumi.Output.all(self.user, self.password, self.host, self.port, self.database)
        return parts.apply(lambda p: compose(p[0], p[1], (p[2], int(p[3])), p[4], self.parameters))


@dataclass(frozen=True)
class BucketAccess:
    """A bucket in an S3 store and the keys to it; `secret_key` is a secret.

    Without an endpoint the store is AWS; without keys, they are those of the surroundings.
    """

    endpoint: pulumi.Input[str] | None
    region: str
    bucket: pulumi.Input[str]
    access_key: pulumi.Input[str] | None
    secret_key: pulumi.Input[str] | None


@dataclass(frozen=True)
class Keys:
    """The keys of one identity of an S3 store; `secret_key` is a secret. Without them, those of the surroundings.

    `principal` is how policies of the store name it, None where that is not known.
    """

    access_key: pulumi.Input[str] | None
    secret_key: pulumi.Input[str] | None
    principal: str | None = None


@dataclass(frozen=True)
class ClientPrograms:
    """PostgreSQL's client programs of the server's own version, and the LD_LIBRARY_PATH they need."""

    folder: pulumi.Input[str]
    library_path: pulumi.Input[str]


@dataclass(frozen=True)
class Postgres:
    """What a target gives for PostgreSQL: the most privileged login we have, and client programs that fit the server.

    `checked` is what has to be settled before anything else is made.
    """

    endpoint: Endpoint
    programs: ClientPrograms
    checked: Sequence[pulumi.Resource] = ()


@dataclass(frozen=True)
class ObjectStore:
    """What a target gives for an S3 store: see BucketAccess, and Endpoint for `goes_with` and `ready`.

    The administrator's keys are for the provider alone. `job` takes backups, `pruner` deletes old ones; None where the
    store is somebody else's, and who may delete with it.
    """

    endpoint: pulumi.Input[str] | None
    region: str
    administrator: Keys
    job: Keys
    pruner: Keys | None
    goes_with: pulumi.Resource | None = None
    ready: pulumi.Resource | None = None
