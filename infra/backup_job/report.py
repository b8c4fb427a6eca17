"""What a command tells while it works: one line an event, for people or as JSON for collectors."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from infra.backup_job import progress

Value = str | int | float | bool | None
Report = Callable[..., None]
"""Called with an event's name and its facts as keyword arguments."""


def as_json(event: str, **facts: Value) -> None:
    """Print one JSON object with `time`, `event` and the facts."""
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts}
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")  # in one piece: another thread may write, too
    sys.stdout.flush()


def as_text(event: str, **facts: Value) -> None:
    """Print one line for a person, to standard error: standard output is for results."""
    details = ", ".join(f"{name.replace('_', ' ')} {_shown(name, value)}" for name, value in facts.items())
    with progress.cleared():
        print(f"{event}: {details}" if details else event, file=sys.stderr, flush=True)


def size(count: float) -> str:
    """Return a number of bytes for people.

    >>> size(1536), size(12)
    ('1.5 kB', '12 B')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TB"


def _shown(name: str, value: Value) -> str:
    if name.endswith("bytes") and isinstance(value, int):
        return size(value)
    return f"{value:.1f}" if isinstance(value, float) else str(value)
