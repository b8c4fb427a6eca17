"""Diffs name the changed leaf."""

import pytest

from infra.plugin import UNKNOWN, PropertyChange, compare, property_path

CASES = [
    ("nothing", {"a": 1}, {"a": 1}, {}),
    ("added", {}, {"a": 1}, {"a": "add"}),
    ("deleted", {"a": 1}, {}, {"a": "delete"}),
    ("updated", {"a": 1}, {"a": 2}, {"a": "update"}),
    ("nested", {"t": {"x": {"c": 1}}}, {"t": {"x": {"c": 2, "d": 3}}}, {"t.x.c": "update", "t.x.d": "add"}),
    ("odd key", {"t": {"a b.c": 1}}, {"t": {"a b.c": 2}}, {'t["a b.c"]': "update"}),
    ("list", {"l": [1, 2]}, {"l": [1, 3, 4]}, {"l[1]": "update", "l[2]": "add"}),
    ("unknown", {"a": 1}, {"a": UNKNOWN}, {"a": "update"}),
    ("kind of value", {"a": {"b": 1}}, {"a": [1]}, {"a": "update"}),
]


@pytest.mark.parametrize(("old", "new", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_compare(old: dict[str, object], new: dict[str, object], expected: dict[str, str]) -> None:
    assert {path: change.kind for path, change in compare(old, new).items()} == expected


def test_replacing_properties_are_marked_down_to_the_leaf() -> None:
    changes = compare({"k": {"a": 1}, "o": 1}, {"k": {"a": 2}, "o": 2}, replace_on={"k"})
    assert changes == {"k.a": PropertyChange("update", replace=True), "o": PropertyChange("update")}


def test_ignored_properties_are_not_compared() -> None:
    assert compare({"a": 1}, {"a": 2}, ignore={"a"}) == {}


def test_a_quote_in_a_key_is_escaped() -> None:
    assert property_path(["a", 'b"c', 0, "d-e"]) == 'a["b\\"c"][0].d-e'
