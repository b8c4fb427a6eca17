"""The command line of the schema engine: each command is a few calls of the engine and one answer, text or JSON.

What a plan of nothing can do without (the planner, the proof, coloured text) is imported where it is used: that plan is
the one that is asked for most.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.embedded.cache import cache_root
from infra.provider.schema import documents
from infra.provider.schema.current import Found, find
from infra.provider.schema.desired import Desired, desired_catalog
from infra.provider.schema.errors import SchemaError
from infra.provider.schema.introspect import read_catalog
from infra.provider.schema.lock_rules import LockRules
from infra.provider.schema.options import parse
from infra.provider.schema.ownership import managed, prunable
from infra.provider.schema.session import address, connection_string, session
from infra.provider.schema.target import Target, live_target

if TYPE_CHECKING:
    import psycopg

    from infra.provider.schema.engine import Preview
    from infra.provider.schema.printing import Printer
    from infra.provider.schema.proof import Proof

NOTHING, FAILED, FOUND = 0, 1, 2
"""Exit codes: nothing to do or applied; an error or a refusal; changes or drift."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: those after the program's name; None takes the process's own.
    """
    options = parse(arguments)
    try:
        url = connection_string(options.url)
        with session(url, looks=options.command != "apply") as connection, _said_plainly():
            return _COMMANDS[options.command](_Work.begin(options, connection, url))
    except SchemaError as error:
        if options.json:
            print(json.dumps(documents.failure(options.command, error), ensure_ascii=False))
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return FAILED


@contextmanager
def _said_plainly() -> Iterator[None]:
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

    try:
        yield
    except psycopg.errors.CharacterNotInRepertoire as error:
        raise SchemaError(
            f"the database holds text that is no UTF-8 ({error.diag.message_primary}), in a comment, a default or a "
            "body: in SQL_ASCII PostgreSQL does not look. Write it anew in UTF-8."
        ) from error
    except psycopg.Error as error:
        parts = (error.diag.message_primary or str(error), error.diag.message_detail, error.diag.message_hint)
        raise SchemaError(" ".join(" ".join(part.split()) for part in parts if part)) from error


@dataclass
class _Work:
    """What a command works with, and how long its parts took."""

    options: argparse.Namespace
    connection: "psycopg.Connection[Any]"
    target: Target
    seconds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def begin(cls, options: argparse.Namespace, connection: "psycopg.Connection[Any]", url: str) -> "_Work":
        return cls(options, connection, live_target(connection, url, options.schema[0], options.schema[1:]))

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[part] = time.monotonic() - began

    @property
    def place(self) -> str:
        return f"{address(self.connection)}, schema {' and '.join((self.target.schema, *self.target.also))}"

    @property
    def rules(self) -> LockRules:
        return LockRules(self.options.lock_timeout, self.options.lock_retries)

    def desired(self) -> Desired:
        with self.timed("desired"):
            return desired_catalog(self.options.dir, self.target, _cache(), self.options.scratch)

    def find(self, desired: Desired, part: str) -> Found:
        with self.timed(part), self.connection.transaction():
            return find(
                self.connection,
                self.target,
                desired.catalog,
                adopt=self.options.adopt,
                prune=self.options.prune,
            )

    def preview(self, desired: Desired) -> "Preview":
        from infra.provider.schema.engine import preview_changes  # noqa: PLC0415

        with self.timed("plan"):
            return preview_changes(
                self.connection,
                self.target,
                desired.catalog,
                self.options.allow,
                adopt=self.options.adopt,
                rules=self.rules,
                prune=self.options.prune,
            )

    def proof(self, preview: "Preview", desired: Desired) -> "Proof | None":
        if not preview.plan or not self.options.proof:
            return None
        from infra.provider.schema.proof import prove  # noqa: PLC0415

        with self.timed("proof"):
            return prove(self.target, preview.plan, desired, preview.ours, _cache(), self.options.scratch)

    def printer(self) -> "Printer | None":
        """Return what writes text; None where a JSON document is the answer."""
        if self.options.json:
            return None
        from infra.provider.schema.printing import Printer  # noqa: PLC0415

        return Printer()

    def answer(self, **content: Any) -> None:
        """Print the JSON document, if one was asked for."""
        if self.options.json:
            info = self.connection.info
            start = documents.head(
                self.options.command, address(self.connection), self.target.schema, info.server_version
            )
            print(json.dumps({**start, **content, "timings": documents.timings(self.seconds)}, ensure_ascii=False))


def _cache() -> Path:
    return cache_root() / "catalogs"


def _plan(work: _Work) -> int:
    desired = work.desired()
    found = work.find(desired, "plan")
    if found.current == desired.catalog:
        work.answer(**documents.nothing(desired.scratch, found.foreign))
        if printer := work.printer():
            printer.nothing(work.place, work.options.dir, found.foreign)
        return NOTHING
    preview = work.preview(desired)
    proof = None if preview.refused else work.proof(preview, desired)
    work.answer(**documents.planned(preview, proof, desired.scratch))
    if printer := work.printer():
        printer.preview(work.place, work.options.dir, preview, proof)
    if preview.refused:
        return FAILED
    return FOUND if preview.plan else NOTHING


def _apply(work: _Work) -> int:
    from infra.provider.schema.engine import apply_changes  # noqa: PLC0415

    desired = work.desired()
    preview = work.preview(desired)
    if preview.refused:
        work.answer(**documents.planned(preview, None, desired.scratch), applied=False, check="none")
        if printer := work.printer():
            printer.preview(work.place, work.options.dir, preview, None)
        return FAILED
    proof = work.proof(preview, desired)
    with work.timed("apply"):
        apply_changes(
            work.connection,
            work.target,
            desired.catalog,
            work.options.allow,
            adopt=work.options.adopt,
            rules=work.rules,
            prune=work.options.prune,
            proven=preview.plan,
        )
    check = _check(work, preview, desired)
    work.answer(**documents.planned(preview, proof, desired.scratch), applied=True, check=check)
    if printer := work.printer():
        printer.preview(work.place, work.options.dir, preview, proof, applied=work.seconds["apply"])
    return NOTHING


def _check(work: _Work, preview: "Preview", desired: Desired) -> str:
    """Look at the live schema once more, with pg_dump's eyes."""
    if not preview.plan or not work.options.proof:
        return "none"
    from infra.provider.schema.pg_dump import DumpFailed  # noqa: PLC0415
    from infra.provider.schema.proof import differences_left  # noqa: PLC0415

    with work.timed("check"):
        others = preview.current.others
        live = read_catalog(work.connection, work.target.schema, work.target.extensions_schema, others)
        try:
            left = differences_left(work.target, desired, live, preview.ours)
        except DumpFailed as error:
            return f"missing: {error}"
    if left:
        raise SchemaError(
            "the plan was applied, and pg_dump still finds differences from the files:\n"
            + "\n".join(f"  - {item}" for item in left)
        )
    return "passed"


