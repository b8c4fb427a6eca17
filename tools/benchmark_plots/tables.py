"""The tables of a Markdown document, by the heading of their first column."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

Row = Mapping[str, str]

_MARKS = re.compile(r"[*`]")


@dataclass(frozen=True)
class Table:
    """A table: its first column's heading, which names it, and its rows by heading."""

    name: str
    rows: tuple[Row, ...]


def tables(document: str) -> dict[str, Table]:
    """Return the tables of a Markdown document by name, without bold and code marks.

    Of several tables with one name the last counts: what is newest is added below. Of several columns with one heading
    the first does.
    """
    return {table.name: table for table in _tables(document)}


def number(cell: str) -> float:
    """Return a cell as a number: `1,901` and `2.55` are.

    Raises:
        ValueError: it is none.
    """
    return float(cell.replace(",", ""))


def _tables(document: str) -> Iterator[Table]:
    for is_table, lines in groupby(document.splitlines(), key=lambda line: line.startswith("|")):
        if is_table:
            heading, _, *rows = [_cells(line) for line in lines]
            yield Table(heading[0], tuple(dict(reversed([*zip(heading, row, strict=True)])) for row in rows))


def _cells(line: str) -> list[str]:
    return [_MARKS.sub("", cell).strip() for cell in line.strip("|").split("|")]
