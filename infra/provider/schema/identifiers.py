"""Names and strings as SQL writes them: quoted only where PostgreSQL's own quote_ident would.

What lives in the main schema goes by its bare name, found by the search path. What lives in another managed one goes by
a `Name`, which is its SQL as text and knows its parts; the functions below take either.
"""

import re
from collections.abc import Collection

LETTER, PART = r"[^\x00-@\[-^`{-\x7f]", r"[^\x00-#%-/:-@\[-^`{-\x7f]"
"""What a name without quotes begins with, and goes on with, as regular expressions: PostgreSQL takes letters, `_` and
all beyond ASCII, then digits and `$`, too. What is not taken is named: ranges of 65,000 take `re` milliseconds."""

IDENTIFIER = rf'(?:"(?:[^"]|"")+"|{LETTER}{PART}*)'

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")

KEYWORDS = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both
    case cast char character check coalesce collate collation column concurrently constraint create cross
    current_catalog current_date current_role current_schema current_time current_timestamp current_user dec
    decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign
    freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect
    interval into is isnull join json json_array json_arrayagg json_exists json_object json_objectagg
    json_query json_scalar json_serialize json_table json_value lateral leading least left like limit
    localtime localtimestamp merge_action national natural nchar none normalize not notnull null nullif
    numeric offset on only or order out outer overlaps overlay placing position precision primary real
    references returning right row select session_user setof similar smallint some substring symmetric
    system_user table tablesample then time timestamp to trailing treat trim true union unique user using
    values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists
    xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
    """.split()  # noqa: SIM905 - a list of a hundred strings is no easier to read
)
"""Every keyword of PostgreSQL 18 that a name must be quoted for (pg_get_keywords, catcode <> 'U')."""


class Name(str):
    """The name of an object in a managed schema that is not the main one; as text what SQL writes: `app.t`."""

    schema: str
    bare: str

    def __new__(cls, schema: str, bare: str) -> "Name":
        """Return the name of `bare` in `schema`, both as the catalog holds them."""
        self = super().__new__(cls, f"{quote(schema)}.{quote(bare)}")
        self.schema, self.bare = schema, bare
        return self


class Part(str):
    """A part of a relation, `table.column` as text, that knows both; the relation may have a `Name`."""

    home: str
    part: str

    def __new__(cls, home: str, part: str) -> "Part":
        """Return the part of `home` that is called `part`."""
        self = super().__new__(cls, f"{home}.{part}")
        self.home, self.part = home, part
        return self


_IDENTIFIER = r'("(?:[^"]|"")+"|[a-z_][a-z0-9_]*)'
_QUALIFIED = re.compile(rf"{_IDENTIFIER}\.{_IDENTIFIER}")


def named(text: str, schemas: Collection[str]) -> str:
    """Return the name that `text` is: a `Name` if it is qualified with one of `schemas`.

    >>> named("app.t", ["app"]).bare, named("app.t", []), named('"app.t"', ["app"])
    ('t', 'app.t', '"app.t"')
    """
    return _qualified(text, schemas, "") or text


def part_of(text: str, schemas: Collection[str]) -> Part:
    """Return the part of a relation that `text` is, the relation being in the main schema or one of `schemas`.

    >>> part_of("t.c", []).home, part_of("app.t.c", ["app"]).home, part_of("app.t.c.d", ["app"]).part
    ('t', 'app.t', 'c.d')
    """
    home = _qualified(text, schemas, ".")
    if home is None:
        plain, _, part = text.rpartition(".")
        return Part(plain, part)
    return Part(home, text[len(home) + 1 :])


def home_in(text: str, schemas: Collection[str]) -> str:
    """Return the relation that the identity of a part, `table.part`, begins with.

    >>> home_in("app.t.c", ["app"]), home_in("app.t", ["app"])
    ('app.t', 'app')
    """
    return _qualified(text, schemas, ".") or text.partition(".")[0]


def schema_of_signature(text: str, schemas: Collection[str]) -> str | None:
    """Return the schema of a function or aggregate by its signature, None for the main one.

    >>> schema_of_signature("app.f(integer)", ["app"]), schema_of_signature("f(app.t)", ["app"])
    ('app', None)
    """
    return schema_of(_qualified(text, schemas, "(") or text)


def _qualified(text: str, schemas: Collection[str], then: str) -> Name | None:
    """Return the name in one of `schemas` that `text` begins with, `then` following; nothing, if that is empty."""
    found = _QUALIFIED.match(text) if schemas else None
    if found is None or unquoted(found[1]) not in schemas:
        return None
    rest = text[found.end() :]
    return Name(unquoted(found[1]), unquoted(found[2])) if (rest.startswith(then) if then else not rest) else None


def unquoted(identifier: str) -> str:
    """Return an SQL identifier as the catalog holds it; one without quotes is taken for a name in lower case."""
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier


def local(name: str) -> str:
    """Return a name without its schema: where SQL says the schema otherwise, as after RENAME TO."""
    return name.bare if isinstance(name, Name) else name


def beside(home: str, name: str) -> str:
    """Return `name` as that of something in the schema of `home`: an index of its table, a column's sequence."""
    return Name(home.schema, name) if isinstance(home, Name) else name


def schema_of(name: str) -> str | None:
    """Return the schema of a name, None for the main one."""
    return name.schema if isinstance(name, Name) else None


def quote(name: str) -> str:
    """Return `name` as SQL writes it."""
    if isinstance(name, Name):
        return name
    if _PLAIN.match(name) and name not in KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def role(name: str) -> str:
    """Return a grantee as SQL writes it; PUBLIC is no name."""
    return name if name == "PUBLIC" else quote(name)


def literal(text: str) -> str:
    """Return `text` as an SQL string constant."""
    if "\\" in text:
        return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    return "'" + text.replace("'", "''") + "'"


def dollar_quoted(text: str) -> str:
    """Return `text` between dollar quotes whose tag does not occur in it."""
    tag, number = "$$", 0
    while tag[:-1] in text:
        number += 1
        tag = f"$body{number}$"
    return f"{tag}{text}{tag}"


def bare(expression: str) -> str:
    """Return `expression` without the outer parentheses that PostgreSQL prints, where they surely are a pair."""
    if not (expression.startswith("(") and expression.endswith(")")):
        return expression
    depth = 0
    for offset, character in enumerate(expression):
        depth += (character == "(") - (character == ")")
        if depth == 0 and offset < len(expression) - 1:
            return expression
    return expression[1:-1] if depth == 0 and "'" not in expression and '"' not in expression else expression
