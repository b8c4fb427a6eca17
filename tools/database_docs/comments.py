"""The parts of a comment: what it is in words, and the sections that follow a known title."""

import re
from dataclasses import dataclass

from tools.database_docs.catalog import Function

SECTIONS = re.compile(r"\b(Arguments|Result|Errors|Transitions): ?")
SQLSTATE = re.compile(r"\b([A-Z]{2}\d{3})\b")
RAISE = re.compile(r"\bRAISE EXCEPTION\b(?:'(?:[^']|'')*'|[^';])*;")
"""The whole statement: a semicolon within quotes does not end it."""


@dataclass(frozen=True)
class Raise:
    """An error that a function's source raises: message and HINT as the source has them, % for what is put in."""

    function: str
    sqlstate: str
    message: str
    hint: str


def sections(comment: str) -> dict[str, str]:
    """Return what comes before the first title under the empty name, and the sections under theirs."""
    parts = SECTIONS.split(comment)
    return {"": parts[0].strip(), **dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))}


def documented_errors(comment: str) -> dict[str, str]:
    """Return the SQLSTATEs that a function's comment names, with its words for each."""
    parts = SQLSTATE.split(sections(comment).get("Errors", ""))
    words = (re.split(r"[;.](?:\s|$)", part, maxsplit=1)[0] for part in parts[2::2])
    return {
        state: re.sub(r"^\s+|,?\s*(?:and)?\s*$", "", " ".join(text.split()))
        for state, text in zip(parts[1::2], words, strict=True)
    }


def errors_of(functions: list[Function]) -> dict[str, dict[str, str]]:
    """Return for each SQLSTATE the functions that answer with it, and their words; `as other().` is followed."""
    own = {each.name: documented_errors(each.comment) for each in functions}
    borrowed = {
        each.name: [name for name in re.findall(r"(\w+)\(\)", sections(each.comment).get("Errors", "")) if name in own]
        for each in functions
    }
    by_state: dict[str, dict[str, str]] = {}
    for function in functions:
        for name in _with_borrowed(function.name, borrowed, []):
            for state, words in own[name].items():
                by_state.setdefault(state, {}).setdefault(function.name, words)
    return {state: by_state[state] for state in sorted(by_state)}


def _with_borrowed(name: str, borrowed: dict[str, list[str]], seen: list[str]) -> list[str]:
    if name not in seen:
        seen.append(name)
        for other in borrowed[name]:
            _with_borrowed(other, borrowed, seen)
    return seen


def raised_errors(functions: list[Function]) -> list[Raise]:
    """Return every error that the functions' sources raise with a SQLSTATE of their own, in the order of the source."""
    found = []
    for function in functions:
        for statement in RAISE.findall(function.source):
            message = re.match(r"RAISE EXCEPTION\s+'((?:[^']|'')*)'", statement)
            state = re.search(r"\bERRCODE\s*=\s*'(\w+)'", statement)
            if message and state:
                hint = re.search(r"\bHINT\s*=(.*);", statement, re.DOTALL)
                found.append(Raise(function.name, state[1], _unquoted(message[1]), _literal(hint[1] if hint else "")))
    return found


def _literal(expression: str) -> str:
    """Return the text of an expression where it is one literal; elsewhere the literals in it, with … for the rest."""
    return " … ".join(_unquoted(part).strip() for part in re.findall(r"'((?:[^']|'')*)'", expression))


def _unquoted(text: str) -> str:
    return text.replace("''", "'")
