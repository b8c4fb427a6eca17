"""Property values survive the way to the engine and back."""

import pytest
from pulumi.runtime import rpc

from infra.plugin import values
from infra.plugin.values import UNKNOWN, Secret, conceal, decode, encode, has_unknown, holds_secret, reveal

VALUES = {
    "none": None,
    "true": True,
    "whole": 42,
    "fraction": 0.5,
    "text": "한국어 \N{ROCKET}",
    "list": [1, "two", [3.5, None]],
    "nested": {"a": {"b": [{"c": False}]}},
    "empty": {},
}


def test_plain_values_come_back_as_they_went() -> None:
    assert decode(encode(VALUES)) == VALUES


def test_whole_numbers_come_back_as_int() -> None:
    assert type(decode(encode({"n": 7}))["n"]) is int


def test_secrets_and_unknowns_come_back_as_such() -> None:
    properties = {"password": Secret("s3cret"), "port": UNKNOWN, "both": Secret({"deep": UNKNOWN})}
    assert decode(encode(properties)) == properties


def test_reveal_takes_secrets_off_at_every_depth() -> None:
    assert reveal({"a": Secret({"b": [Secret(1)]})}) == {"a": {"b": [1]}}


def test_has_unknown_sees_through_secrets_and_lists() -> None:
    assert has_unknown([{"a": Secret(UNKNOWN)}])
    assert not has_unknown(VALUES)


def test_holds_secret_sees_nested_ones() -> None:
    assert holds_secret({"a": [Secret(1)]})
    assert not holds_secret(VALUES)


def test_conceal_wraps_named_values_once_and_leaves_nothing_to_wrap() -> None:
    concealed = conceal({"a": 1, "b": Secret(2), "c": None, "d": 4}, {"a", "b", "c"})
    assert concealed == {"a": Secret(1), "b": Secret(2), "c": None, "d": 4}


def test_a_secret_does_not_show_its_value() -> None:
    assert "s3cret" not in repr(Secret("s3cret"))


def test_a_value_the_protocol_has_no_form_for_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes is no property value"):
        encode({"a": b"bytes"})


def test_the_marks_are_those_of_the_sdk() -> None:
    assert values._UNKNOWN == rpc.UNKNOWN
    assert rpc._special_sig_key == values._SIGNATURE
    assert rpc._special_secret_sig == values._SECRET
    assert rpc._special_output_value_sig == values._OUTPUT
