"""What becomes of stored values when a column changes its type."""

import re

_SIZED = re.compile(r"(character varying|numeric|bit varying|varbit)(?:\((\d+)(?:,(\d+))?\))?\Z")
_WIDER = {
    "smallint": {"integer", "bigint", "numeric", "text"},
    "integer": {"bigint", "numeric", "text"},
    "bigint": {"numeric", "text"},
    "real": {"double precision"},
    "date": {"text"},
    "uuid": {"text"},
    "boolean": {"text"},
    "json": {"text"},
    "jsonb": {"text", "json"},
}


def same_bytes(old: str, new: str) -> bool:
    """Say whether PostgreSQL changes the type in the catalog alone."""
    before, after = _SIZED.match(old), _SIZED.match(new)
    if not before:
        return (old, new) == ("text", "character varying")
    if new == "text":
        return before[1] == "character varying"
    if not after or before[1] != after[1]:
        return False
    if after[2] is None:
        return True
    return before[2] is not None and int(after[2]) >= int(before[2]) and after[3] == before[3]


def widens(old: str, new: str) -> bool:
    """Say whether every value of type `old` has a place in type `new`: then a rewrite loses nothing."""
    sized = new.split("(", maxsplit=1)[0]
    return new in _WIDER.get(old, set()) or (new == "text") or (old == "text" and sized == "citext")


def fails_rather(old: str, new: str) -> bool:
    """Say whether a value that has no place in type `new` is an error: other casts round or cut it silently."""
    integers = {"smallint", "integer", "bigint"}
    from_text = old == "text" or old.startswith("character varying")
    return (from_text and "(" not in new) or (old in integers and new in integers)
