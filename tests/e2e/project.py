"""A checkout of its own for a test, with its stacks driven as a user would: pulumi and make."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import psutil
import psycopg
from botocore.config import Config
from psycopg.rows import dict_row

from infra import store_identities
from infra.store_identities import ADMINISTRATOR, Identity

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

SOURCE = Path(__file__).resolve().parents[2]
PULUMI_SECONDS = 600
FINAL_STATE_ALONE = {"PULUMI_SKIP_CHECKPOINTS": "true"}
"""An update writes its state once, at its end. Writing it at each of 400 steps is half of the work of an update or a
destroy, and matters where one is killed: those tests, and the stack that stands, have it as users do."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Project:
    """A copy of the working tree below `folder`; `environment` is what `make shell` gives."""

    folder: Path
    environment: dict[str, str] = field(repr=False)
    checkpoints: bool = False
    """Whether updates write the state at every step, as they do unless told otherwise."""
    _outputs: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict, repr=False)
    """Of each stack, and when the state was written that they are from."""

    @classmethod
    def copy(cls, folder: Path) -> "Project":
        """Copy what git tracks or would track, share the virtual environment, and set everything else up anew."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=SOURCE,
            capture_output=True,
            check=True,
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (SOURCE / name).is_file():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(SOURCE / name, target)
        (folder / ".venv").symlink_to(SOURCE / ".venv")
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
        run = subprocess.run(
            ["tools/bootstrap/run", "run", "env", "-0"], cwd=folder, capture_output=True, check=True, timeout=1800
        )
        pairs = (item.split("=", 1) for item in run.stdout.decode().split("\0") if "=" in item)
        return cls(folder, dict(pairs))

    def pulumi(self, *arguments: str, stack: str = "dev", expect: int = 0) -> str:
        """Run pulumi and return everything it said; `expect` is its exit code."""
        selection = [] if arguments[:2] == ("stack", "init") else ["--stack", stack]
        run = subprocess.run(
            ["pulumi", *arguments, *selection, "--non-interactive"],
            cwd=self.folder,
            env=self._saving(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PULUMI_SECONDS,
            check=False,
        )
        said = _COLOURS.sub("", run.stdout)
        assert run.returncode == expect, f"pulumi {' '.join(arguments)} exited with {run.returncode}:\n{said}"
        return said

    def make(self, target: str, *arguments: str, expect: int | None = 0) -> str:
        """Run a make target in a plain environment, as a user's shell has it, and return everything it said."""
        run = subprocess.run(
            ["make", target, *arguments],
            cwd=self.folder,
            env=self._saving(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PULUMI_SECONDS,
            check=False,
        )
        said = _COLOURS.sub("", run.stdout)
        assert expect in (None, run.returncode), f"make {target} exited with {run.returncode}:\n{said}"
        return said

    def _saving(self, environment: Mapping[str, str]) -> dict[str, str]:
        return {**environment} if self.checkpoints else {**environment, **FINAL_STATE_ALONE}

    def up(self, stack: str = "dev", expect: int = 0) -> str:
        return self.pulumi("up", "--yes", "--skip-preview", stack=stack, expect=expect)

    def preview(self, *arguments: str, stack: str = "dev", expect: int = 0) -> str:
        return self.pulumi("preview", *arguments, stack=stack, expect=expect)

    def outputs(self, stack: str = "dev") -> dict[str, Any]:
        """The stack's outputs, secrets in clear; asked for once a state: Pulumi takes a second to tell them."""
        file = self.state_file(stack)
        written = file.stat().st_mtime_ns if file.exists() else 0
        known = self._outputs.get(stack)
        if not (written and known and known[0] == written):
            said = self.pulumi("stack", "output", "--json", "--show-secrets", stack=stack)
            known = self._outputs[stack] = (written, json.loads(said))
        return known[1]

    def state_file(self, stack: str = "dev") -> Path:
        """Where a stack's state lies, unless another backend has it."""
        return self.folder / f".state/backend/.pulumi/stacks/agent-ecosystem/{stack}.json"

    def state(self, stack: str = "dev") -> str:
        """The state as it lies on disk."""
        return self.state_file(stack).read_text()

    def resources(self, stack: str = "dev") -> dict[str, str]:
        """When each resource of the state was made, by its URN."""
        latest = json.loads(self.state(stack))["checkpoint"]["latest"]
        return {resource["urn"]: resource.get("created", "") for resource in latest["resources"]}

    def query(
        self, statement: str, *parameters: object, stack: str = "dev", output: str = "url"
    ) -> list[dict[str, Any]]:
        """Run a statement in the stack's database as the owner, and return its rows."""
        with psycopg.connect(self.outputs(stack)[output], row_factory=dict_row, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def identity(self, name: str = ADMINISTRATOR, stack: str = "dev") -> Identity:
        """One of those who may call the stack's own store."""
        return store_identities.read((self.folder / f".state/{stack}/object-store/s3.json").read_text())[name]

    def s3(self, identity: str = ADMINISTRATOR, stack: str = "dev") -> "S3Client":
        """A client of the stack's own store, as one of those who may call it."""
        keys = self.identity(identity, stack)
        return boto3.client(
            "s3",
            endpoint_url=self.outputs(stack)["s3Endpoint"],
            region_name="us-east-1",
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            config=Config(s3={"addressing_style": "path"}),
        )

    @contextlib.contextmanager
    def edited(self, path: str, old: str, new: str) -> Iterator[None]:
        """Change a file for the length of a block."""
        file = self.folder / path
        before = file.read_text()
        assert old in before, f"{path} does not hold {old!r}"
        file.write_text(before.replace(old, new, 1))
        try:
            yield
        finally:
            file.write_text(before)

    def processes(self) -> list[psutil.Process]:
        """Everything that runs in this project's folders."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):  # gone meanwhile, or only its exit code is left
                words = [*process.cmdline(), process.cwd()]
                if process.pid != os.getpid() and any(str(place) in word for word in words for place in self.places()):
                    found.append(process)
        return found

    def plugins(self) -> list[psutil.Process]:
        """The provider plugins among them."""
        found = []
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                if any(
                    name in " ".join(process.cmdline()) for name in ("infra.provider.plugin", "tools.offline_plugins")
                ):
                    found.append(process)
        return found

    def places(self) -> list[Path]:
        """The folders that hold the stacks' data."""
        return [self.folder, *Path("/var/lib/agent-ecosystem").glob(f"{self.folder.name}-*")]

    def data_folders(self) -> list[Path]:
        """The folders of stacks that hold data of their services."""
        kept = {"backend", "pulumi-home", "salts"}
        beside = [folder for folder in (self.folder / ".state").glob("*") if folder.is_dir()]
        return [*(folder for folder in beside if folder.name not in kept), *self.places()[1:]]

    def remove(self) -> None:
        """Stop and delete whatever a test left, however it ended."""
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.send_signal(signal.SIGKILL)
        for place in self.places():
            shutil.rmtree(place, ignore_errors=True)
