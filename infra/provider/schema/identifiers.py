"""Names and strings as SQL writes them: quoted only where PostgreSQL's own quote_ident would."""

import re

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


def quote(name: str) -> str:
    """Return `name` as an SQL identifier."""
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
