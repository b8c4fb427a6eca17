"""What can stop the engine: each with a message for the user that says what, where and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class SchemaError(Exception):
    """The base of every error here; its text is meant for the user."""


class UnsupportedObject(SchemaError):  # noqa: N818 - named for what was found
    """The schema holds objects of kinds the engine does not model."""

    def __init__(self, objects: Sequence[Any], where: str) -> None:
        self.objects = tuple(objects)
        listed = "\n".join(f"  - {item}" for item in self.objects)
        super().__init__(f"{where} holds what this engine does not manage yet:\n{listed}")


class CannotPlan(SchemaError):  # noqa: N818 - named for what happened
    """A difference that no statement can make up in place."""

    def __init__(self, subject: object, reason: str, advice: str) -> None:
        self.subject = str(subject)
        super().__init__(f"{subject}: {reason}. {advice}")


class Collision(SchemaError):  # noqa: N818 - named for what happened
    """Objects of ours are there already, and nothing says that we made them."""

    def __init__(self, schema: str, objects: Sequence[Any], why: str = "") -> None:
        self.objects = tuple(objects)
        listed = "\n".join(f"  - {item}" for item in self.objects)
        advice = "Set adopt to take them over (what differs is then planned), or rename or drop them."
        super().__init__(
            f"schema {schema} already holds objects of these names, made by someone else:\n{listed}\n{why or advice}"
        )


class Refused(SchemaError):  # noqa: N818 - named for what happened
    """The plan has hazards that were not allowed by name."""

    def __init__(self, refusals: Sequence[Any]) -> None:
        self.refusals = tuple(refusals)
        super().__init__("\n".join(str(item) for item in self.refusals))


class ForeignDependents(SchemaError):  # noqa: N818 - named for what was found
    """Objects that are not ours need what the plan would drop."""

    def __init__(self, statement: str, detail: str) -> None:
        super().__init__(
            f"objects that are not managed here depend on what would go: {detail.strip()}\n"
            f"Statement: {statement}\nDrop or change them first; this engine never cascades onto them."
        )


class ApplyFailed(SchemaError):  # noqa: N818 - named for what happened
    """PostgreSQL refused a statement of the plan; nothing was changed."""

    def __init__(self, statement: str, message: str) -> None:
        self.statement = statement
        self.reason = f"{message}\nStatement: {statement}"
        super().__init__(f"{self.reason}\nNothing was changed.")


class PartlyApplied(SchemaError):  # noqa: N818 - named for what happened
    """An update of several phases stopped after some of them: each is done whole or not at all."""

    def __init__(self, cause: Exception, done: int, phases: int) -> None:
        self.done = done
        self.phases = phases
        reason = cause.reason if isinstance(cause, ApplyFailed) else str(cause)
        super().__init__(f"{reason}\n{done} of {phases} phases are done and stay. The next update goes on from there.")


class NotProven(SchemaError):  # noqa: N818 - named for what happened
    """The plan, run on a copy of the live schema, did not reach what the files describe; live is untouched."""

    def __init__(self, differences: Sequence[Any]) -> None:
        self.differences = tuple(differences)
        listed = "\n".join(f"  - {item}" for item in self.differences)
        super().__init__(
            "on a copy of the live schema the plan does not reach what the files describe:\n"
            f"{listed}\nThe planner is wrong here, please report it with the plan. The live database was not touched. "
            "Where the plan is right all the same, it can be applied unproven: `proof: false`, or --no-proof."
        )


class ScratchUnavailable(SchemaError):  # noqa: N818 - named for what happened
    """No scratch database could be had."""


@dataclass(frozen=True)
class SourceError:
    """One thing wrong in a file of the desired state; `line` and `column` count from 1."""

    file: str
    line: int
    column: int
    text: str
    message: str
    hint: str | None = None
    detail: str | None = None

    def __str__(self) -> str:
        if not self.text and (self.line, self.column) == (1, 1):
            return f"{self.file}: {self.message}"
        caret = " " * (self.column - 1) + "^"
        rest = [f"{name}: {value}" for name, value in (("DETAIL", self.detail), ("HINT", self.hint)) if value]
        return "\n".join([f"{self.file}:{self.line}:{self.column}: {self.message}", self.text, caret, *rest])


class SourceErrors(SchemaError):  # noqa: N818 - it is several
    """Everything wrong in the files of the desired state."""

    def __init__(self, errors: Sequence[SourceError], consequences: Sequence[SourceError] = ()) -> None:
        self.errors = tuple(errors)
        self.consequences = tuple(consequences)
        super().__init__("\n".join(self.paragraphs))

    @property
    def paragraphs(self) -> list[str]:
        """Each error in full; in one line, where objects were missed that a broken file may have been to make."""
        told = [str(error) for error in self.errors]
        if self.consequences:
            places = ", ".join(f"{error.file}:{error.line}" for error in self.consequences)
            told.append(f"{len(self.consequences)} more may only follow from this: {places}")
        return told
