"""What the text of a function mentions: no dependency on record, yet it may run while we apply.

A function over another one is called by a default, a check or an index as soon as that is made.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from infra.provider.schema.identifiers import IDENTIFIER, Name
from infra.provider.schema.steps import Step

_NAME = re.compile(IDENTIFIER)
_MENTIONED = frozenset({"table", "view", "function", "aggregate", "sequence"})


def mentions(steps: Sequence[Step]) -> Iterator[tuple[int, int]]:
    """Yield pairs of steps: what makes a name, and the function that mentions it and so had better come later."""
    made: dict[str, list[int]] = defaultdict(list)
    for number, step in enumerate(steps):
        if step.operation == "create" and step.object.kind in _MENTIONED:
            made[_bare(step.object.name)].append(number)
    for number, step in enumerate(steps):
        if step.object.kind == "function" and step.operation != "delete":
            words = {word.strip('"').replace('""', '"') for word in _NAME.findall(step.sql)}
            for word in words & made.keys():
                yield from ((other, number) for other in made[word] if other != number)


def _bare(name: str) -> str:
    """Return the name of a relation, or of a function by its signature, without its schema."""
    if isinstance(name, Name):
        return name.bare
    head = name.partition("(")[0]
    if head != name and (words := _NAME.findall(head)):
        head = words[-1]
    return head.strip('"').replace('""', '"')
