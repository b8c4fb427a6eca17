"""The stack's configuration, typed: every key has a description, a default that works, and an error that names it."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from infra import external_settings, second_settings
from infra.backup_job.retention import Retention
from infra.database_url import SslMode
from infra.embedded.account import service_account
from infra.roles import EXTENSIONS
from infra.targets.docker.postgres_image import PostgresImage, describe

PROJECT_FOLDER = Path(__file__).resolve().parent.parent
STACK_VARIABLE = "AGENT_ECOSYSTEM_STACK"
"""Names the stack to commands that run outside of an update."""
SHARED_STATE = Path("/var/lib/agent-ecosystem")
"""Where root keeps PostgreSQL's data when the checkout is closed to the account that runs PostgreSQL."""

PRIVATE_KEY = "AGE-SECRET-KEY-"
"""How a private key of age begins: it is not shown either where a public one belongs."""

DOCKER_KEYS = ("postgres_image", "postgres_major", "object_store_image", "backup_base_image", "limits")
RESERVED_IN_CONTAINERS = frozenset(
    {"port", "listen_addresses", "unix_socket_directories", "data_directory", "config_file", "hba_file", "ident_file"}
)

Identifier = r"^[a-z_][a-z0-9_]{0,62}$"


class SettingsError(Exception):
    """A configuration value that can not be used; the message names key, value and what is allowed."""


class Limits(BaseModel):
    """What one container may use."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)

    memory: int = Field(ge=64, description="megabytes; beyond them the kernel ends its largest process")
    cpus: float = Field(default=1.0, gt=0, description="how many processors' time, e.g. 0.5")


class AllLimits(BaseModel):
    """What the containers of the target `docker` may use."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)

    postgres: Limits = Limits(memory=1024)
    object_store: Limits = Limits(memory=512)
    backup: Limits = Limits(memory=512)
    prune: Limits = Limits(memory=256)


