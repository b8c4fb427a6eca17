"""The stack's configuration, typed: every key has a description, a default that works, and an error that names it."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from infra.embedded.account import service_account

PROJECT_FOLDER = Path(__file__).resolve().parent.parent
SHARED_STATE = Path("/var/lib/agent-ecosystem")
"""Where root keeps PostgreSQL's data when the checkout is closed to the account that runs PostgreSQL."""

Identifier = r"^[a-z_][a-z0-9_]{0,62}$"


class SettingsError(Exception):
    """A configuration value that can not be used; the message names key, value and what is allowed."""


class Settings(BaseModel):
    """Every configuration key of the stack. Set one with `pulumi config set KEY VALUE`, an object with `--path`."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)

    target: Literal["embedded"] = Field("embedded", description="where everything runs; this release knows `embedded`")
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
    seeds: list[str] = Field(default_factory=list, description="further seed files, relative to the project")
    password_rotation: str = Field("1", description="change it to give every database role a new password")

    object_store_port: int | None = Field(None, ge=1024, le=65535, description="the S3 port; unset: a free one")
    bucket: str = Field("", description="name of the backup bucket; empty: agent-ecosystem-STACK-backups")
    block_public_access: bool = Field(default=True, description="open nothing of the backup bucket to everybody")
    keep_backups_on_destroy: bool = Field(
        default=False, description="leave the bucket and its backups when the stack goes"
    )

    backup_schedule: str = Field("17 3 * * *", description="when to back up: a cron expression, UTC")
    backup_max_age_hours: int = Field(30, ge=1, description="hours after which the last backup counts as too old")

    stack: str = Field(exclude=True)

    @field_validator("allow")
    @classmethod
    def _allow_names_hazard_and_object(cls, entries: list[str]) -> list[str]:
        for entry in entries:
            hazard, colon, thing = entry.partition(":")
            if not (colon and thing and hazard.isupper()):
                raise ValueError(f"{entry!r} is not HAZARD:object, e.g. DATA_LOSS:agent_registry.region")
        return entries

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
            return cls.model_validate({**values, "stack": stack})
        except ValidationError as error:
            problems = [_problem(project, values, detail) for detail in error.errors(include_url=False)]
            raise SettingsError("\n".join(problems)) from None

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
    if detail["type"] == "extra_forbidden":
        allowed = ", ".join(sorted(f.alias or name for name, f in Settings.model_fields.items() if name != "stack"))
        return f"configuration key {project}:{key} is unknown; known keys: {allowed}"
    field = next(f for name, f in Settings.model_fields.items() if key in {f.alias, name})
    message = detail["msg"].removeprefix("Value error, ")
    return f"configuration key {project}:{key} = {values.get(key)!r}: {message} ({field.description})"
