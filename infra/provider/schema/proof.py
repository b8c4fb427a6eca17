"""Proves a plan on a copy of the live schema, before the live database is touched, and looks once more after it was.

The copy is the live database's own dump, without rows, in a scratch database. The plan runs there. Then two witnesses
that share no code compare the copy with what the files describe: the engine's catalog, and PostgreSQL's pg_dump.
"""

import hashlib
import json
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.provider.schema.applying import explained, run_together
from infra.provider.schema.changes import object_changes
from infra.provider.schema.desired import Desired
from infra.provider.schema.errors import ApplyFailed, ForeignDependents, NotProven, ScratchUnavailable
from infra.provider.schema.identifiers import quote
from infra.provider.schema.introspect import read_catalog, search_path
from infra.provider.schema.model import Catalog, ObjectId
from infra.provider.schema.ownership import foreign_names, managed, owned
from infra.provider.schema.pg_dump import Difference, DumpFailed, differences
from infra.provider.schema.scratch.opening import Scratch, Where, choose_scratch, open_scratch
from infra.provider.schema.steps import Plan
from infra.provider.schema.styles import READING, as_sql
from infra.provider.schema.surroundings import NotRestored, dump_all, dump_schemas, restore
from infra.provider.schema.target import Target

if TYPE_CHECKING:
    import psycopg

ENTRIES_KEPT = 200
"""Proofs remembered; the oldest go."""


@dataclass(frozen=True)
class Proof:
    """What came of proving a plan that has no fault.

    Args:
        where: which scratch held the copy.
        seconds: how long it took; next to nothing where the same proof was made before.
        missing: why no copy could be made, so that the plan goes unproven; None for a proof.
    """

    where: Where
    seconds: float
    missing: str | None = None

    @property
    def passed(self) -> bool:
        """Whether there was a copy, and the plan reached on it what the files describe."""
        return self.missing is None

    def __str__(self) -> str:
        where = {"embedded": "the embedded server", "target": "a database beside it", "url": "another server"}[
            self.where
        ]
        return f"not proven on a copy: {self.missing}" if self.missing else f"proven on a copy, in {where}"


def prove(
    target: Target, planned: Plan, desired: Desired, ours: Collection[ObjectId], cache: Path, scratch: str = "auto"
) -> Proof:
    """Run `planned` on a copy of the live schema and compare the result with the files.

    Args:
        target: the live database, with its URL and facts.
        planned: the plan as it would be applied.
        desired: what the files describe.
        ours: the objects the plan counts as ours beside those the files name.
        cache: a folder where proofs are remembered by content: the same one is not made twice.
        scratch: as in `desired_catalog`.

    Raises:
        NotProven: the copy differs from the files afterwards, or a statement failed on it.
        ForeignDependents: something that is not ours needs what the plan drops or changes.
        CannotPlan: PostgreSQL has no way from a column's old type to its new one.
    """
    began = time.monotonic()
    where = choose_scratch(target, scratch, desired.catalog.extensions)

    def outcome(missing: str | None = None) -> Proof:
        return Proof(where, time.monotonic() - began, missing)

    if desired.dump is None:
        return outcome("there is no pg_dump to compare the result with")
    others = {*planned.current.others, *desired.catalog.others}
    try:
        live = dump_all(target)
        memory = cache / f"proof-{_key(live, desired, planned, ours)}.json"
        if memory.exists():
            return outcome()
        with open_scratch(target, where if where != "url" else scratch, bare=True) as copy:
            made = (name for name in others if ObjectId("schema", name) in ours)  # of a shared one all that goes
            restore(copy.connection, live, strict=[target.schema, *made])
            changed = _changed_by_restoring(copy, target, planned)
            _run(copy.connection, target, planned)
            reached = read_catalog(copy.connection, target.schema, target.extensions_schema, others)
            left = _left(copy, target, desired, reached, ours, changed)
    except (DumpFailed, ScratchUnavailable, NotRestored) as error:
        return outcome(str(error))
    except (ApplyFailed, ForeignDependents) as error:
        if target.server and target.server.surroundings.closed:
            closed = ", ".join(target.server.surroundings.closed)
            return outcome(f"the copy lacks schemas that {target.owner} may not read ({closed}), and on it: {error}")
        if isinstance(error, ForeignDependents):
            raise  # what others made is in the way, there as on the live schema: no fault of the plan
        raise NotProven([error]) from error
    if left:
        raise NotProven(left)
    _remember(memory)
    return outcome()


