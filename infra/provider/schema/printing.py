"""What a person reads of a plan, a drift or an error: coloured on a terminal, plain anywhere else."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from infra.provider.schema.changes import ObjectChange
from infra.provider.schema.hazards import REFUSED_UNLESS_ALLOWED
from infra.provider.schema.identifiers import Name
from infra.provider.schema.model import ObjectId
from infra.provider.schema.steps import NO_LOCK, Step

if TYPE_CHECKING:
    from infra.provider.schema.engine import Preview
    from infra.provider.schema.proof import Proof

_MARKS = {"create": ("+", "green"), "update": ("~", "yellow"), "delete": ("-", "red")}
SHOWN = 10
"""Of the objects that are not ours, so many are named."""


class Printer:
    """Writes to a console; everything goes out unwrapped, so that statements can be copied."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)

    def nothing(self, place: str, folder: Path, foreign: Sequence[ObjectId]) -> None:
        """Write that the schema is what the files describe."""
        self._foreign(foreign)
        self._line(f"{place}: nothing to do, it is what {folder} describes.", "green")

    def preview(
        self, place: str, folder: Path, preview: "Preview", proof: "Proof | None", applied: float | None = None
    ) -> None:
        """Write a plan: its steps, what refuses it, what came of its proof, and a line that sums it up.

        Args:
            place: the database and schema.
            folder: the files.
            preview: the plan.
            proof: what came of proving it.
            applied: seconds that applying it took; None where it was not.
        """
        if not preview.plan:
            self.nothing(place, folder, preview.foreign)
            return
        self._steps(preview.plan.steps)
        self._foreign(preview.foreign)
        self._proof(proof)
        for item in preview.refused:
            self._line(f"refused: {item.hazard.sentence} To go ahead: --allow {item.hazard.key}", "bold red")
        size = f"{_counted(len(preview.plan.steps), 'step')} over {_counted(len(preview.changes), 'object')}"
        hazards = f", {_counted(len(preview.plan.hazards), 'hazard')}" if preview.plan.hazards else ""
        state = "planned, nothing was changed" if applied is None else f"applied in {applied:.1f} s"
        self._line(f"{place}: {size}{hazards}; {'refused' if preview.refused else state}.", "bold")

    def drift(
        self,
        place: str,
        folder: Path,
        drifted: Sequence[ObjectChange],
        foreign: Sequence[ObjectId],
        *,
        applied: bool,
    ) -> None:
        """Write where the schema differs from the files; `applied` says that these very files were applied last."""
        self._changes(drifted)
        self._foreign(foreign)
        if drifted and not applied:
            self._line("these files were never applied here as they are: some of it may be changes to come", "dim")
        words = f"{_counted(len(drifted), 'object')} differ from" if drifted else "no drift from"
        self._line(f"{place}: {words} {folder}.", "bold" if drifted else "green")

    def dump(
        self, place: str, folder: Path, files: int, differing: Sequence[ObjectChange], left_out: Sequence[str]
    ) -> None:
        """Write what a dump wrote, what it could not, and whether the files read back as the schema."""
        self._changes(differing)
        for item in left_out:
            self._line(f"  not in the files, for this engine does not manage it yet: {item}", "yellow")
        state = "the files differ from it as shown" if differing else "read back: the files describe it whole"
        self._line(f"{place}: {_counted(files, 'file')} below {folder}; {state}.", "bold")

    def _line(self, text: str = "", style: str = "") -> None:
        """Write one line; nothing in it is markup."""
        self.console.print(Text(text, style=style))

    def _steps(self, steps: Sequence[Step]) -> None:
        for (phase, transactional), group in groupby(steps, key=lambda step: (step.phase, step.transactional)):
            kind = "in one transaction" if transactional else "outside of any transaction"
            self._line(f"phase {phase}, {kind}:", "bold")
            for step in group:
                self._step(step)
            self._line()

    def _step(self, step: Step) -> None:
        mark, style = _MARKS[step.operation]
        self._line(f"  {mark} {step.object}", style)
        self._line("      " + f"{step.sql};".replace("\n", "\n      "))
        if step.lock != NO_LOCK:
            self._line(f"      -- lock: {step.lock}", "dim")
        for hazard in step.hazards:
            self._line(f"      -- {hazard}", "bold red" if hazard.name in REFUSED_UNLESS_ALLOWED else "yellow")

    def _changes(self, changes: Sequence[ObjectChange]) -> None:
        for change in changes:
            mark, style = _MARKS[change.operation]
            signs = {"add": "+", "update": "~", "delete": "-"}
            paths = " ".join(f"{signs[operation]}{path}" for path, operation in change.paths.items())
            self._line(f"  {mark} {change.kind} {change.name}{f' [{paths}]' if paths else ''}", style)

    def _foreign(self, objects: Sequence[ObjectId]) -> None:
        if not objects:
            return
        named = ", ".join(map(str, objects[:SHOWN]))
        more = f" and {len(objects) - SHOWN} more" if len(objects) > SHOWN else ""
        beside = any(isinstance(item.name, Name) or item.kind == "schema" for item in objects)
        reach = ", another role's schemas if --schema names them" if beside else ""
        self._line(f"left alone, for the files do not name them (--prune drops them{reach}): {named}{more}", "dim")

    def _proof(self, made: "Proof | None") -> None:
        if made is None:
            return
        self._line(f"{made} ({made.seconds:.1f} s)", "green" if made.passed else "yellow")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
