"""Which part of a dump a restore brings back: all that is not there, or the rows of some tables only."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from infra.backup_job.database import NAME_LIMIT
from infra.backup_job.errors import BackupError
from infra.backup_job.manifest import Contents

SHOWN = 10
NUMBER = re.compile(r"_\d+$")
ROWS, FOREIGN_KEY = "TABLE DATA ", "FK CONSTRAINT "


@dataclass(frozen=True)
class Selection:
    """The tables whose rows are restored, as a manifest names them; None: all.

    The schema is restored whole, since tables need their types, functions and extensions; without the foreign keys,
    though: rows that were left out can not be referred to.
    """

    tables: frozenset[str] | None = None

    def lines(self, listing: "Listing", present: frozenset[str]) -> list[str]:
        """Return the lines of a dump's table of contents that are to be restored.

        Args:
            listing: the table of contents.
            present: entries of it that are there already, or must not be there.
        """
        kept = {line: entry for line, entry in listing.entries() if entry not in present}
        if self.tables is None:
            return list(kept)
        gone = {comment for entry in kept.values() for comment in _comments(_foreign_key(entry))}
        return [line for line, entry in kept.items() if self._wants(entry) and entry not in gone]

    def part_of(self, wanted: Contents, found: Contents, listing: "Listing") -> tuple[Contents, Contents]:
        """Return what can be compared of what a backup held and of what a restored database holds.

        Args:
            wanted: what the manifest recorded.
            found: what the database holds.
            listing: the dump's table of contents.
        """
        if self.tables is None:
            return wanted, found
        keys = {name for _, entry in listing.entries() for *_, name in _foreign_key(entry)}
        constraints = wanted.objects.get("constraint", {})
        there = found.objects.get("constraint", {})
        left = {name: hashed for name, hashed in constraints.items() if name in there or not _is_of(name, keys)}
        objects = {**wanted.objects, "constraint": left}
        return (
            wanted.model_copy(update={"rows": self.rows(wanted), "objects": objects}),
            found.model_copy(update={"rows": self.rows(found)}),
        )

    def rows(self, contents: Contents) -> dict[str, int]:
        """Return how many rows each selected table has in `contents`."""
        return {table: count for table, count in contents.rows.items() if self.tables is None or table in self.tables}

    def _wants(self, entry: str) -> bool:
        if entry.startswith(ROWS):
            return not _names(entry.removeprefix(ROWS)).isdisjoint(self.tables or ())
        return not entry.startswith(FOREIGN_KEY)


EVERYTHING = Selection()


def of_tables(contents: Contents, names: Iterable[str]) -> Selection:
    """Return the selection of the tables `names`, each with its schema or without; of all without any.

    Raises:
        BackupError: the backup has no rows of such a table, or of several.
    """
    if not (asked := list(names)):
        return EVERYTHING
    return Selection(frozenset(_table(contents, name) for name in asked))


def _table(contents: Contents, name: str) -> str:
    found = [table for table in contents.rows if table == name] or [
        table for table in contents.rows if table.partition(".")[2] == name
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise BackupError(f"--only {name}: there are several: {', '.join(found)}: name one with its schema")
    shown = ", ".join(sorted(contents.rows)[:SHOWN]) or "none"
    more = f" and {len(contents.rows) - SHOWN} more" if len(contents.rows) > SHOWN else ""
    raise BackupError(
        f"--only {name}: this backup has no table of that name with rows of its own (of a partitioned table its "
        f"partitions have them); there are {shown}{more}"
    )


@dataclass(frozen=True)
class Listing:
    """A dump's table of contents, and the `roles` of its server: a line ends with one of them, the owner."""

    text: str
    roles: frozenset[str]

    def entries(self) -> Iterator[tuple[str, str]]:
        """Yield each line, and what it restores, without numbers and owner."""
        for line in self.text.splitlines():
            yield line, self.entry(line)

    def entry(self, line: str) -> str:
        """Return what a line restores. Names and owners may hold spaces: the longest role it ends with is the owner.

        >>> listing = Listing("", frozenset({"me", "not me"}))
        >>> listing.entry("5; 2615 16385 SCHEMA - my schema not me"), listing.entry("2; 3079 16386 EXTENSION - vector ")
        ('SCHEMA - my schema', 'EXTENSION - vector')
        """
        words = line.partition("; ")[2].split(" ")[2:]
        for cut in range(1, len(words)):
            if " ".join(words[cut:]) in self.roles:
                return " ".join(words[:cut])
        return " ".join(words[:-1])


def _names(tag: str) -> set[str]:
    """Return what `schema table` may name as `schema.table`: either may hold spaces.

    >>> sorted(_names("public Odd Näme"))
    ['public Odd.Näme', 'public.Odd Näme']
    """
    words = tag.split(" ")
    return {f"{' '.join(words[:cut])}.{' '.join(words[cut:])}" for cut in range(1, len(words))}


def _foreign_key(entry: str) -> list[tuple[str, str, str]]:
    """Return schema, table and name of the foreign key that an entry makes, in each way to read it; none for others.

    >>> _foreign_key("FK CONSTRAINT public log log_x_fkey")
    [('public', 'log', 'log_x_fkey')]
    """
    if not entry.startswith(FOREIGN_KEY):
        return []
    words = entry.removeprefix(FOREIGN_KEY).split(" ")
    return [
        (" ".join(words[:first]), " ".join(words[first:second]), " ".join(words[second:]))
        for first in range(1, len(words) - 1)
        for second in range(first + 1, len(words))
    ]


def _comments(keys: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """Yield the entries that comment on foreign keys: without them nothing is there to comment on."""
    for schema, table, name in keys:
        for shown in (name, f'"{name}"'):
            yield from (f"COMMENT {schema} CONSTRAINT {shown} ON {on}" for on in (table, f'"{table}"'))


def _is_of(constraint: str, keys: set[str]) -> bool:
    """Say whether a constraint, `name on schema.table`, is a foreign key of `keys`, or follows from one of them.

    A key that refers to a partitioned table has one more for each partition, whose name is its own and a number.

    >>> _is_of('"Odd key" on public."Odd Näme"', {"Odd key"}), _is_of("a_fkey_2 on public.b", {"a_fkey"})
    (True, True)
    >>> _is_of("a_check on public.b", {"a_fkey"})
    False
    """
    name = constraint.partition(" on ")[0]
    if name.startswith('"'):
        name = name[1:-1].replace('""', '"')
    start = NUMBER.sub("", name)
    cut = len(name.encode()) == NAME_LIMIT
    return name in keys or start in keys or (cut and any(key.startswith(start) for key in keys))
