"""Versions and ranges of them, compared with the library semver on random ones."""

from typing import cast

import psycopg
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from psycopg.rows import TupleRow
from semver import Version

from tests.schema.ecosystem.conftest import refused

pytestmark = pytest.mark.server

Service = psycopg.Connection[TupleRow]

MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

numbers = st.integers(0, 3) | st.integers(0, 999_999_999)
identifiers = (
    st.integers(0, 12).map(str)
    | st.integers(0, 10**18 - 1).map(str)
    | st.from_regex(r"[0-9]{0,2}[a-zA-Z-][0-9a-zA-Z-]{0,3}", fullmatch=True)
)
versions = st.builds(
    Version,
    major=numbers,
    minor=numbers,
    patch=numbers,
    prerelease=st.none() | st.lists(identifiers, min_size=1, max_size=3).map(".".join),
    build=st.none() | st.from_regex(r"[0-9a-zA-Z-]{1,4}", fullmatch=True),
)
comparators = st.tuples(st.sampled_from(["", "=", ">", ">=", "<", "<=", "^", "~"]), versions)
ranges = st.lists(st.lists(comparators, max_size=3), min_size=1, max_size=3)


def one(service: Service, statement: str, *arguments: object) -> object:
    return cast(TupleRow, service.execute(statement, arguments).fetchone())[0]


def leading(version: Version, operator: str) -> int:
    """Return how many of the three numbers ^ or ~ keeps."""
    if operator == "~":
        return 2
    return 1 if version.major else 2 if version.minor else 3


def holds(version: Version, operator: str, bound: Version) -> bool:
    order = version.compare(bound)
    if operator in ("^", "~"):
        kept = leading(bound, operator)
        return order >= 0 and version.to_tuple()[:kept] == bound.to_tuple()[:kept]
    outcomes = {"": order == 0, "=": order == 0, ">": order > 0, ">=": order >= 0, "<": order < 0, "<=": order <= 0}
    return outcomes[operator]


@MANY
@given(first=versions, second=versions)
def test_any_two_versions_order_as_the_library_says(service: Service, first: Version, second: Version) -> None:
    order = one(
        service,
        """
        SELECT sign((a > b)::integer - (a < b)::integer)
        FROM (SELECT semver_key(%s) COLLATE "C" AS a, semver_key(%s) COLLATE "C" AS b) AS pair
        """,
        str(first),
        str(second),
    )
    assert order == first.compare(second)


@MANY
@given(alternatives=ranges, data=st.data())
def test_any_range_holds_what_its_comparators_hold(
    service: Service, alternatives: list[list[tuple[str, Version]]], data: st.DataObject
) -> None:
    named = [bound for alternative in alternatives for _, bound in alternative]
    near = [version.replace(prerelease="0") for version in named] + [version.bump_patch() for version in named]
    version = data.draw(st.sampled_from([*named, *near]) | versions if named else versions)
    text = " || ".join(
        " ".join(f"{operator}{bound}" for operator, bound in alternative) or "*" for alternative in alternatives
    )
    expected = any(all(holds(version, *comparator) for comparator in alternative) for alternative in alternatives)
    assume(version.patch <= 999_999_999)
    assert one(service, "SELECT semver_satisfies(%s, %s)", str(version), text) is expected


@pytest.mark.parametrize(
    ("version", "text", "expected"),
    [
        ("1.9.0", ">=1.8.0 <2.0.0", True),
        ("2.0.0-rc.1", ">=1.8.0 <2.0.0", True),
        ("2.0.0-rc.1", ">=1.8.0 <2.0.0-0", False),
        ("2.0.0-rc.1", "^1.8.0", False),
        ("0.3.0", "^0.2.9", False),
        ("0.0.3+build", "^0.0.3", True),
        ("1.2.99", " ~1.2.3\t|| 5.0.0 ", True),
        ("1.3.0-0", "~1.2.3", False),
        ("5.0.0", "~1.2.3 || 5.0.0", True),
        ("1.0.0", ">1.0.0 <1.0.0 || >2.0.0 <=1.0.0", False),
        ("999999999.0.0", "^999999999.0.0", True),
        ("0.0.0-0", "*", True),
        (None, "*", None),
        ("1.0.0", None, None),
    ],
)
def test_ranges(service: Service, version: str | None, text: str | None, expected: bool | None) -> None:
    assert one(service, "SELECT semver_satisfies(%s, %s)", version, text) is expected


@pytest.mark.parametrize(
    "text", ["", "1", "1.x", ">= 1.0.0", "=>1.0.0", "1.0.0 ||", "v1.0.0", "1.0.0-01", "latest", "1.0.0,2.0.0"]
)
def test_what_is_no_range(service: Service, text: str) -> None:
    with refused("AE001", "no range of versions"):
        service.execute("SELECT semver_satisfies('1.0.0', %s)", (text,))


def test_a_constant_range_is_parsed_when_planned(service: Service) -> None:
    """What makes it cheap in a claim's predicate: nothing of the parser is left in the plan."""
    plan = service.execute(
        "EXPLAIN (VERBOSE, COSTS FALSE) SELECT semver_satisfies(version, '^1.2.3') FROM agent_versions"
    ).fetchall()
    assert "width_bucket" in str(plan)
    assert "semver_bounds" not in str(plan)
