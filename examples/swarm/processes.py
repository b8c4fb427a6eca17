"""The processes of a swarm: one an agent, started, killed, told to end."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from examples.swarm.session import Identity

ROOT = Path(__file__).parents[2]
GRACE = 5
"""Seconds that a process has to leave by itself once it is told to."""


class Processes:
    """Those of one run; leaving the block ends all that are left, workers before the orchestrator that leads them."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        for agent_id in reversed(list(self._running)):
            self._running[agent_id].terminate()
        for process in self._running.values():
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, module: str, identity: Identity, **more: object) -> None:
        """Start `module` as an agent; `more` goes into its environment, where the connection string is too."""
        extra = {f"SWARM_{name.upper()}": str(value) for name, value in more.items()}
        environment: Mapping[str, str] = {**os.environ, **identity.environment(), **extra}
        self._running[identity.agent_id] = subprocess.Popen(
            [sys.executable, "-m", f"examples.swarm.{module}"], cwd=ROOT, env=environment
        )

    def kill(self, agent_id: str) -> None:
        """End an agent as `kill -9` does: it cannot say good-bye."""
        process = self._running[agent_id]
        process.send_signal(signal.SIGKILL)
        process.wait()

    def ended(self) -> list[str]:
        """Return the agents whose processes have ended, by themselves or not."""
        return [agent_id for agent_id, process in self._running.items() if process.poll() is not None]
