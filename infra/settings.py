"""The stack's configuration, typed: every key has a description, a default that works, and an error that names it."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from infra import external_settings, second_settings
from infra.configuration.backup import BackupKeys
from infra.configuration.docker import DockerKeys
from infra.configuration.external import ExternalKeys
from infra.configuration.stack import StackKeys
from infra.embedded.account import service_account
from infra.targets.docker.postgres_image import PostgresImage, describe

PROJECT_FOLDER = Path(__file__).resolve().parent.parent
STACK_VARIABLE = "AGENT_ECOSYSTEM_STACK"
"""Names the stack to commands that run outside of an update."""
SHARED_STATE = Path("/var/lib/agent-ecosystem")
"""Where root keeps PostgreSQL's data when the checkout is closed to the account that runs PostgreSQL."""

PRIVATE_KEY = "AGE-SECRET-KEY-"
"""How a private key of age begins: it is not shown either where a public one belongs."""


class SettingsError(Exception):
    """A configuration value that can not be used; the message names key, value and what is allowed."""


class Settings(DockerKeys, ExternalKeys, BackupKeys, StackKeys):
    """Every configuration key of the stack. Set one with `pulumi config set KEY VALUE`, an object with `--path`."""

    stack: str = Field(exclude=True)

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
