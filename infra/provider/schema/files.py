"""Applies the files of the desired state to a scratch database, in whatever order they work."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.provider.schema.errors import ScratchUnavailable, SourceError, SourceErrors
from infra.provider.schema.source import SourceFile
from infra.provider.schema.statements import locate, statement_starts

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGresult

MAY_COME_LATER = frozenset(
    {
        "42P01",  # undefined_table
        "42703",  # undefined_column
        "42883",  # undefined_function
        "42704",  # undefined_object
        "42P10",  # invalid_column_reference: the constraint a clause names is not there yet
        "42830",  # invalid_foreign_key: likewise
        "42P17",  # invalid_object_definition: a partition before its parent's constraint
        "42809",  # wrong_object_type
        "3F000",  # invalid_schema_name
    }
)
"""SQLSTATEs of a file that may work once another one was applied."""

OUT_OF_RESOURCES = "53"
"""Class of SQLSTATEs that blame the server, not the file."""

NOT_SCHEMA = frozenset(
    {"INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "BEGIN", "COMMIT", "ROLLBACK", "START", "SAVEPOINT", "RELEASE"}
)
"""First words of command tags that have no place in a file of the schema: rows are seeds, transactions are ours."""


@dataclass(frozen=True)
class _Piece:
    """What is sent in one go: a whole file, or one of its statements, which begins at `start`."""

    file: SourceFile
    text: str
    start: int = 0


@dataclass(frozen=True)
class _Failure:
    state: str
    error: SourceError

    @property
    def final(self) -> bool:
        """Nothing that another file makes can mend this."""
        return self.state not in MAY_COME_LATER


def apply_files(connection: "psycopg.Connection[Any]", files: Iterable[SourceFile], session: str) -> None:
    """Apply `files` inside the transaction that is open; one that needs another is tried again after it.

    Files that need each other are taken apart into their statements, which are then ordered the same way.

    Args:
        connection: in a transaction, as the role that shall own everything.
        files: the files; their order does not matter.
        session: statements that set up the session before each file.

    Raises:
        SourceErrors: what is broken, all files at once; what may only follow from it apart.
        ScratchUnavailable: the server ran out of memory or locks.
    """
    waiting = [_Piece(file, file.text) for file in files]
    whole = True
    while waiting:
        failed = [(piece, failure) for piece in waiting if (failure := _apply(connection, piece, session))]
        stuck = len(failed) == len(waiting)
        if failed and ((stuck and not whole) or all(failure.final for _, failure in failed)):
            final = [failure.error for _, failure in failed if failure.final]
            missed = [failure.error for _, failure in failed if not failure.final]
            raise SourceErrors(final, missed) if final else SourceErrors(missed)
        waiting = [piece for piece, _ in failed]
        if stuck:
            waiting, whole = [part for piece in waiting for part in _statements(piece.file)], False


def _statements(file: SourceFile) -> list[_Piece]:
    starts = statement_starts(file.text)
    ends = [*starts[1:], len(file.text)]
    return [_Piece(file, file.text[start:end], start) for start, end in zip(starts, ends, strict=True)]


def _apply(connection: "psycopg.Connection[Any]", piece: _Piece, session: str) -> _Failure | None:
    connection.execute(session)
    connection.execute("SAVEPOINT file")
    failure = _run(connection, piece)
    if failure is None:
        connection.execute("RELEASE SAVEPOINT file")
    else:
        connection.execute("ROLLBACK TO SAVEPOINT file")
    return failure


def _run(connection: "psycopg.Connection[Any]", piece: _Piece) -> _Failure | None:
    """Send the piece at once: positions then count from its start, and results tell how far it came."""
    from psycopg.pq import ExecStatus  # noqa: PLC0415 - the driver is loaded only where it is used

    wire = connection.pgconn
    wire.send_query(piece.text.encode())
    done, failure = 0, None
    while (result := wire.get_result()) is not None:
        if result.status == ExecStatus.FATAL_ERROR:
            failure = failure or _failed(piece, result, done)
        elif result.status in (ExecStatus.COPY_IN, ExecStatus.COPY_OUT, ExecStatus.COPY_BOTH):
            raise SourceErrors([_misplaced(piece, done, "COPY")])
        elif (word := (result.command_status or b"").decode().split(" ")[0]) in NOT_SCHEMA:
            error = _misplaced(piece, done, word)
            if word in ("BEGIN", "COMMIT", "ROLLBACK", "START"):
                raise SourceErrors([error])  # our transaction is gone: nothing after this can be judged
            failure = failure or _Failure("", error)
        done += 1
    return failure


def _misplaced(piece: _Piece, done: int, word: str) -> SourceError:
    return _at(
        piece.file,
        _start(piece, done),
        f"{word} has no place in a schema file",
        hint="Keep to CREATE, ALTER, COMMENT, GRANT and REVOKE: rows are seeds, and the engine opens the transaction.",
    )


def _failed(piece: _Piece, result: "PGresult", done: int) -> _Failure:
    from psycopg.pq import DiagnosticField  # noqa: PLC0415 - the driver is loaded only where it is used

    def said(field: DiagnosticField) -> str | None:
        value = result.error_field(field)
        return value.decode() if value else None

    position = said(DiagnosticField.STATEMENT_POSITION)
    offset = piece.start + int(position) - 1 if position else _start(piece, done)
    message = said(DiagnosticField.MESSAGE_PRIMARY) or "failed"
    hint = said(DiagnosticField.MESSAGE_HINT)
    if piece.file.text.startswith("\\", offset):
        hint = "This is a command of psql's, which PostgreSQL does not know: write it as SQL, or take it out."
    context = said(DiagnosticField.CONTEXT)
    state = said(DiagnosticField.SQLSTATE) or ""
    if state.startswith(OUT_OF_RESOURCES):
        words = f"the scratch database's server can not hold this schema: {message}. {hint or ''}"
        raise ScratchUnavailable(words.strip())
    error = _at(
        piece.file,
        offset,
        f"{message} ({context.splitlines()[0]})" if context and not position else message,
        hint,
        said(DiagnosticField.MESSAGE_DETAIL),
    )
    return _Failure(state, error)


def _start(piece: _Piece, number: int) -> int:
    starts = statement_starts(piece.text)
    return piece.start + (starts[number] if number < len(starts) else 0)


def _at(file: SourceFile, offset: int, message: str, hint: str | None = None, detail: str | None = None) -> SourceError:
    line, column, text = locate(file.text, offset)
    return SourceError(file.name, line, column, text, message, hint, detail)


def check_bodies(
    connection: "psycopg.Connection[Any]", schemas: Sequence[str], files: Iterable[SourceFile], session: str
) -> None:
    """Let PostgreSQL check every body of a function in `schemas`: `apply_files` put it off until all was there.

    Raises:
        SourceErrors: the bodies it refuses, at their lines in the files.
    """
    connection.execute(session)
    connection.execute("SET LOCAL check_function_bodies = on")
    rows = connection.execute(
        "SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid), p.prosrc FROM pg_proc p "
        "JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace IN (SELECT oid FROM pg_namespace "
        "WHERE nspname = ANY (%s)) "
        "AND p.prokind IN ('f', 'p') AND p.prosqlbody IS NULL AND l.lanname NOT IN ('c', 'internal') "
        "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid "
        "AND d.deptype = 'e') ORDER BY 1",
        ([*schemas],),
    ).fetchall()
    errors = [error for row in rows if (error := _check_body(connection, row, tuple(files)))]
    if errors:
        raise SourceErrors(errors)


def _check_body(
    connection: "psycopg.Connection[Any]", row: tuple[str, str, str], files: tuple[SourceFile, ...]
) -> SourceError | None:
    signature, definition, body = row
    connection.execute("SAVEPOINT body")
    failure = _run(connection, _Piece(SourceFile(signature, definition), definition))
    connection.execute("ROLLBACK TO SAVEPOINT body")
    if failure is None:
        return None
    error = failure.error
    home = next((file for file in files if body in file.text), None)
    if home is None:
        return error
    inside = _offset(definition, error) - definition.find(body)
    error_at = home.text.find(body) + max(0, min(inside, len(body)))
    return _at(home, error_at, f"{error.message} (in {signature})", error.hint, error.detail)


def _offset(text: str, error: SourceError) -> int:
    lines = text.splitlines(keepends=True)
    return sum(len(line) for line in lines[: error.line - 1]) + error.column - 1
