"""The real texts of the search's benchmark: what is read of package descriptions, and what is chosen of it."""

import pytest

from tests.bench.agents_texts import AbsentError, Package, chosen, packages

RECORDS = """Package: sorter
Description-md5: 0123456789abcdef0123456789abcdef
Description-en: sorts what is not sorted
 It sorts
 in place.
 .
 It can:
  - sort
  - sort again
 .
 Nothing else.

Package: empty
Description-en: nothing is below it

Package: other
Description-md5: 0123456789abcdef0123456789abcdef
Description-en: something else
 Another paragraph.
"""


def paragraph(subject: str) -> str:
    return f"{subject} does what a thing of its kind does."


def test_packages_are_read_without_their_lists() -> None:
    assert list(packages(RECORDS)) == [
        Package("sorter", "sorts what is not sorted", ("It sorts in place.", "Nothing else.")),
        Package("empty", "nothing is below it", ()),
        Package("other", "something else", ("Another paragraph.",)),
    ]


def test_what_says_the_same_is_chosen_once_and_parts_of_others_never() -> None:
    alike = [Package(f"sorter{n}", "short", (paragraph(f"Sorter {n}"), "Too short.")) for n in range(5)]
    parts = [Package(f"sorter-{part}", "short", (paragraph(part),)) for part in ("dev", "doc", "l10n-de", "data")]
    (text,) = chosen([*alike, *parts], 1, 0).descriptions
    assert text.startswith("Sorter ")
    with pytest.raises(AbsentError, match="have 1 descriptions and 0 queries"):
        chosen([*alike, *parts], 2, 0)


def test_queries_are_of_packages_without_a_description_among_the_agents() -> None:
    found = [Package(name, f"useful thing {name}", (paragraph(name),)) for name in ("one", "two", "three", "four")]
    texts = chosen(found, 3, 1)
    (query,) = texts.queries
    assert paragraph(query.split()[-1]) not in texts.descriptions
    assert texts == chosen(reversed(found), 3, 1), "the same in every run"