class Settings(BaseModel):
    """Every configuration key of the stack. Set one with `pulumi config set KEY VALUE`, an object with `--path`."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)

    target: Literal["embedded", "docker", "external"] = Field(
        "embedded",
        description="where everything runs: `embedded` in user space, `docker` as containers, `external` where it is",
    )
    environment: Literal["development", "staging", "production"] = Field(
        "development",
        description="what the stack is for; staging and production keep the rules of docs/environments.md",
    )
    protect: bool = Field(default=False, description="refuse to delete or replace what holds data")
    state_folder: str = Field("", description="folder of the local services' data; empty: chosen below the checkout")

    postgres_port: int | None = Field(None, ge=1024, le=65535, description="PostgreSQL's TCP port; unset: a free one")
    postgres_settings: dict[str, str] = Field(
        default_factory=dict, description="parameters of postgresql.conf, e.g. {shared_buffers: 512MB}"
    )
    extension_versions: dict[str, str] = Field(
        default_factory=dict,
        description="versions of extensions, e.g. {vector: 0.8.5}; unset: the server's own when it is made",
    )
    database: str = Field("ecosystem", pattern=Identifier, description="name of the database")
    schema_name: str = Field("public", alias="schema", pattern=Identifier, description="schema that holds the tables")
    allow: list[str] = Field(
        default_factory=list,
        description="hazards accepted, each for one object: DATA_LOSS:agent_registry.region",
    )
    adopt: bool = Field(default=False, description="take over objects that already exist under our names")
    lock_timeout: int = Field(
        4000,
        ge=100,
        le=600_000,
        description="milliseconds that a schema update may wait for a lock, and may hold one that others wait for",
    )
    lock_retries: int = Field(
        5, ge=0, le=100, description="how often a schema update that could not have its locks tries again, ever later"
    )
    proof: bool = Field(
        default=True, description="run a plan on a copy of the live schema first, and compare with pg_dump afterwards"
    )
    seeds: list[str] = Field(default_factory=list, description="further seed files, relative to the project")
    password_rotation: str = Field(
        "1", description="change it to give every database role, and the object store, new secrets"
    )

    object_store_port: int | None = Field(None, ge=1024, le=65535, description="the S3 port; unset: a free one")
    bucket: str = Field("", description="name of the backup bucket; empty: agent-ecosystem-STACK-backups")
    block_public_access: bool = Field(default=True, description="open nothing of the backup bucket to everybody")
    keep_backups_on_destroy: bool = Field(
        default=False, description="leave the bucket and its backups when the stack goes"
    )

    backup_schedule: str = Field("17 3 * * *", description="when to back up: a cron expression, UTC")
    backup_max_age_hours: int = Field(30, ge=1, description="hours after which the last backup counts as too old")
    backup_lock_days: int = Field(
        7, ge=0, le=36500, description="days that nobody but the store's administrator can delete a backup; 0: no lock"
    )
    backup_retention: Retention = Field(
        Retention(),
        description="which backups pruning keeps, the newest of each period, e.g. {last: 3, hourly: 24, daily: 7, "
        "weekly: 5, monthly: 12, yearly: 10}",
    )
    backup_prune: bool = Field(
        default=True,
        description="delete, after each backup, those that backupRetention does not keep, where there is an identity "
        "for it; false: `make prune` alone does",
    )
    backup_before_loss: bool = Field(
        default=True, description="take a proven backup before a schema update that loses rows or values"
    )
    backup_encryption_recipients: list[str] = Field(
        default_factory=list,
        description="age's public keys (X25519, as age-keygen prints them) that backups are encrypted for; none: no "
        "encryption",
    )
    backup_encryption_identity: SecretStr | None = Field(
        None,
        description="private key of a recipient for the backup job, which then proves with it; unset: what it has "
        "encrypted, it can not read again",
    )
    backup_mirror: str = Field(
        "",
        description="folder of this machine, relative to the project, that gets the schema of each backup; empty: none",
    )
    backup_failure_webhook: SecretStr | None = Field(
        None, description="URL that gets a POST of JSON when a backup fails: https://host/path"
    )
    backup_second_bucket: str = Field(
        "",
        pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$",
        description="bucket elsewhere, made by you, that gets each proven backup, too; empty: none",
    )
    backup_second_endpoint: str = Field(
        "", pattern=r"^(https?://\S+)?$", description="URL of the S3 store of backupSecondBucket; empty: AWS"
    )
    backup_second_region: str = Field("", description="region of backupSecondBucket; empty: us-east-1")
    backup_second_access_key: SecretStr | None = Field(
        None,
        description="a key that writes and reads backupSecondBucket; unset: the AWS credentials of the surroundings",
    )
    backup_second_secret_key: SecretStr | None = Field(None, description="the secret of backupSecondAccessKey")
    maintenance_seconds: int = Field(
        60,
        ge=0,
        le=3600,
        description="seconds between two rounds of the database's maintenance; 0: something else calls maintain()",
    )

    database_url: SecretStr | None = Field(
        None, description="target external: postgresql://user:password@host:port/database of the server that is there"
    )
    ssl_mode: SslMode | None = Field(
        None, description="target external: libpq's sslmode; unset: verify-full with sslRootCertificate, else require"
    )
    ssl_root_certificate: str = Field(
        "", description="target external: file of the certificates that the server's is checked against, or `system`"
    )
    drop_on_destroy: bool = Field(
        default=False, description="target external: drop our tables, too, when the stack is destroyed"
    )
    backups: bool = Field(default=True, description="target external: take backups into the bucket; false: none")
    backup_database_url: SecretStr | None = Field(
        None, description="target external: the login that reads for backups; unset: a role `backup` is made"
    )
    s3_endpoint: str = Field(
        "", pattern=r"^(https?://\S+)?$", description="target external: URL of the S3 store; empty: AWS"
    )
    s3_region: str = Field("us-east-1", min_length=1, description="target external: the bucket's region")
    s3_access_key: SecretStr | None = Field(
        None, description="target external: a key of the store; unset: the AWS credentials of the surroundings"
    )
    s3_secret_key: SecretStr | None = Field(None, description="target external: the secret of s3AccessKey")
    s3_job_access_key: SecretStr | None = Field(
        None, description="target external: a key that may not delete, for the backup job; unset: s3AccessKey"
    )
    s3_job_secret_key: SecretStr | None = Field(None, description="target external: the secret of s3JobAccessKey")
    s3_job_principal: str = Field(
        "", pattern=r"^(arn:\S+)?$", description="target external: ARN of the job's identity, for the bucket's policy"
    )
    s3_prune_access_key: SecretStr | None = Field(
        None, description="target external: a key that deletes old backups; unset: nothing deletes them by itself"
    )
    s3_prune_secret_key: SecretStr | None = Field(None, description="target external: the secret of s3PruneAccessKey")
    s3_prune_principal: str = Field(
        "",
        pattern=r"^(arn:\S+)?$",
        description="target external: ARN of the pruning identity, for the bucket's policy",
    )
    # What follows is of the target `docker` alone.
    postgres_image: str = Field("pgvector/pgvector:pg17", min_length=1, description="image PostgreSQL runs out of")
    postgres_major: int | None = Field(
        None, ge=15, le=99, validate_default=True, description="its major version of PostgreSQL; unset: the tag tells"
    )
    object_store_image: str = Field("chrislusf/seaweedfs:4.48", min_length=1, description="image of SeaweedFS")
    backup_base_image: str = Field(
        "debian:trixie-slim", min_length=1, description="image the backup job's is built on: Debian trixie or newer"
    )
    limits: AllLimits = Field(
        AllLimits(), description="memory and cpus of the containers postgres, objectStore, backup, prune"
    )

    stack: str = Field(exclude=True)

    @field_validator("allow")
    @classmethod
    def _allow_names_hazard_and_object(cls, entries: list[str]) -> list[str]:
        for entry in entries:
            hazard, colon, thing = entry.partition(":")
            if not (colon and thing and hazard.isupper()):
                raise ValueError(f"{entry!r} is not HAZARD:object, e.g. DATA_LOSS:agent_registry.region")
        return entries

    @field_validator("backup_encryption_recipients", mode="before")
    @classmethod
    def _recipients_are_keys_of_age(cls, value: object) -> object:
        if not value:
            return value
        from infra.backup_job.keys import recipients  # noqa: PLC0415 - without encryption nothing of it is loaded

        return recipients(value)

    @field_validator("backup_encryption_identity")
    @classmethod
    def _identity_is_a_key_of_age(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            from infra.backup_job.keys import identities  # noqa: PLC0415 - without encryption nothing of it is loaded

            identities(value.get_secret_value())
        return value

    @field_validator("backup_mirror")
    @classmethod
    def _mirror_is_of_this_machine(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("target") == "docker":
            raise ValueError("the job of the target docker runs in a container that sees no folder of this machine")
        return value

    @field_validator("backup_failure_webhook")
    @classmethod
    def _webhook_is_a_web_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            from infra.backup_job.settings import require_web_url  # noqa: PLC0415 - as above

            require_web_url(value.get_secret_value())
        return value

    @field_validator("extension_versions")
    @classmethod
    def _extensions_are_ours(cls, versions: dict[str, str]) -> dict[str, str]:
        if unknown := versions.keys() - set(EXTENSIONS):
            raise ValueError(f"{', '.join(sorted(unknown))} is none of {', '.join(EXTENSIONS)}")
        return versions

    @field_validator(*DOCKER_KEYS)
    @classmethod
    def _only_for_docker(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and info.data.get("target", "docker") != "docker":
            raise ValueError(f"only the target docker has containers, and this stack's is {info.data['target']}")
        return value

    @field_validator("postgres_major")
    @classmethod
    def _major_is_known(cls, major: int | None, info: ValidationInfo) -> int | None:
        if image := info.data.get("postgres_image"):
            describe(image, major)
        return major

    @field_validator("postgres_settings")
    @classmethod
    def _reach_is_not_a_setting(cls, values: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if info.data.get("target") == "docker" and (reserved := sorted(RESERVED_IN_CONTAINERS & values.keys())):
            raise ValueError(f"{', '.join(reserved)} can not be set: the image and the container decide")
        return values

    @classmethod
    def load(cls) -> "Settings":
        """Read the configuration of the stack that is being run.

        Raises:
            SettingsError: a key is unknown or a value is not allowed.
        """
        import pulumi  # noqa: PLC0415 - settings are read by tools that need no engine, too
        from pulumi.runtime.config import CONFIG  # noqa: PLC0415

        return cls.parse(pulumi.get_project(), pulumi.get_stack(), CONFIG.get())

    @classmethod
    def parse(cls, project: str, stack: str, config: Mapping[str, str]) -> "Settings":
        """Read settings out of a raw configuration, `project:key` to text (JSON for objects and lists)."""
        prefix = f"{project}:"
        values = {key[len(prefix) :]: _value(text) for key, text in config.items() if key.startswith(prefix)}
        try:
            settings = cls.model_validate({**values, "stack": stack})
        except ValidationError as error:
            problems = [_problem(project, values, detail) for detail in error.errors(include_url=False)]
            raise SettingsError("\n".join(problems)) from None
        problems = second_settings.problems(settings)
        if settings.target == "external":
            problems += external_settings.problems(settings)
        if problems:
            raise SettingsError("\n".join(f"configuration key {project}:{problem}" for problem in problems))
        return settings

    @property
    def image(self) -> PostgresImage:
        """What is known of the image that PostgreSQL runs out of."""
        return describe(self.postgres_image, self.postgres_major)

    @property
    def bucket_name(self) -> str:
        """The backup bucket's name."""
        return self.bucket or f"agent-ecosystem-{self.stack.lower().replace('_', '-')}-backups"

    def folder(self, service: str) -> str:
        """Return the folder of a local service that runs as the current user."""
        root = Path(self.state_folder) if self.state_folder else PROJECT_FOLDER / ".state"
        return str(root / self.stack / service)

    def postgres_folder(self) -> str:
        """Return PostgreSQL's folder: like the others', unless we are root and PostgreSQL's account can't go there."""
        folder = Path(self.folder("postgres"))
        if self.state_folder or os.getuid() != 0 or service_account().can_reach(folder / "data"):
            return str(folder)
        checkout = hashlib.sha256(str(PROJECT_FOLDER).encode()).hexdigest()[:8]
        return str(SHARED_STATE / f"{PROJECT_FOLDER.name}-{checkout}-{self.stack}" / "postgres")


def _value(text: str) -> Any:
    if text[:1] in {"{", "["}:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _problem(project: str, values: Mapping[str, Any], detail: Any) -> str:
    key = str(detail["loc"][0])
    if detail["type"] == "extra_forbidden" and len(detail["loc"]) == 1:
        allowed = ", ".join(sorted(f.alias or name for name, f in Settings.model_fields.items() if name != "stack"))
        return f"configuration key {project}:{key} is unknown; known keys: {allowed}"
    field = next(f for name, f in Settings.model_fields.items() if key in {f.alias, name})
    message = detail["msg"].removeprefix("Value error, ")
    path = ".".join([field.alias or key, *map(str, detail["loc"][1:])])
    value = detail["input"] if detail["loc"][1:] else values.get(key)
    hidden = "SecretStr" in str(field.annotation) or PRIVATE_KEY in str(value).upper()
    shown = "" if hidden else f" = {value!r}"
    return f"configuration key {project}:{path}{shown}: {message} ({field.description})"
