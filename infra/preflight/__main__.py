"""`make preflight`: check the database of a stack whose target is external; exits with 1 when something stops it.

Another database is checked when $DATABASE_URL names it: a URL holds a password, so it is no argument.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from infra import external_settings
from infra.preflight.finding import Wanted
from infra.preflight.run import preflight
from infra.roles import BACKUP, EXTENSION_SCHEMA, EXTENSIONS, GROUPS
from infra.schema import SCHEMA_FOLDER
from infra.settings import PROJECT_FOLDER, STACK_VARIABLE, Settings, SettingsError

MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "failure": "[red]✗[/]"}
PROJECT = "agent-ecosystem"


def main() -> int:
    """Print the findings; return the exit code."""
    console = Console(highlight=False, soft_wrap=True)
    try:
        settings = _settings(os.environ.get(STACK_VARIABLE, "dev"))
    except SettingsError as error:
        console.print(f"[red]{escape(str(error))}[/]")
        return 1
    report = preflight(external_settings.database(settings).text, wanted(settings))
    for finding in report.findings:
        console.print(f"{MARKS[finding.level]} {escape(str(finding))}")
    return 1 if report.failures else 0


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
