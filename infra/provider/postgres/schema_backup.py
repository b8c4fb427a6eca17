"""The backup that an update which loses rows takes beforehand."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.plugin import Context, UserError
from infra.provider.schema.engine import Hazard, HazardName, Plan

WORDS_KEPT = 600
"""How much of a failed command's last words a message repeats."""


def back_up_before_loss(context: Context, plan: Plan, command: Sequence[str]) -> None:
    """Run `command`, which takes a proven backup, if a plan loses rows that are there.

    Args:
        context: where to say so.
        plan: what is about to be applied, measured: a loss of nothing is no loss.
        command: what to run, in the program's folder and with this interpreter as `python`; empty: there is no
            backup, which is said.

    Raises:
        UserError: there is no backup after it. Nothing was changed yet.
    """
    if not (losses := loses(plan)):
        return
    if not command:
        context.log("warning", f"no backup is taken before this: {_sentences(losses)}")
        return
    context.log("info", f"taking a backup first: {_sentences(losses)}")
    run = subprocess.run(
        list(command), stdin=subprocess.DEVNULL, env=_ours_first(), capture_output=True, text=True, check=False
    )
    if run.returncode:
        words = (run.stderr.strip() or run.stdout.strip())[-WORDS_KEPT:]
        raise UserError(
            f"no backup could be taken before what would be lost, so nothing was changed: {words}\n"
            f"{_sentences(losses)} Where no backup exists yet, or keys change in the same update, do that first, "
            "without the loss; or go ahead without a backup: pulumi config set backupBeforeLoss false"
        )
    context.log("info", "the backup was taken and proven; the update goes on")


def _ours_first() -> dict[str, str]:
    """Return the environment in which `python` is this interpreter: a command with its path would be one machine's."""
    return {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])}


def loses(plan: Plan) -> list[Hazard]:
    """Return the hazards of a measured plan by which rows or values go."""
    return [hazard for hazard in plan.hazards if hazard.name is HazardName.DATA_LOSS]


def _sentences(losses: Sequence[Hazard]) -> str:
    return " ".join(hazard.sentence for hazard in losses)
