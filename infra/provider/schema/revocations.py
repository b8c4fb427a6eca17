"""The rights on the schema itself that files take away.

The schema of a scratch database is open to nobody but its owner, so that every grant comes from the files. A REVOKE on
it leaves no trace there, while the live one may well be open: `public` is, to everyone, in every new database. After
all else was read the schema is therefore opened wide, such statements run once more, and what they close is noted.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from infra.provider.schema.errors import UnsupportedObject
from infra.provider.schema.identifiers import quote, role
from infra.provider.schema.model import Grants
from infra.provider.schema.source import SourceFile
from infra.provider.schema.statements import statement_starts

if TYPE_CHECKING:
    import psycopg

_ON_SCHEMA = re.compile(r"REVOKE\b.*?\bON\s+SCHEMA\b", re.IGNORECASE | re.DOTALL)
"""What such a statement begins with, or a DO block holds."""

_DO = re.compile(r"DO\b", re.IGNORECASE)

_HELD = """
    SELECT CASE WHEN held.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(held.grantee)::text END AS grantee,
           held.privilege_type || CASE WHEN held.is_grantable THEN '*' ELSE '' END AS privilege
    FROM pg_namespace AS n, aclexplode(n.nspacl) AS held
    WHERE n.oid = to_regnamespace(quote_ident(%s)) AND held.grantee <> n.nspowner
"""


def revoked_rights(
    connection: "psycopg.Connection[Any]", schema: str, files: Iterable[SourceFile], session: str, granted: Grants
) -> Grants:
    """Return what `files` take away on the schema and do not grant again; a trailing * is the grant option alone.

    Args:
        connection: to the scratch database, in the transaction that applied the files; it is left as it was.
        schema: its bare name.
        files: all of them.
        session: statements that set up the session before each file.
        granted: what the files grant on the schema.

    Raises:
        UnsupportedObject: a DO block takes some away and can not be run twice, which is how it is seen.
    """
    statements = [text for file in files for text in _revocations(file.text)]
    if not statements:
        return {}
    with connection.transaction(force_rollback=True):
        connection.execute(session)
        _open_to(connection, schema, "\n".join(statements))
        before = _held(connection, schema)
        for statement in statements:
            _run_again(connection, statement)
        return _lost(before, _held(connection, schema), granted)


def _open_to(connection: "psycopg.Connection[Any]", schema: str, words: str) -> None:
    """Open the schema to everyone, and to each role that `words` may name."""
    everything = f"GRANT ALL ON SCHEMA {quote(schema)} TO"
    connection.execute(f"{everything} PUBLIC".encode())
    for (name,) in connection.execute("SELECT rolname::text FROM pg_roles WHERE rolname <> current_user").fetchall():
        if name in words:
            connection.execute(f"{everything} {role(name)} WITH GRANT OPTION".encode())


def _revocations(text: str) -> list[str]:
    if not _ON_SCHEMA.search(text):
        return []
    starts = statement_starts(text)
    parts = (text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True))
    return [part for part in parts if (_ON_SCHEMA.search if _DO.match(part) else _ON_SCHEMA.match)(part)]


def _run_again(connection: "psycopg.Connection[Any]", statement: str) -> None:
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

    try:
        connection.execute(statement.encode())
    except psycopg.Error as error:
        if not _DO.match(statement):
            raise
        first = statement.partition("\n")[0]
        raise UnsupportedObject(
            [f"a REVOKE on the schema in a block that runs only once ({error.diag.message_primary}): {first}"],
            "the folder of schema files",
        ) from None


def _held(connection: "psycopg.Connection[Any]", schema: str) -> Mapping[str, frozenset[str]]:
    held: dict[str, set[str]] = {}
    for grantee, privilege in connection.execute(_HELD, (schema,)):
        held.setdefault(grantee, set()).add(privilege)
    return {grantee: frozenset(rights) for grantee, rights in held.items()}


def _lost(before: Mapping[str, frozenset[str]], after: Mapping[str, frozenset[str]], granted: Grants) -> Grants:
    """Return the rights of `before` that are gone, or go without their grant option.

    >>> _lost({"a": frozenset({"USAGE*", "CREATE*"})}, {"a": frozenset({"USAGE", "CREATE*"})}, {})
    {'a': ('USAGE*',)}
    >>> _lost({"PUBLIC": frozenset({"USAGE", "CREATE"})}, {}, {"PUBLIC": ("USAGE",)})
    {'PUBLIC': ('CREATE',)}
    """
    found: dict[str, tuple[str, ...]] = {}
    for grantee, rights in before.items():
        kept, ours = after.get(grantee, frozenset()), granted.get(grantee, ())
        gone = {right if right.rstrip("*") in kept else right.rstrip("*") for right in rights - kept}
        if left := sorted(right for right in gone if not {right, f"{right.rstrip('*')}*"} & set(ours)):
            found[grantee] = tuple(left)
    return dict(sorted(found.items()))
