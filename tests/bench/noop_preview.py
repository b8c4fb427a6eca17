"""`make bench-preview`: a no-op preview of the standing stack beside that of an empty Python program.

Both are timed in turns in one run, as whole processes; the medians and their ratio are printed as a table.
"""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = int(os.environ.get("ROUNDS", "7"))
PROJECT = Path(__file__).resolve().parents[2]
EMPTY = """\
name: empty
runtime:
  name: python
  options:
    virtualenv: {venv}
"""


def main() -> int:
    # In a background job SIGINT is ignored: Pulumi then waits 5 s at every command for its language host to end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    stack = os.environ.get("AGENT_ECOSYSTEM_STACK", "dev")
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder)
        (empty / "Pulumi.yaml").write_text(EMPTY.format(venv=PROJECT / ".venv"))
        (empty / "__main__.py").write_text("import pulumi\n")
        environment = {**os.environ, "PULUMI_BACKEND_URL": empty.as_uri()}
        _run(["pulumi", "stack", "init", "empty"], empty, environment)
        _run(["pulumi", "up", "--yes", "--skip-preview", "--stack", "empty"], empty, environment)
        programs = {
            "empty program": (empty, environment, "empty"),
            "agent-ecosystem": (PROJECT, dict(os.environ), stack),
        }
        seconds: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(ROUNDS):
            for name, (place, variables, of) in programs.items():
                seconds[name].append(
                    _run(["pulumi", "preview", "--expect-no-changes", "--stack", of], place, variables)
                )
    baseline = statistics.median(seconds["empty program"])
    print(f"| no-op `pulumi preview`, {ROUNDS} rounds in turns | min s | median s | max s | ratio |")
    print("| --- | --- | --- | --- | --- |")
    for name, measured in seconds.items():
        median = statistics.median(measured)
        print(f"| {name} | {min(measured):.2f} | {median:.2f} | {max(measured):.2f} | {median / baseline:.2f} |")
    return 0


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    began = time.perf_counter()
    run = subprocess.run(
        [*command, "--non-interactive"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if run.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{run.stdout}{run.stderr}")
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
