"""Durations in Go's notation, there and back."""

import pytest

from tools.offline_plugins.docker.durations import duration, nanoseconds

S = 10**9


@pytest.mark.parametrize(
    ("text", "length", "canonical"),
    [
        ("0s", 0, "0s"),
        ("0", 0, "0s"),
        ("30s", 30 * S, "30s"),
        ("90s", 90 * S, "1m30s"),
        ("60s", 60 * S, "1m0s"),
        ("1h", 3600 * S, "1h0m0s"),
        ("1h5m", 3900 * S, "1h5m0s"),
        ("500ms", S // 2, "500ms"),
        ("1.5s", 3 * S // 2, "1.5s"),
        ("250us", 250_000, "250µs"),
        ("3ns", 3, "3ns"),
    ],
)
def test_there_and_back(text: str, length: int, canonical: str) -> None:
    assert nanoseconds(text) == length
    assert duration(length) == canonical
    assert nanoseconds(canonical) == length


@pytest.mark.parametrize("text", ["", "30", "s", "1 m", "-1s", "1d", "1m-", "soon"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        nanoseconds(text)
