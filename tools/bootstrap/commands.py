"""The targets of the Makefile, once the virtual environment stands."""

import argparse
import errno
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tools.bootstrap import shell
from tools.bootstrap.checkout import Checkout
from tools.bootstrap.disk import no_space_left
from tools.bootstrap.failure import SetupError
from tools.bootstrap.progress import say
from tools.bootstrap.setup import set_up, tool_environment
from tools.bootstrap.stack import STACK, Stack

PRUNE_KEYS = {"BACKUP_PRUNE_ACCESS_KEY": "pruneAccessKey", "BACKUP_PRUNE_SECRET_KEY": "pruneSecretKey"}
"""The job's settings, and the outputs of a stack that runs its store itself."""

GIVE_UP_STATE = "--give-up-state"
TAKE_OVER = "--take-over"


@dataclass(frozen=True)
class Session:
    """What a target works with."""

    checkout: Checkout
    stack: Stack
    environment: dict[str, str]
    arguments: Sequence[str]
    """What stands behind the target's name on the command line."""


def up(session: Session) -> int:
    """Bring the stack up, whatever an interrupted run left behind, and say how to go on."""
    began = time.monotonic()
    stack = session.stack
    stack.unlock()
    stack.select()
    stack.mend()
    code = stack.run("up", "--yes", *stack.bring_back())
    stack.keep_salt()
    if code == 0:
        _summary(stack, time.monotonic() - began)
    return code


def recover(session: Session) -> int:
    """Make the state anew from what runs, where the state or its passphrase is lost; then bring the stack up."""
    stack = session.stack
    stack.unlock()
    if TAKE_OVER not in session.arguments:
        stack.refuse_others()
    if GIVE_UP_STATE in session.arguments:
        stack.give_up_state()
    stack.select()
    if stack.knows_something():
        raise SetupError(
            f"the state of stack {stack.name} is there and can be read: `make up STACK={stack.name}` is all it needs. "
            f"To make it anew all the same: `make recover STACK={stack.name} ARGS={GIVE_UP_STATE}`; a copy is kept"
        )
    return stack.look_up_all() or up(session)


def preview(session: Session) -> int:
    """Show what `up` would do."""
    session.stack.select()
    return session.stack.run("preview", *session.arguments)


def refresh(session: Session) -> int:
    """Bring the state up to date with what is really there."""
    session.stack.unlock()
    session.stack.select()
    return session.stack.run("refresh", "--yes", *session.arguments)


def destroy(session: Session) -> int:
    """Take everything of the stack away, after one question."""
    stack = session.stack
    if "--yes" not in session.arguments:
        _ask_for_destruction(stack.name)
    stack.unlock()
    stack.select()
    _refuse_if_protected(stack)
    if stack.has_pending_creates():
        say("The last run was interrupted: finishing it first, so that nothing it made is left behind.")
        stack.mend()
        stack.run("up", "--yes", "--skip-preview")
    has_containers = stack.has_containers()
    code = stack.run("destroy", "--yes")
    if code != 0:
        say("Not all of it could go. The stack's services are started, in case they were down, and then once more.")
        stack.start_services()
        code = stack.run("destroy", "--yes")
    if code == 0 and has_containers:
        stack.forget_build()
    return code


def output(session: Session) -> int:
    """Print one output of the stack in clear, and nothing else."""
    print(session.stack.output(session.arguments[0]))
    return 0


def restore(session: Session) -> int:
    """Restore a backup: as `run`, with the administrator's connection in the environment."""
    url = session.stack.output("adminUrl")
    return _become(session.arguments, {**session.environment, "BACKUP_RESTORE_URL": url})


def prune(session: Session) -> int:
    """Delete old backups: as `run`, with the keys of who may in the environment, unless they are there already."""
    outputs = session.stack.outputs(show_secrets=True)
    keys = {variable: outputs[name] for variable, name in PRUNE_KEYS.items() if name in outputs}
    return _become(session.arguments, {**keys, **session.environment})


def run(session: Session) -> int:
    """Become another program, in the environment of the stack; as `tool`, in one that needs no Pulumi."""
    return _become(session.arguments, session.environment)


def open_shell(session: Session) -> int:
    """Become the user's shell, in the environment of the stack."""
    session.stack.select()
    shell.open_shell(session.checkout, session.environment, session.stack.name)
    return 0


def export(session: Session) -> int:
    """Print the environment as shell commands, for direnv."""
    print(shell.export_lines(session.environment))
    return 0


COMMANDS: dict[str, Callable[[Session], int]] = {
    "up": up,
    "recover": recover,
    "preview": preview,
    "refresh": refresh,
    "destroy": destroy,
    "output": output,
    "restore": restore,
    "prune": prune,
    "run": run,
    "tool": run,
    "shell": open_shell,
    "export": export,
}


def main() -> int:
    """Run the target the command line names; return its exit code."""
    parser = argparse.ArgumentParser(prog="tools/bootstrap/run", description=__doc__)
    parser.add_argument("--stack", default="dev", help="the stack meant (default: %(default)s)")
    parser.add_argument("--development", action="store_true", help="install requirements-dev.txt, too")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    checkout = Checkout.here()
    try:
        environment = tool_environment(checkout) if options.command == "tool" else set_up(checkout)
        stack = Stack(checkout, options.stack, environment)
        session = Session(checkout, stack, {**environment, STACK: options.stack}, options.arguments)
        return COMMANDS[options.command](session)
    except SetupError as error:
        say(f"error: {error}")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        say(f"error: {no_space_left(str(error), checkout.state)}")
    except KeyboardInterrupt:
        return 130
    return 1


def _become(command: Sequence[str], environment: dict[str, str]) -> int:
    sys.stdout.flush()
    os.execvpe(command[0], list(command), environment)  # noqa: S606 - what the Makefile names, without a shell


def _ask_for_destruction(name: str) -> None:
    if not sys.stdin.isatty():
        raise SetupError(f"destroy takes the data of stack {name} with it: say YES=1 where nobody can be asked")
    if input(f"Destroy stack {name} with all its data? [y/N] ").strip().lower() not in {"y", "yes"}:
        raise SetupError("nothing was destroyed")


def _refuse_if_protected(stack: Stack) -> None:
    """Say no before anything is taken away: Pulumi would end what runs beside the protected data first."""
    if protected := stack.protected():
        raise SetupError(
            f"stack {stack.name} is protected ({', '.join(protected)}), nothing was destroyed. If its data is to go: "
            f"`pulumi state unprotect --all --stack {stack.name}` in `make shell`, then this once more"
        )


def _summary(stack: Stack, seconds: float) -> None:
    outputs = stack.outputs()
    option = "" if stack.name == "dev" else f" STACK={stack.name}"
    say(f"\nStack {stack.name} is up ({seconds:.0f} s).")
    say(f"  connection string   make url{option}")
    if "bucket" in outputs:
        say(f"  backup bucket       {outputs['bucket']}")
    say(f"  what is in it       make status{option}")
    say(f"  change something    edit sql/ or Pulumi.{stack.name}.yaml, make preview{option}, make up{option}")
    say(f"  plain pulumi        make shell{option}")


if __name__ == "__main__":
    sys.exit(main())
