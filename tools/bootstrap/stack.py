"""A stack of this checkout, driven through the `pulumi` command line."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import yaml

from tools.bootstrap import buckets, containers, salt
from tools.bootstrap.checkout import Checkout
from tools.bootstrap.checkpoint import recover_checkpoint
from tools.bootstrap.dead_locks import clear_dead_locks
from tools.bootstrap.environment import BACKEND
from tools.bootstrap.failure import SetupError
from tools.bootstrap.interrupted_creates import PendingCreate, Repair, pending_creates, plan_repair
from tools.bootstrap.lost_state import SERVER, knows_something, set_aside, with_creates_pending
from tools.bootstrap.orphans import end_orphans
from tools.bootstrap.progress import LAST_WORDS, say

SERVERS = (
    "**pgstack:local:Service**",
    "**agent-ecosystem:index:PostgresInstance$**",
    "**agent-ecosystem:index:BackupStore$docker:**",
    "**agent-ecosystem:index:BackupStore$pgstack:random:**",
)
"""Match the servers that a stack runs itself, in the form of `pulumi up --target`."""

STACK = "AGENT_ECOSYSTEM_STACK"
"""Tells a program we run which stack is meant."""

BACKUP_JOB = "index:BackupJob$docker:index/container:Container::backup"

ACCESS = "**agent-ecosystem:index:DatabaseAccess$**"
"""Matches what has to be in a database server before anybody else can ask it anything."""


class Stack:
    """One stack.

    Args:
        checkout: where its program lies.
        name: its name; it is made on first use.
        environment: see `stack_environment`.
    """

    def __init__(self, checkout: Checkout, name: str, environment: Mapping[str, str]) -> None:
        self._checkout = checkout
        self.name = name
        self._environment = dict(environment)
        self._program = shutil.which("pulumi", path=environment["PATH"]) or "pulumi"

    def select(self) -> None:
        """Make the stack unless it exists, and make it the one that plain `pulumi` commands mean.

        Raises:
            SetupError: the backend refuses, or its state was encrypted with another passphrase.
        """
        salt.leave_other_backend(self._checkout, self.name, self._environment[BACKEND])
        self._ask("stack", "select", "--create", self.name)
        self.keep_salt()

    def keep_salt(self) -> None:
        """Keep what Pulumi wrote into the stack's file out of git: see salt.py."""
        salt.keep_salt(self._checkout, self.name, self._environment[BACKEND])

    def unlock(self) -> None:
        """Clear what a killed engine left: its lock, its language host, a half written state.

        Raises:
            SetupError: the stack is in use.
        """
        clear_dead_locks(self._environment[BACKEND], self._project, self.name)
        end_orphans(self._checkout)
        recover_checkpoint(self._environment[BACKEND], self._project, self.name)

    def mend(self) -> None:
        """Clear what a killed engine left: creates of which nobody noted the end.

        Raises:
            SetupError: the state could not be read or written.
        """
        self._settle(plan_repair(self._export()))

    def knows_something(self) -> bool:
        """Say whether the stack's state holds anything."""
        return knows_something(self._export())

    def refuse_others(self) -> None:
        """Refuse to go on where a stack of this name is in the Docker engine that another state knows.

        Raises:
            SetupError: there is one; the message names what was found.
        """
        places, names = containers.known_elsewhere(self.name, self._environment[BACKEND])
        if names:
            raise SetupError(
                f"the Docker engine has a stack {self.name} already: {', '.join(names)}. The state that knows it is "
                f"another one, in {', '.join(places)}. Where another checkout runs it, take another name here; where "
                f"that state is lost, `make recover STACK={self.name} ARGS=--take-over`. Nothing was changed"
            )

    def give_up_state(self) -> None:
        """Set the stack's state aside, as one that can not be read any more.

        Raises:
            SetupError: the state is not in files below a folder of this machine.
        """
        moved = set_aside(self._environment[BACKEND], self._project, self.name)
        if not moved:
            raise SetupError(
                f"no file of stack {self.name} in {self._environment[BACKEND]}: remove it there with "
                f"`pulumi stack rm --force {self.name}`, then run `make recover STACK={self.name}` without ARGS"
            )
        salt.forget_salt(self._checkout, self.name)
        say(f"The state of {self.name} is set aside, in {moved[0].parent}.")

    def look_up_all(self) -> int:
        """Bring into an empty state what of the program is there already; return pulumi's exit code.

        The server first, which takes over its own data, then what is in it: that is looked up as if an interrupted run
        had left it.
        """
        containers.remove_of_stack(self.name)
        code = self._targeted("up", *SERVER)
        if code == 0:
            preview = json.loads(self._ask("preview", "--json", *self._on_stack))
            self._settle(plan_repair(with_creates_pending(self._export(), preview)))
        return code

    def _settle(self, repair: Repair) -> None:
        containers.remove_unfinished(repair.forgotten, self._environment[BACKEND])
        if repair.forgotten:
            say(f"Made now, or taken over where it is there already: {_names(repair.forgotten)}.")
        if repair.unknown:
            say(f"Perhaps there already, which would be an error: {_names(repair.unknown)}.")
        if repair.forgotten or repair.unknown or repair.looked_up:
            self._import(repair.state)
        if repair.looked_up:
            say(f"Looked up on the server: {_names(repair.looked_up)}.")
            if not self._look_up(repair.looked_up):
                self._import(repair.state_without)

    def bring_back(self) -> list[str]:
        """Make anew what is gone from the Docker engine, and the bucket; where data went, find out what else is gone.

        An image that was pulled since is noted: the `up` that follows runs it.

        Returns:
            Options for the `up` that follows: a new database has to have a backup before that is done.
        """
        export = self._export(show_secrets=True)
        self._note_other_images(export)
        options = self._bring_back_containers(containers.of_docker(export))
        if not options:
            self._bring_back_bucket(export)
        return options

    def _note_other_images(self, export: Mapping[str, Any]) -> None:
        if others := containers.other_images(export):
            names = ", ".join(sorted(str(image["outputs"]["name"]) for image in others))
            say(f"Another image in the Docker engine than the one that runs: {names}.")
            self._targeted("refresh", *(image["urn"] for image in others))

    def _bring_back_containers(self, ours: Sequence[Mapping[str, Any]]) -> list[str]:
        gone = containers.gone(ours)
        if not gone:
            return []
        names = ", ".join(sorted({entry["inputs"]["name"] for entry in gone}))
        say(f"Not in the Docker engine any more, or stopped: {names}.")
        cut_off = containers.remove_cut_off(ours, gone)
        if cut_off:
            names = ", ".join(sorted(entry["inputs"]["name"] for entry in cut_off))
            say(f"Were in a network that is gone, and are made anew: {names}.")
        self._targeted("refresh", *{entry["urn"] for entry in (*gone, *cut_off)})
        self.start_services()
        if not any(entry["type"] == containers.VOLUME for entry in gone):
            return []
        say("Data went with it: finding out what else is gone.")
        self._targeted("refresh", ACCESS)
        self._targeted("up", ACCESS)
        self.run("refresh", "--yes", "--skip-preview")
        jobs = [entry["urn"] for entry in ours if entry["urn"].endswith(BACKUP_JOB)]
        return [part for urn in jobs for part in ("--replace", urn)]

    def _bring_back_bucket(self, export: Mapping[str, Any]) -> None:
        """Make the bucket anew if its store has it no more, and have a backup taken into it.

        Before the `up` that follows: production's is refused as long as there is no backup.
        """
        bucket = buckets.gone(export)
        if bucket is None:
            return
        say(f"Not in its store any more, with the backups in it: bucket {bucket['inputs']['bucket']}.")
        self._targeted("refresh", bucket["urn"])
        self._targeted("up", bucket["urn"])
        self.start_services()
        subprocess.run(
            [sys.executable, "-m", "infra.job_command", "run"],
            cwd=self._checkout.root,
            env={**self._environment, STACK: self.name},
            check=False,  # it says what is wrong, and the job goes on trying
        )

    def forget_build(self) -> None:
        """Remove what building the stack's images left in the Docker engine."""
        containers.remove_build_stages()

    def has_containers(self) -> bool:
        """Tell whether the state has things in a Docker engine."""
        return bool(containers.of_docker(self._export()))

    def has_pending_creates(self) -> bool:
        """Tell whether a run was interrupted while it made something."""
        return bool(pending_creates(self._export()))

    def protected(self) -> list[str]:
        """Return the names of the resources that Pulumi refuses to delete."""
        resources = self._export()["deployment"].get("resources") or ()
        return [str(resource["urn"]).rpartition("::")[2] for resource in resources if resource.get("protect")]

    def run(self, *arguments: str) -> int:
        """Run a `pulumi` command on this stack with its output shown; return its exit code.

        Raises:
            SetupError: it failed, and the state can not be decrypted here.
        """
        with _interrupts_left_to_pulumi():
            command = [self._program, *arguments, *self._on_stack]
            code = subprocess.run(command, cwd=self._checkout.root, env=self._environment, check=False).returncode
        if code:
            self.outputs(show_secrets=True)
        return code

    def start_services(self) -> int:
        """Bring up the local servers alone, e.g. after a reboot; return pulumi's exit code."""
        return self._targeted("up", *SERVERS)

    def outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """Return the stack's outputs; secret ones read `[secret]` unless asked for.

        Raises:
            SetupError: they can not be read.
        """
        options = ["--show-secrets"] if show_secrets else []
        outputs: dict[str, Any] = json.loads(self._ask("stack", "output", "--json", *options, *self._on_stack))
        return outputs

    def output(self, name: str) -> str:
        """Return one output in clear.

        Raises:
            SetupError: the stack has no such output.
        """
        value = self.outputs(show_secrets=True).get(name)
        if value is None:
            raise SetupError(f"stack {self.name} has no output `{name}`: `make up STACK={self.name}` makes it")
        return str(value)

    @property
    def _project(self) -> str:
        return str(yaml.safe_load((self._checkout.root / "Pulumi.yaml").read_text())["name"])

    @property
    def _on_stack(self) -> list[str]:
        return ["--stack", self.name, "--non-interactive"]

    def _look_up(self, creates: Sequence[PendingCreate]) -> bool:
        self.start_services()  # the server they are in may have died with the engine
        return self._targeted("refresh", *(create.urn for create in creates)) == 0

    def _targeted(self, command: str, *targets: str) -> int:
        options = [part for target in targets for part in ("--target", target)]
        return self.run(command, "--yes", "--skip-preview", *options)

    def _export(self, *, show_secrets: bool = False) -> dict[str, Any]:
        options = ["--show-secrets"] if show_secrets else []
        export: dict[str, Any] = json.loads(self._ask("stack", "export", *options, *self._on_stack))
        return export

    def _import(self, state: Mapping[str, Any]) -> None:
        with tempfile.NamedTemporaryFile("w", dir=self._checkout.state, suffix=".json") as file:
            json.dump(state, file)
            file.flush()
            self._ask("stack", "import", "--file", file.name, *self._on_stack)

    def _ask(self, *arguments: str) -> str:
        run = subprocess.run(
            [self._program, *arguments, *([] if "--non-interactive" in arguments else ["--non-interactive"])],
            cwd=self._checkout.root,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            if "incorrect passphrase" in run.stderr:
                raise SetupError(
                    f"the state of stack {self.name} was encrypted with another passphrase than the one here: put that "
                    f"one back, or give the state up and make it anew from what runs: "
                    f"`make recover STACK={self.name} ARGS=--give-up-state` (docs/operations.md)"
                )
            if "no stack named" in run.stderr:
                raise SetupError(f"there is no stack {self.name} here: `make up STACK={self.name}` makes it")
            raise SetupError(f"`pulumi {arguments[0]} {arguments[1]}` failed:\n{run.stderr.strip()[-LAST_WORDS:]}")
        return run.stdout


@contextmanager
def _interrupts_left_to_pulumi() -> Iterator[None]:
    """Let Ctrl-C reach Pulumi alone: it ends in good order, where we would kill it in the middle of a change."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _names(creates: Sequence[PendingCreate]) -> str:
    return ", ".join(create.name for create in creates)
