"""The outputs of a stack, read by its tools from outside of the program."""

import json
import subprocess
from typing import Any

from infra.plugin.errors import UserError
from infra.settings import PROJECT_FOLDER


def stack_outputs(stack: str) -> dict[str, Any]:
    """Return the outputs of `stack` as of its last update, secrets in clear.

    Raises:
        UserError: the stack can not be read, or is not up.
    """
    command = ["pulumi", "stack", "output", "--json", "--show-secrets", "--stack", stack, "--non-interactive"]
    run = subprocess.run(command, cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False)
    if run.returncode:
        raise UserError(f"stack {stack}: {run.stderr.strip().removeprefix('error: ')}")
    outputs: dict[str, Any] = json.loads(run.stdout)
    if "url" not in outputs:
        raise UserError(f"stack {stack} is not up: run `make up STACK={stack}`")
    return outputs
