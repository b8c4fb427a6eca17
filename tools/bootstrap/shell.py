"""An interactive shell, or direnv, in the environment of the stack."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from tools.bootstrap.checkout import Checkout
from tools.bootstrap.environment import changes
from tools.bootstrap.progress import say

START_FILES = {"bash": "~/.bashrc", "zsh": "~/.zshrc"}


def export_lines(environment: Mapping[str, str]) -> str:
    """Return shell commands that turn the present environment into this one."""
    wanted, unwanted = changes(environment)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(wanted.items())]
    return "\n".join([*lines, *(f"unset {name}" for name in sorted(unwanted))])


def open_shell(checkout: Checkout, environment: Mapping[str, str], stack: str) -> None:
    """Become the user's shell. It reads the user's start file first, so that this can not move our PATH back."""
    program = os.environ.get("SHELL") or "/bin/sh"
    name = Path(program).name
    say(f"Shell of stack {stack}: `pulumi preview`, `pulumi up`, ... work in here. `exit` leaves it.")
    arguments, environment = [program], dict(environment)
    if name in START_FILES:
        folder = checkout.state / "shell" / stack
        folder.mkdir(parents=True, exist_ok=True)
        start_file = folder / Path(START_FILES[name]).name
        start_file.write_text(_start_file(START_FILES[name], environment["PATH"], stack))
        if name == "bash":
            arguments += ["--rcfile", str(start_file)]
        else:
            environment["ZDOTDIR"] = str(folder)
    os.execve(program, arguments, environment)  # noqa: S606 - the user's own shell, with no command in it


def _start_file(users: str, path: str, stack: str) -> str:
    return "\n".join(
        [
            f"if [ -f {users} ]; then . {users}; fi",
            f"export PATH={shlex.quote(path)}",
            f"PS1={shlex.quote(f'({stack}) ')}$PS1",
            "",
        ]
    )
