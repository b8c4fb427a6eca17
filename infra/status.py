"""`make status`: what lives in the database now, and the last backup; exits with 1 when something is off."""

import json
import os
import subprocess
import sys
from typing import Any

from rich.console import Console
from rich.markup import escape

from infra.plugin.errors import UserError
from infra.provider.postgres.verification import verify
from infra.schema import VERIFY_FOLDER
from infra.settings import PROJECT_FOLDER, STACK_VARIABLE


def main() -> int:
    """Print the live report; return the exit code."""
    stack = os.environ.get(STACK_VARIABLE, "dev")
    console = Console(highlight=False, soft_wrap=True)
    try:
        outputs = _outputs(stack)
        healthy = [_database(console, outputs)]
        if "bucket" in outputs:
            healthy.append(_backup(console, stack))
        else:
            console.print("💾 no backups are taken: the stack's configuration says `backups: false`")
    except UserError as error:
        console.print(f"[red]{escape(str(error))}[/]")
        return 1
    return 0 if all(healthy) else 1


def _outputs(stack: str) -> dict[str, Any]:
    command = ["pulumi", "stack", "output", "--json", "--show-secrets", "--stack", stack, "--non-interactive"]
    run = subprocess.run(command, cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False)
    if run.returncode:
        raise UserError(f"stack {stack}: {run.stderr.strip().removeprefix('error: ')}")
    outputs: dict[str, Any] = json.loads(run.stdout)
    if "url" not in outputs:
        raise UserError(f"stack {stack} is not up: run `make up STACK={stack}`")
    return outputs


def _database(console: Console, outputs: dict[str, Any]) -> bool:
    rows = verify(outputs["url"], outputs["schema"], PROJECT_FOLDER / VERIFY_FOLDER)
    for file, ok, message in rows:
        console.print(escape(message) if ok else f"[red]✗ {escape(file)}: {escape(message)}[/]")
    return all(ok for _, ok, _ in rows)


def _backup(console: Console, stack: str) -> bool:
    command = [sys.executable, "-m", "infra.job_command", "status", "--healthy"]
    environment = {**os.environ, STACK_VARIABLE: stack}
    run = subprocess.run(command, cwd=PROJECT_FOLDER, env=environment, capture_output=True, text=True, check=False)
    words = (run.stdout or run.stderr).strip()
    console.print(f"💾 {escape(words)}" if run.returncode == 0 else f"[red]✗ {escape(words)}[/]")
    return run.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
