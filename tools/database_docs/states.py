"""The state machines: enumerations whose name ends in _status or _state, and the columns that hold them."""

import re
from dataclasses import dataclass

from tools.database_docs.catalog import Catalog, Type
from tools.database_docs.comments import sections


@dataclass(frozen=True)
class State:
    """One state: what the comment says of it in parentheses, and the functions whose source puts a row into it."""

    name: str
    words: str
    is_first: bool
    set_by: list[str]


@dataclass(frozen=True)
class Transition:
    """A step from one state to another, and what takes it."""

    source: str
    target: str
    words: str


@dataclass(frozen=True)
class StateMachine:
    """An enumeration of states; `held_by` names its columns as table.column."""

    type: Type
    held_by: list[str]
    states: list[State]
    transitions: list[Transition]


def state_machines(catalog: Catalog) -> list[StateMachine]:
    """Return the state machines of the schema.

    Raises:
        ValueError: a comment has a transition from or to a state that the type lacks.
    """
    return [_machine(catalog, kind) for kind in catalog.types if re.search(r"_(status|state)$", kind.name)]


def _machine(catalog: Catalog, kind: Type) -> StateMachine:
    tables = {table.name for table in catalog.tables}
    columns = [column for column in catalog.columns if column.type == kind.name and column.owner in tables]
    names = {column.name for column in columns}
    defaults = {label for column in columns for label in re.findall(r"'(\w+)'", column.expression or "")}
    writers = {each.name: written_states(each.source, kind, names) for each in catalog.functions}
    description = sections(kind.comment)
    states = [
        State(
            label,
            _words(description[""], label),
            label in defaults,
            sorted({name for name, labels in writers.items() if label in labels}),
        )
        for label in kind.labels
    ]
    held_by = [f"{column.owner}.{column.name}" for column in columns]
    return StateMachine(kind, held_by, states, _transitions(kind, " ".join(description.get("Transitions", "").split())))


def _words(comment: str, label: str) -> str:
    found = re.search(rf"\b{re.escape(label)} \(([^)]*)\)", comment)
    return found[1] if found else ""


def _transitions(kind: Type, section: str) -> list[Transition]:
    found = [Transition(*parts) for parts in re.findall(r"(\w+) -> (\w+): (.+?)(?=; \w+ ->|\.?$)", section)]
    unknown = {name for each in found for name in (each.source, each.target)} - set(kind.labels)
    if unknown:
        names = ", ".join(sorted(unknown))
        raise ValueError(
            f"the comment on type {kind.name} has transitions of {names}, none of its labels: "
            f"those are {', '.join(kind.labels)}"
        )
    return found


def written_states(source: str, kind: Type, columns: set[str]) -> set[str]:
    """Return the states that a function's source writes: the literals in assignments to one of `columns`.

    What is compared, not written, does not count; nor does a state that comes in as an argument.
    """
    values = re.findall(rf"\bEND::{kind.name}\b", source) and re.findall(
        rf"\bCASE\b((?:(?!\bCASE\b).)*?)\bEND::{kind.name}\b", source, re.DOTALL
    )
    for clause in re.findall(r"\bUPDATE\b[^;]*?\bSET\b(.*?)(?=\bWHERE\b|\bRETURNING\b|;|\Z)", source, re.DOTALL):
        for column in columns:
            values += re.findall(rf"(?:^|,)\s*{column}\s*=(.*?)(?=,\s*\w+\s*=|\bFROM\b|\Z)", clause, re.DOTALL)
    for column in columns:
        values += re.findall(rf"\bnew\.{column}\s*:=(.*?);", source, re.DOTALL | re.IGNORECASE)
    labels = {label for value in values for label in re.findall(r"(?:\bTHEN\b|\bELSE\b|\A)\s*'(\w+)'", value)}
    return labels & set(kind.labels)