def _drift(work: _Work) -> int:
    from infra.provider.schema.changes import object_changes  # noqa: PLC0415

    desired = work.desired()
    found = work.find(desired, "drift")
    drifted = object_changes(desired.catalog, found.current)
    applied = bool(found.ledger and found.ledger.fingerprint == desired.fingerprint)
    work.answer(
        files_applied=applied,
        changes=documents.changes(drifted),
        foreign=documents.objects(found.foreign),
    )
    if printer := work.printer():
        printer.drift(work.place, work.options.dir, drifted, found.foreign, applied=applied)
    return FOUND if drifted else NOTHING


def _dump(work: _Work) -> int:
    from infra.provider.schema.changes import object_changes  # noqa: PLC0415
    from infra.provider.schema.dumping import tree, write_tree  # noqa: PLC0415

    with work.timed("read"):
        live = read_catalog(work.connection, work.target.schema, work.target.extensions_schema, work.target.also)
    files = tree(live, work.target.schema)
    write_tree(files, work.options.dir)
    described = work.desired().catalog
    differing = object_changes(
        described, managed(replace(live, unsupported=()), prunable(live, live, live.others), described)
    )
    left_out = [str(item) for item in live.unsupported]
    work.answer(files=sorted(files), changes=documents.changes(differing), left_out=left_out)
    if printer := work.printer():
        printer.dump(work.place, work.options.dir, len(files), differing, left_out)
    return FOUND if differing or left_out else NOTHING


_COMMANDS = {"plan": _plan, "apply": _apply, "drift": _drift, "dump": _dump}
