"""Durations as Go writes them (`1m30s`), which is how the official plugin takes and gives them."""

import re

_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def nanoseconds(text: str) -> int:
    """Return the length of a duration such as `30s` or `1h5m`.

    Raises:
        ValueError: it is not written like one.
    """
    if text == "0":
        return 0
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"`{text}` is no duration; write one like `30s`, `1m30s` or `500ms`")
    return round(sum(float(number) * _UNITS[unit] for number, unit in parts))


def duration(length: int) -> str:
    """Return nanoseconds in Go's notation: `90 * 10**9` is `1m30s`."""
    if length < _UNITS["s"]:
        unit = next((unit for unit in ("ms", "us") if length >= _UNITS[unit]), "ns")
        return "0s" if length == 0 else f"{length / _UNITS[unit]:g}{unit if unit != 'us' else 'µs'}"
    minutes, rest = divmod(length, _UNITS["m"])
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest / _UNITS['s']:.9f}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{hours}h{minutes}m{seconds}"
    return f"{minutes}m{seconds}" if minutes else seconds
