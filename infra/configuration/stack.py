"""What a stack is, and its database."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from infra.configuration import Keys, only_for
from infra.roles import EXTENSIONS

RESERVED_IN_CONTAINERS = frozenset(
    {"port", "listen_addresses", "unix_socket_directories", "data_directory", "config_file", "hba_file", "ident_file"}
)

Identifier = r"^[a-z_][a-z0-9_]{0,62}$"


class StackKeys(Keys):
    """Keys of every stack; `target` comes first, since others are judged by it."""

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
    maintenance_seconds: int = Field(
        60,
        ge=0,
        le=3600,
        description="seconds between two rounds of the database's maintenance; 0: something else calls maintain()",
    )
    maintenance_by: Literal["auto", "pg_cron", "service"] = Field(
        "auto",
        description="who does the database's maintenance: jobs of `pg_cron`, the schedule `service`, or (`auto`) "
        "pg_cron where the database has it and its owner may use it, else the service",
    )

    @field_validator("postgres_port", "postgres_settings", "database", "object_store_port")
    @classmethod
    def _only_for_servers_of_ours(cls, value: object, info: ValidationInfo) -> object:
        only_for(("embedded", "docker"), "servers that the stack makes", info)
        return value

    @field_validator("maintenance_by")
    @classmethod
    def _somebody_can(cls, value: str, info: ValidationInfo) -> str:
        if value == "pg_cron":
            only_for(("docker", "external"), "a PostgreSQL that may come with pg_cron", info)
        if value != "auto" and info.data.get("maintenance_seconds") == 0:
            raise ValueError("maintenanceSeconds is 0, which leaves the maintenance to something else")
        return value

    @field_validator("state_folder")
    @classmethod
    def _only_for_services_of_this_machine(cls, value: object, info: ValidationInfo) -> object:
        only_for(("embedded", "external"), "services in folders of this machine", info)
        return value

    @field_validator("allow")
    @classmethod
    def _allow_names_hazard_and_object(cls, entries: list[str]) -> list[str]:
        for entry in entries:
            hazard, colon, thing = entry.partition(":")
            if not (colon and thing and hazard.isupper()):
                raise ValueError(f"{entry!r} is not HAZARD:object, e.g. DATA_LOSS:agent_registry.region")
        return entries

    @field_validator("extension_versions")
    @classmethod
    def _extensions_are_ours(cls, versions: dict[str, str]) -> dict[str, str]:
        if unknown := versions.keys() - set(EXTENSIONS):
            raise ValueError(f"{', '.join(sorted(unknown))} is none of {', '.join(EXTENSIONS)}")
        return versions

    @field_validator("postgres_settings")
    @classmethod
    def _reach_is_not_a_setting(cls, values: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if info.data.get("target") == "docker" and (reserved := sorted(RESERVED_IN_CONTAINERS & values.keys())):
            raise ValueError(f"{', '.join(reserved)} can not be set: the image and the container decide")
        return values
