"""What a name without quotes may hold, as PostgreSQL's scanner has it."""

import re

import pytest

from infra.provider.schema.identifiers import IDENTIFIER


@pytest.mark.parametrize("flags", [0, re.IGNORECASE])
@pytest.mark.parametrize(
    "text", ["a", "_", "Zz9_$", "é", "이름", "\x80", "\U0001f600", "a\u00a0b", '"any; thing"', '"a""b"', '""""']
)
def test_a_name_is_taken_whole(text: str, flags: int) -> None:
    assert re.fullmatch(IDENTIFIER, text, flags)


@pytest.mark.parametrize("flags", [0, re.IGNORECASE])
@pytest.mark.parametrize("first", ["", "a"])
def test_no_other_character_of_ascii_is_part_of_one(first: str, flags: int) -> None:
    taken = {chr(code) for code in range(0x80) if re.fullmatch(IDENTIFIER, first + chr(code), flags)}

    letters = {*"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"}
    assert taken == (letters | {*"0123456789$"} if first else letters)
