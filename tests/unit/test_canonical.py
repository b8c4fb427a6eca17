"""What PostgreSQL prints in two ways comes out in one, and what means something else stays apart."""

import pytest

from infra.provider.schema.canonical import flattened

SAME = [
    ("CHECK ((a AND (b AND c)))", "CHECK ((a AND b AND c))"),
    ("CHECK (((a > 0) AND ((b > 0) AND (c > 0))))", "CHECK (((a > 0) AND (b > 0) AND (c > 0)))"),
    ("CHECK (((a AND b) AND (c AND (d AND e))))", "CHECK ((a AND b AND c AND d AND e))"),
    ("CHECK ((a OR (b OR (c AND (d AND e)))))", "CHECK ((a OR b OR (c AND d AND e)))"),
    ("WHERE ((f(a) AND (g((b OR (c OR d))) AND e)))", "WHERE ((f(a) AND g((b OR c OR d)) AND e))"),
    (
        """CHECK ((("AND (" = ')') AND ((b = 'it''s (') AND c)))""",
        """CHECK ((("AND (" = ')') AND (b = 'it''s (') AND c))""",
    ),
]
APART = [
    "CHECK ((a AND (b OR c)))",
    "CHECK ((a OR (b AND c)))",
    "CHECK ((a AND (NOT (b AND c))))",
    "CHECK ((a AND (b AND c) IS TRUE))",
    "CHECK ((a AND f(b AND c)))",
    "CHECK ((x = 'a AND (b AND c)'))",
    "CHECK ((a AND (b AND c)",
    "CHECK (a)) AND ((b AND (c AND d)",
    "CREATE TRIGGER t AFTER INSERT OR UPDATE OF a ON b FOR EACH ROW WHEN ((a OR (b AND c)))",
]


@pytest.mark.parametrize(("printed", "expected"), SAME)
def test_one_and_within_another_is_one(printed: str, expected: str) -> None:
    assert flattened(printed) == expected
    assert flattened(expected) == expected


@pytest.mark.parametrize("printed", APART)
def test_what_means_something_else_stays(printed: str) -> None:
    assert flattened(printed) == printed
