"""`make status`: what lives in the database now, who maintains it, the last backup; exits with 1 if one is off."""

import os
import subprocess
import sys
from typing import Any

from rich.console import Console
from rich.markup import escape

from infra.plugin.errors import UserError
from infra.provider.postgres import pg_cron
from infra.provider.postgres.database import connected
from infra.provider.postgres.verification import verify
from infra.schema import VERIFY_FOLDER
from infra.settings import PROJECT_FOLDER, STACK_VARIABLE
from infra.stack_outputs import stack_outputs

MAINTAINED = {
    "service": "the backup job's schedule",
    "others": "nobody, unless something calls maintain(): docs/operations.md#maintenance",
}


def main() -> int:
    """Print the live report; return the exit code."""
    stack = os.environ.get(STACK_VARIABLE, "dev")
    console = Console(highlight=False, soft_wrap=True)
    try:
        outputs = stack_outputs(stack)
        healthy = [_database(console, outputs), _maintenance(console, outputs)]
        if "bucket" in outputs:
            healthy.append(_backup(console, stack))
        else:
            console.print("💾 no backups are taken: the stack's configuration says `backups: false`")
    except UserError as error:
        console.print(f"[red]{escape(str(error))}[/]")
        return 1
    return 0 if all(healthy) else 1


def _database(console: Console, outputs: dict[str, Any]) -> bool:
    rows = verify(outputs["url"], outputs["schema"], PROJECT_FOLDER / VERIFY_FOLDER)
    for file, ok, message in rows:
        console.print(escape(message) if ok else f"[red]✗ {escape(file)}: {escape(message)}[/]")
    return all(ok for _, ok, _ in rows)


def _maintenance(console: Console, outputs: dict[str, Any]) -> bool:
    by = outputs.get("maintenanceBy", "service")  # as it was before there was a choice
    if by != pg_cron.NAME:
        console.print(f"🧹 maintenance: {MAINTAINED[by]}")
        return True
    with connected(outputs["url"], outputs["schema"]) as connection:
        fine, words = pg_cron.report(connection, outputs["schema"])
    console.print(f"🧹 maintenance: pg_cron, {escape(words)}" if fine else f"[red]✗ maintenance: {escape(words)}[/]")
    return fine


def _backup(console: Console, stack: str) -> bool:
    command = [sys.executable, "-m", "infra.job_command", "status", "--healthy"]
    environment = {**os.environ, STACK_VARIABLE: stack}
    run = subprocess.run(command, cwd=PROJECT_FOLDER, env=environment, capture_output=True, text=True, check=False)
    words = (run.stdout or run.stderr).strip()
    console.print(f"💾 {escape(words)}" if run.returncode == 0 else f"[red]✗ {escape(words)}[/]")
    return run.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
