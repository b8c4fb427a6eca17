"""`make backup`, `make restore` and the like: the backup job's own command line, run where the job lives."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from infra.backup_job import command_line
from infra.backup_job.settings import CONFIG_VARIABLE
from infra.settings import PROJECT_FOLDER, Settings, SettingsError

STACK_VARIABLE = "AGENT_ECOSYSTEM_STACK"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the job's commands for the stack of the environment; return its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        settings = _settings(os.environ.get(STACK_VARIABLE, "dev"))
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    match settings.target:
        case "embedded":
            os.environ.setdefault(CONFIG_VARIABLE, str(Path(settings.folder("backup")) / "job.json"))
            return command_line.main(arguments)
        case "docker":
            from infra.targets.docker.job_in_container import run_inside  # noqa: PLC0415 - loads Docker's library

            return run_inside(settings.stack, arguments)


def _settings(stack: str) -> Settings:
    """Read what tells where the job is; other keys may be encrypted."""
    project = yaml.safe_load((PROJECT_FOLDER / "Pulumi.yaml").read_text())["name"]
    file = PROJECT_FOLDER / f"Pulumi.{stack}.yaml"
    config = (yaml.safe_load(file.read_text()) or {}).get("config") or {} if file.exists() else {}
    keys = [f"{project}:{key}" for key in ("target", "stateFolder")]
    return Settings.parse(project, stack, {key: str(config[key]) for key in keys if key in config})


if __name__ == "__main__":
    sys.exit(main())
