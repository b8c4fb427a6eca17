"""What the job is told: one JSON file, each of its keys also as an environment variable BACKUP_<KEY>."""

import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from cronsim import CronSim, CronSimError
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails

from infra.backup_job import keys
from infra.backup_job.errors import BackupError
from infra.backup_job.second_settings import SecondStore
from infra.backup_job.store_settings import StoreSettings, require_web_url

PREFIX = "BACKUP_"
CONFIG_VARIABLE = "BACKUP_CONFIG"

OBJECTS = frozenset({"pg_environment", "checks", "retention"})
"""Settings whose environment variable holds a JSON object."""

Seconds = Annotated[float, Field(ge=0)]
AnySettings = TypeVar("AnySettings", bound=StoreSettings)


class Settings(SecondStore, StoreSettings):
    """The job's settings; the keys of the JSON file."""

    found_at, given_by = ".state/*/backup/job.json", "database_url"

    database_url: SecretStr = Field(description="the database to back up, as a role that reads all of it")
    restore_url: SecretStr | None = Field(None, description="a role that may create databases, for `restore`")
    proof: Literal["restore", "read"] = Field("restore", description="how a backup is proven before it counts")
    proof_url: SecretStr | None = Field(
        None, description="a role that may create databases on the server that proves backups; unset: restore_url"
    )
    checks: dict[str, str] = Field(
        default_factory=dict, description="queries of rows (ok, message); what holds in the original holds in the copy"
    )
    managed_schema: str = Field("public", min_length=1, description="the schema the stack manages")
    prune_access_key: SecretStr | None = Field(None, description="another identity's key, which may delete")
    prune_secret_key: SecretStr | None = None
    pruning: bool = Field(default=False, description="`prune-schedule` runs elsewhere: `status` warns when it lags")
    encryption_recipients: list[str] = Field(
        default_factory=list, description="age's public keys, which backups are encrypted for; none: not encrypted"
    )
    encryption_identity: SecretStr | None = Field(
        None, description="age's private keys, one a line, to read encrypted backups with"
    )
    encryption_identity_file: Path | None = Field(None, description="a file of them, of mode 0600")
    pg_bin: Path = Field(description="folder of pg_dump and pg_restore")
    pg_environment: dict[str, str] = Field(default_factory=dict, description="what these programs need, e.g. libraries")
    scratch: Path | None = Field(
        None,
        description="folder of a disk for the dump while `restore` reads it in parallel; unset: $TMPDIR or /var/tmp",
    )
    mirror: Path | None = Field(None, description="folder that gets the schema of each proven backup, too")
    schedule: str = Field("17 3 * * *", description="cron expression, in UTC")
    jitter_seconds: Seconds = 60
    max_age_seconds: Annotated[float, Field(gt=0)] = 26 * 3600
    lock_wait_seconds: Annotated[float, Field(gt=0)] = 60
    run_limit_seconds: Annotated[float, Field(gt=0)] = Field(
        24 * 3600, description="how long a run may take before it is given up"
    )
    silence_seconds: Annotated[float, Field(gt=0)] = Field(
        300, description="how long a server that a run works on may answer nobody before the run is given up"
    )
    maintenance_seconds: Seconds = Field(0, description="between two rounds of the database's maintenance; 0: none")

    @property
    def second(self) -> "Settings | None":
        """These settings with the second destination in the place of the first; None where there is none."""
        if self.second_bucket is None:
            return None
        places = ("endpoint", "region", "bucket", "access_key", "secret_key")
        there = {f"s3_{place}": getattr(self, f"second_{place}") for place in places}
        own = {name: getattr(self, name) for name in Settings.model_fields if not name.startswith("second_")}
        return _SecondSettings.model_construct(**{**own, **there, "pruning": False})

    @field_validator("schedule")
    @classmethod
    def _is_cron(cls, value: str) -> str:
        try:
            CronSim(value, datetime.now(UTC))
        except CronSimError as error:
            raise ValueError(f"a cron expression of five fields ({error})") from error
        return value

    @field_validator("encryption_recipients", mode="before")
    @classmethod
    def _are_recipients(cls, value: object) -> object:
        return keys.recipients(value)

    @field_validator("encryption_identity")
    @classmethod
    def _are_identities(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            keys.identities(value.get_secret_value())
        return value

    @field_validator("second_endpoint")
    @classmethod
    def _is_endpoint(cls, value: str | None) -> str | None:
        if value is not None:
            require_web_url(value)
        return value

    @field_validator("database_url", "restore_url", "proof_url")
    @classmethod
    def _is_connection_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            try:
                parts = conninfo_to_dict(value.get_secret_value())
            except ProgrammingError:
                raise ValueError("postgresql://user:password@host:port/database") from None
            if not parts.get("dbname"):
                raise ValueError("postgresql://user:password@host:port/database, the database included")
        return value


class _SecondSettings(Settings):
    store_named = "second"


def load(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the job's settings: see `load_as`."""
    return load_as(Settings, path, environment)


def load_as(
    kind: type[AnySettings], path: Path | None = None, environment: Mapping[str, str] = os.environ
) -> AnySettings:
    """Return the settings of `path`, else of $BACKUP_CONFIG, else of the one stack of this project.

    Args:
        kind: whose settings.
        path: the JSON file, as given on the command line.
        environment: where BACKUP_CONFIG and BACKUP_<KEY> are looked up; the latter win over the file.

    Raises:
        BackupError: no file, more than one, or a wrong value; secrets are never part of the message.
    """
    given = {key: environment[PREFIX + key.upper()] for key in kind.model_fields if PREFIX + key.upper() in environment}
    values: dict[str, Any] = dict(given)
    for key in OBJECTS & values.keys():
        values[key] = _json(values[key], f"${PREFIX}{key.upper()}")
    named = path or (Path(environment[CONFIG_VARIABLE]) if environment.get(CONFIG_VARIABLE) else None)
    if named is None and kind.given_by not in given:
        named = _only_stack(Path.cwd(), kind.found_at)
    if named is not None:
        values = {**_read(named), **values}
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise BackupError(_explained(error, kind, named, given)) from None


def _only_stack(here: Path, pattern: str) -> Path:
    """Return the settings of the only stack of the project that `here` lies in."""
    project = next((folder for folder in (here, *here.parents) if (folder / "Pulumi.yaml").exists()), here)
    found = sorted(project.glob(pattern))
    if not found:
        raise BackupError(f"no backup job is set up in {project}: run `make up` first, or name its file with --config")
    if len(found) > 1:
        listed = ", ".join(str(path.relative_to(project)) for path in found)
        raise BackupError(f"several stacks have a backup job here: choose one with --config: {listed}")
    return found[0]


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BackupError(f"the settings file {path} can not be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BackupError(
            f"the settings file {path} is not UTF-8 from byte {error.start} on: save it as UTF-8"
        ) from None
    return _json(text, str(path))


def _json(text: str, where: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise BackupError(f"{where} is not JSON: {error.msg} in line {error.lineno}") from None
    if not isinstance(values, dict):
        raise BackupError(f"{where} must be a JSON object of settings, not {type(values).__name__}")
    return values


def _explained(error: ValidationError, kind: type[StoreSettings], named: Path | None, given: Iterable[str]) -> str:
    lines = []
    for problem in error.errors(include_url=False):
        key = str(problem["loc"][0])
        where = (
            f"${PREFIX}{key.upper()}" if key in given else f"{key} in {named}" if named else f"${PREFIX}{key.upper()}"
        )
        lines.append(f"{where}: {_problem(key, kind, problem)}")
    return "wrong settings: " + "; ".join(lines)


def _problem(key: str, kind: type[StoreSettings], problem: ErrorDetails) -> str:
    if problem["type"] == "missing":
        return "is missing"
    if problem["type"] == "extra_forbidden":
        return f"there is no such setting; there are {', '.join(kind.model_fields)}"
    allowed = problem["msg"].removeprefix("Value error, ")
    secret = "SecretStr" in str(kind.model_fields[key].annotation) or keys.SECRET_START in str(problem["input"])
    return f"allowed is: {allowed}" if secret else f"{problem['input']!r} is not allowed: {allowed}"
