"""`make backup`, `make restore` and the like: the backup job's own command line, run where the job lives."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from infra.backup_job import command_line
from infra.backup_job.settings import CONFIG_VARIABLE
from infra.settings import PROJECT_FOLDER, STACK_VARIABLE, Settings, SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the job's commands for the stack of the environment; return its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        settings = _settings(os.environ.get(STACK_VARIABLE, "dev"))
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if settings.target == "docker":
        from infra.targets.docker.job_in_container import run_inside  # noqa: PLC0415 - loads Docker's library

        return run_inside(settings.stack, arguments)
    os.environ.setdefault(CONFIG_VARIABLE, str(Path(settings.folder("backup")) / "job.json"))
    return command_line.main(arguments)


def _settings(stack: str) -> Settings:
    """Read what tells where the job is; other keys may be encrypted, those that `target: external` needs among them."""
    project = yaml.safe_load((PROJECT_FOLDER / "Pulumi.yaml").read_text())["name"]
    file = PROJECT_FOLDER / f"Pulumi.{stack}.yaml"
    written = (yaml.safe_load(file.read_text()) if file.exists() else None) or {}
    config = {key.removeprefix(f"{project}:"): value for key, value in (written.get("config") or {}).items()}
    if config.get("target") == "external":
        del config["target"]  # its job is a local service, as the embedded one's
    keys = [key for key in ("target", "stateFolder") if key in config]
    return Settings.parse(project, stack, {f"{project}:{key}": str(config[key]) for key in keys})


if __name__ == "__main__":
    sys.exit(main())
