"""Where the statements of a file begin: needed only to point at one whose error PostgreSQL gives no position for."""

import re
from collections.abc import Iterator

from infra.provider.schema.identifiers import LETTER, PART

_LEXEME = re.compile(
    rf"""
      --[^\n]*                                    # line comment
    | /\*                                         # block comments nest: read by hand
    | [eE]'(?:[^'\\]|\\.|'')*'                    # string with escapes
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | \$(?P<tag>{LETTER}(?:(?!\$){PART})*|)\$.*?\$(?P=tag)\$
    | {PART}+                                     # a word
    | ;
    | .
    """,
    re.VERBOSE | re.DOTALL,
)


def statement_starts(text: str) -> list[int]:
    """Return the offset of the first character of each statement in `text`, in order."""
    starts: list[int] = []
    fresh = True
    block = 0
    previous = ""
    for offset, lexeme in _lexemes(text):
        if lexeme == ";" and block == 0:
            fresh = True
            continue
        if fresh and lexeme != ";":
            starts.append(offset)
            fresh = False
        word = lexeme.upper()
        # A body BEGIN ATOMIC … END holds semicolons of its own, and CASE … END within it.
        if (word == "ATOMIC" and previous == "BEGIN") or (block and word == "CASE"):
            block += 1
        elif block and word == "END":
            block -= 1
        previous = word
    return starts


def _lexemes(text: str) -> Iterator[tuple[int, str]]:
    """Yield what is neither white space nor a comment, with its offset."""
    offset = 0
    while match := _LEXEME.match(text, offset):
        lexeme = match.group()
        if lexeme == "/*":
            offset = _comment_end(text, offset)
            continue
        if not lexeme.isspace() and not lexeme.startswith("--"):
            yield offset, lexeme
        offset = match.end()


def _comment_end(text: str, start: int) -> int:
    depth = 0
    for match in re.compile(r"/\*|\*/").finditer(text, start):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    return len(text)


def locate(text: str, offset: int) -> tuple[int, int, str]:
    """Return line and column, from 1, of `offset` in `text`, and the line itself."""
    offset = min(offset, len(text))
    begin = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[begin : end if end >= 0 else len(text)]
    return text.count("\n", 0, offset) + 1, offset - begin + 1, line
