"""`make backup`, `make restore` and the like: the backup job's own command line, run where the job lives."""

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from infra.backup_job import command_line
from infra.backup_job.settings import CONFIG_VARIABLE
from infra.plugin.errors import UserError
from infra.settings import PROJECT_FOLDER, STACK_VARIABLE, Settings, SettingsError
from infra.stack_outputs import stack_outputs

PRUNER = "prune-schedule"
"""The one command that is told less, and knows no database."""
SCHEDULES = frozenset({"schedule", PRUNER})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the job's commands for the stack of the environment; return its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        stack = os.environ.get(STACK_VARIABLE, "dev")
        written = _written(stack)
        if (written.get("target"), written.get("backupRunner")) == ("external", "elsewhere"):
            return _elsewhere(stack, arguments)
        _require_no_schedule(stack, arguments)
        settings = _settings(stack, written)
    except (SettingsError, UserError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if settings.target == "docker":
        from infra.targets.docker.job_in_container import run_inside  # noqa: PLC0415 - loads Docker's library

        return run_inside(settings.stack, arguments)
    os.environ.setdefault(CONFIG_VARIABLE, str(Path(settings.folder("backup")) / "job.json"))
    return command_line.main(arguments)


def _require_no_schedule(stack: str, arguments: Sequence[str]) -> None:
    for name in SCHEDULES.intersection(arguments):
        raise UserError(f"the stack itself runs the {name} of {stack}: see `make status STACK={stack}`")


def _written(stack: str) -> dict[str, Any]:
    """Return the stack's configuration as it is written, some of it encrypted."""
    file = PROJECT_FOLDER / f"Pulumi.{stack}.yaml"
    written = (yaml.safe_load(file.read_text()) if file.exists() else None) or {}
    return {key.removeprefix(f"{_project()}:"): value for key, value in (written.get("config") or {}).items()}


def _project() -> str:
    name: str = yaml.safe_load((PROJECT_FOLDER / "Pulumi.yaml").read_text())["name"]
    return name


def _settings(stack: str, config: dict[str, Any]) -> Settings:
    """Read what tells where the job is; other keys may be encrypted, those that `target: external` needs among them."""
    if config.get("target") == "external":
        del config["target"]  # its job is a local service, as the embedded one's
    keys = [key for key in ("target", "stateFolder") if key in config]
    return Settings.parse(_project(), stack, {f"{_project()}:{key}": str(config[key]) for key in keys})


def _elsewhere(stack: str, arguments: Sequence[str]) -> int:
    """Run a command with what the stack's outputs say, and PostgreSQL's programs of this machine.

    The job reads it from a file without a name, which is gone with this process. Names of files in it are relative to
    the checkout.
    """
    name = "pruneJob" if PRUNER in arguments else "backupJob"
    outputs = stack_outputs(stack)
    if name not in outputs:
        raise UserError(
            f"stack {stack} has no output {name}: it takes no backups, has no keys to prune with, or was last updated "
            f"before backupRunner was elsewhere: run `make up STACK={stack}`"
        )
    told = json.loads(outputs[name])
    os.chdir(PROJECT_FOLDER)
    with tempfile.TemporaryFile() as file:
        file.write(json.dumps(told if name == "pruneJob" else {**told, **_programs()}).encode())
        file.seek(0)
        os.environ[CONFIG_VARIABLE] = f"/dev/fd/{file.fileno()}"
        return command_line.main(arguments)


def _programs() -> dict[str, Any]:
    from infra.embedded.distribution import DistributionError, install  # noqa: PLC0415 - other targets need it not here

    try:
        distribution = install()
    except (DistributionError, LookupError) as error:
        raise UserError(f"no client programs for backups: {error}") from None
    libraries = {"LD_LIBRARY_PATH": distribution.library_path}
    return {"pg_bin": str(distribution.root / "bin"), "pg_environment": libraries}


if __name__ == "__main__":
    sys.exit(main())
