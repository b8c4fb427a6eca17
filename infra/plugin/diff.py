"""Detailed diffs: which property, down to the leaf, is added, deleted or updated."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from infra.plugin.values import Unknown

Kind = Literal["add", "delete", "update"]
_ESCAPED = re.compile(r"\\(.)")
_PLAIN_KEY = re.compile(r"^[A-Za-z_$][\w$-]*$")


@dataclass(frozen=True)
class PropertyChange:
    """One changed property; `replace` when the resource has to be made anew for it.

    `from_inputs` is false for what changed in the world rather than in the program, e.g. a process that died.
    """

    kind: Kind
    replace: bool = False
    from_inputs: bool = True


@dataclass(frozen=True)
class Diff:
    """All changed properties by path. `delete_first` when old and new can not exist side by side."""

    changes: Mapping[str, PropertyChange] = field(default_factory=dict)
    delete_first: bool = False

    def __bool__(self) -> bool:
        return bool(self.changes)


def property_path(keys: Sequence[str | int]) -> str:
    """Return Pulumi's notation of a path: `tables.agents.columns`, `tables["odd name"]`, `rows[2]`."""
    path = ""
    for key in keys:
        if isinstance(key, int):
            path += f"[{key}]"
        elif _PLAIN_KEY.match(key):
            path += f".{key}" if path else key
        else:
            escaped = key.replace("\\", "\\\\").replace('"', '\\"')
            path += f'["{escaped}"]'
    return path


def top_level(path: str) -> str:
    """Return the name of the property that a path in Pulumi's notation leads into."""
    if path.startswith('["'):
        return _ESCAPED.sub(r"\1", path[2:].split('"]', 1)[0])
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def compare(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    replace_on: Collection[str] = (),
    ignore: Collection[str] = (),
) -> dict[str, PropertyChange]:
    """Compare two property maps down to their leaves.

    Args:
        old: the properties of the last update, secrets revealed.
        new: the properties wanted now; an unknown one counts as changed.
        replace_on: top-level names whose change replaces the resource.
        ignore: top-level names that are not compared.
    """
    changes: dict[str, PropertyChange] = {}
    for name in sorted((old.keys() | new.keys()) - set(ignore)):
        for keys, kind in _walk([name], old.get(name), new.get(name)):
            changes[property_path(keys)] = PropertyChange(kind, replace=name in replace_on)
    return changes


def same(old: Any, new: Any) -> bool:
    """Say whether two property values are equal; true is not 1, other than in Python."""
    return not _walk([], old, new)


def _equal(old: Any, new: Any) -> bool:
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)


def _walk(keys: list[str | int], old: Any, new: Any) -> list[tuple[list[str | int], Kind]]:
    match old, new:
        case (dict(), dict()):
            return [
                change
                for key in sorted(old.keys() | new.keys())
                for change in _walk([*keys, key], old.get(key), new.get(key))
            ]
        case (list(), list()):
            length = max(len(old), len(new))
            pad = [None] * length
            pairs = zip((old + pad)[:length], (new + pad)[:length], strict=True)
            return [change for i, (a, b) in enumerate(pairs) for change in _walk([*keys, i], a, b)]
        case _ if _equal(old, new):
            return []
        case (None, _):
            return [(keys, "add")]
        case (_, None):
            return [(keys, "delete")]
        case (_, Unknown()):
            return [(keys, "update")]
        case _:
            return [(keys, "update")]
