"""The names that PostgreSQL gives to partitions' indexes of its own accord, and which of them are somebody's choice."""

import re
from collections.abc import Sequence

from infra.provider.schema.identifiers import local
from infra.provider.schema.model import Catalog, Share

LONGEST_NAME = 63
"""Bytes of a name; PostgreSQL cuts off the rest."""

LABELS = {None: "idx", "unique": "key", "exclusion": "excl"}
"""Kind of the constraint an index is for, none for an index by itself -> how its name ends."""

MOST_NAMESAKES = 20
"""Up to which number a name ending in one still counts as PostgreSQL's own."""

_ELEMENT = re.compile(
    r"""(?:[a-z_][a-z0-9_$]*\.)?(?P<column>"(?:[^"]|"")+"|[A-Za-z_][A-Za-z0-9_$]*)(?![A-Za-z0-9_$.:])"""
)
"""A column, or a call of a function, as pg_get_indexdef prints it: what PostgreSQL takes the name from."""


def index_name(table: str, rest: str, taken: Sequence[str]) -> str:
    """Return the name that PostgreSQL would give a partition's index of its own accord, so that dumps are equal.

    Args:
        table: the partition.
        rest: the definition from `USING` on.
        taken: the names of its other indexes.
    """
    columns = "_".join(_columns(rest))
    number = 0
    while (name := _cut(local(table), columns, f"idx{number or ''}")) in taken:
        number += 1
    return name


def made_apart(catalog: Catalog, partition: str) -> bool:
    """Say whether a partition was made by itself and attached: it would not be born with its names, or its key."""
    if partition in catalog.named_apart or catalog.tables[partition].part_names:
        return True
    return any(share.own for share in catalog.shares.get(partition, ()))


def is_chosen(partition: str, share: Share) -> bool:
    """Say whether a part of a parent's index has a name that PostgreSQL would not give it."""
    if share.kind == "primary":
        columns, label = "", "pkey"
    else:
        start = share.definition.index("(") if share.kind else share.definition.index(" USING ")
        columns, label = "_".join(_columns(share.definition[start:])), LABELS[share.kind]
    return all(
        local(share.name) != _cut(local(partition), columns, f"{label}{number or ''}")
        for number in range(MOST_NAMESAKES)
    )


def _columns(rest: str) -> list[str]:
    """Return what PostgreSQL calls the columns of a definition."""
    columns: list[str] = []
    for element in _elements(rest):
        match = _ELEMENT.match(element)
        wanted = _bare(match["column"]) if match else "expr"
        number, name = 0, wanted
        while name in columns:
            number += 1
            name = f"{wanted}{number}"
        columns.append(name)
    return columns


def _bare(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def _cut(table: str, columns: str, label: str) -> str:
    """Shorten the longer of the two parts until the name fits, as PostgreSQL does."""
    room = LONGEST_NAME - len(label) - (2 if columns else 1)
    first, second = table.encode(), columns.encode()
    while len(first) + len(second) > room:
        first, second = (first[:-1], second) if len(first) > len(second) else (first, second[:-1])
    parts = (first.decode(errors="ignore"), second.decode(errors="ignore"), label)
    return "_".join(part for part in parts if part)


def _elements(rest: str) -> list[str]:
    """Return the key and included columns of `USING method (…) INCLUDE (…) …`, each as it is written."""
    found: list[str] = []
    depth, quoted, start = 0, False, 0
    for offset, character in enumerate(rest):
        quoted ^= character in "\"'"
        if quoted:
            continue
        if character == "(":
            depth += 1
            if depth == 1:
                if found and not rest[:offset].rstrip().endswith("INCLUDE"):
                    return found
                start = offset + 1
        elif (character == "," and depth == 1) or (character == ")" and depth == 1):
            found.append(rest[start:offset].strip())
            start = offset + 1
        depth -= character == ")"
    return found
