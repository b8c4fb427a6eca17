"""`make preflight`: check database and store of a stack whose target is external; exits with 1 when something stops it.

Another database is checked, and no store, when $DATABASE_URL names it: a URL holds a password, so it is no argument.
"""

import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import chain
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape

from infra import external_settings
from infra.preflight.finding import Wanted
from infra.preflight.run import preflight
from infra.preflight.store import Login, StoreWanted, check_second, check_store
from infra.roles import BACKUP, EXTENSION_SCHEMA, EXTENSIONS, GROUPS
from infra.schema import SCHEMA_FOLDER
from infra.second_settings import REGION
from infra.settings import PROJECT_FOLDER, STACK_VARIABLE, Settings, SettingsError

MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "failure": "[red]✗[/]"}
PROJECT = "agent-ecosystem"
BUCKET_RESOURCE = "backups"
"""The bucket's name in the program: the last part of what is written on it."""


def main() -> int:
    """Print the findings; return the exit code."""
    console = Console(highlight=False, soft_wrap=True)
    try:
        settings = _settings(os.environ.get(STACK_VARIABLE, "dev"))
    except SettingsError as error:
        console.print(f"[red]{escape(str(error))}[/]")
        return 1
    report = preflight(external_settings.database(settings).text, wanted(settings))
    failed = False
    stores = chain(check_store(store_wanted(settings)), *map(check_second, second_wanted(settings)))
    for finding in chain(report.findings, stores if _has_store(settings) else ()):
        console.print(f"{MARKS[finding.level]} {escape(str(finding))}")
        failed = failed or finding.level == "failure"
    return 1 if failed else 0


def wanted(settings: Settings) -> Wanted:
    """Return what a stack with these settings needs of its database."""
    reader = external_settings.backup_database(settings) if settings.backups else None
    return Wanted(
        schema=settings.schema_name,
        groups=GROUPS,
        extensions=EXTENSIONS,
        extensions_schema=EXTENSION_SCHEMA,
        backup_role=BACKUP if settings.backups and reader is None else "",
        backup_url=reader.text if reader else None,
        directory=Path(PROJECT_FOLDER / SCHEMA_FOLDER),
        adopt=settings.adopt,
    )


def store_wanted(settings: Settings) -> StoreWanted:
    """Return what a stack with these settings needs of its store."""
    administrator = _login("s3AccessKey", settings.s3_access_key, settings.s3_secret_key, "administrator.json")
    job = _login("s3JobAccessKey", settings.s3_job_access_key, settings.s3_job_secret_key, "job.json")
    return StoreWanted(
        endpoint=settings.s3_endpoint or None,
        region=settings.s3_region,
        bucket=settings.bucket_name,
        identity=f"{PROJECT}/{settings.stack}/{BUCKET_RESOURCE}",
        administrator=administrator,
        job=job if settings.s3_job_access_key else administrator,
        lock_days=settings.backup_lock_days,
    )


def second_wanted(settings: Settings) -> list[StoreWanted]:
    """Return the second destination of a stack with these settings, nothing where there is none."""
    if not settings.backup_second_bucket:
        return []
    keys = settings.backup_second_access_key, settings.backup_second_secret_key
    job = replace(_login("backupSecondAccessKey", *keys, "job.json"), store="backupSecond")
    return [
        StoreWanted(
            endpoint=settings.backup_second_endpoint or None,
            region=settings.backup_second_region or REGION,
            bucket=settings.backup_second_bucket,
            identity="",
            administrator=job,
            job=job,
            lock_days=0,
        )
    ]


def _login(key: str, access: SecretStr | None, secret: SecretStr | None, policy: str) -> Login:
    return Login(
        access.get_secret_value() if access else None, secret.get_secret_value() if secret else None, key, policy
    )


def _has_store(settings: Settings) -> bool:
    return settings.backups and "DATABASE_URL" not in os.environ


def _settings(stack: str) -> Settings:
    if url := os.environ.get("DATABASE_URL"):
        return Settings.parse(PROJECT, stack, {f"{PROJECT}:target": "external", f"{PROJECT}:databaseUrl": url})
    command = ["pulumi", "config", "--json", "--show-secrets", "--stack", stack, "--non-interactive"]
    run = subprocess.run(command, cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SettingsError(f"stack {stack}: {run.stderr.strip().removeprefix('error: ')}")
    found: dict[str, dict[str, str]] = json.loads(run.stdout)
    settings = Settings.parse(PROJECT, stack, {key: str(entry.get("value", "")) for key, entry in found.items()})
    if settings.target != "external":
        raise SettingsError(
            f"stack {stack} has target {settings.target}: there is nothing to check before it is made. Set target "
            "external and databaseUrl, or name a database in $DATABASE_URL"
        )
    return settings


if __name__ == "__main__":
    sys.exit(main())
