"""What the peers' programs in Python have in common: their answer. See __init__.py."""

import json
from collections.abc import Iterable


def answer(found: dict[str, float]) -> None:
    """Say what was found."""
    print(json.dumps(found), flush=True)


def answer_waits(seconds: Iterable[float]) -> None:
    """Say how long jobs waited, in milliseconds."""
    waits = sorted(1000 * wait for wait in seconds)
    answer({"p50": waits[len(waits) // 2], "p99": waits[len(waits) * 99 // 100]})