def differences_left(target: Target, desired: Desired, live: Catalog, ours: Collection[ObjectId]) -> list[Difference]:
    """Return what pg_dump finds different between the live schema, after an update, and what the files describe.

    Args:
        target: the live database, with its URL.
        desired: what the files describe.
        live: everything the schema holds now.
        ours: the objects that count as ours beside those the files name.

    Raises:
        DumpFailed: it could not be read.
    """
    if target.url is None or desired.dump is None:
        raise DumpFailed("there is no pg_dump to compare the result with")
    apart = foreign_names(live, ours, desired.catalog, target.schema)
    return differences(_dump(target.url, target, desired), desired.dump, apart, target.schema)


def _dump(url: str, target: Target, desired: Desired) -> str:
    """Return a dump of the schemas that the files describe."""
    return dump_schemas(url, target.schema, *desired.catalog.others)


def _run(connection: "psycopg.Connection[Any]", target: Target, planned: Plan) -> None:
    """Run the plan as it will run on the live database, but for the waiting: nobody else is here."""
    schema, owner = quote(target.schema), quote(target.owner)
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}".encode())
    path = search_path(target.schema, target.extensions_schema)
    ours = f"SET search_path = {path}; {as_sql(READING, 'SET')}; SET check_function_bodies = off"
    connection.execute(f"SET ROLE {owner}; {ours}".encode())
    for phase in planned.phases:
        if phase[0].transactional:
            with connection.transaction():
                for extensions, steps in groupby(phase, key=lambda step: step.object.kind == "extension"):
                    # Those of the copy belong to whoever made it, and PostgreSQL has no OWNER TO for them.
                    connection.execute("RESET ROLE" if extensions else f"SET ROLE {owner}".encode())
                    run_together(connection, tuple(steps))
        else:
            with explained(phase[0]):
                connection.execute(phase[0].sql.encode())
    connection.execute("RESET ROLE; RESET ALL")


def _changed_by_restoring(copy: Scratch, target: Target, planned: Plan) -> set[tuple[str, str]]:
    """Return the objects that print another way after a dump and a restore: PostgreSQL's, not the plan's, doing."""
    others = planned.current.others
    restored = read_catalog(copy.connection, target.schema, target.extensions_schema, others)
    same = managed(replace(restored, unsupported=()), owned(planned.current), Catalog())
    return {(change.kind, change.name) for change in object_changes(planned.current, same)}


def _left(
    copy: Scratch,
    target: Target,
    desired: Desired,
    live: Catalog,
    ours: Collection[ObjectId],
    changed: set[tuple[str, str]],
) -> Sequence[object]:
    """Return what the plan did not bring about on the copy, which now holds `live`."""
    left = [
        f"{change.kind} {change.name}: {', '.join(change.paths) or change.operation}"
        for change in object_changes(managed(live, ours, desired.catalog), desired.catalog)
        if (change.kind, change.name) not in changed
    ]
    if left:
        return left
    apart = foreign_names(live, ours, desired.catalog, target.schema) | {name for _, name in changed}
    return differences(_dump(copy.url, target, desired), desired.dump or "", apart, target.schema)


def _key(live: str, desired: Desired, planned: Plan, ours: Collection[ObjectId]) -> str:
    digest = hashlib.sha256()
    for part in (live, desired.entry.name, planned.sql, repr(sorted(ours))):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:32]


def _remember(memory: Path) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    memory.write_text(json.dumps({"proven": time.time()}))
    proofs = sorted(memory.parent.glob("proof-*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in proofs[ENTRIES_KEPT:]:
        old.unlink(missing_ok=True)
