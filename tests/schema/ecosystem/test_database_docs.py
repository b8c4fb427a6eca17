"""docs/database.md and docs/database.svg say what the catalog says; `make docs` writes them anew through this file."""

import os
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.schema.ecosystem.conftest import Ecosystem
from tools.database_docs import catalog as live
from tools.database_docs import diagram, markdown
from tools.database_docs.relations import references

pytestmark = pytest.mark.server

DOCS = Path(__file__).parents[3] / "docs"
WRITE = "AGENT_ECOSYSTEM_WRITE_DOCS"
"""Set by `make docs`: the files are written, not compared."""
SVG = "{http://www.w3.org/2000/svg}"


def read(ecosystem: Ecosystem, *changes: str) -> live.Catalog:
    with ecosystem.owner() as owner:
        for change in changes:
            owner.execute(change)
        return live.read(owner)


@pytest.fixture
def catalog(ecosystem: Ecosystem) -> live.Catalog:
    return read(ecosystem)


def document(catalog: live.Catalog) -> str:
    return markdown.render(catalog, "database.svg")


def test_the_committed_files_are_current(catalog: live.Catalog) -> None:
    for name, text in {"database.md": document(catalog), "database.svg": diagram.render(catalog)}.items():
        file = DOCS / name
        if os.environ.get(WRITE):
            file.write_text(text)
        if not file.exists() or file.read_text() != text:
            pytest.fail(f"docs/{name} is not what the catalog says: run `make docs`, and commit what it writes")


def test_everything_is_there(catalog: live.Catalog) -> None:
    text = document(catalog)
    for heading in [each.name for each in catalog.relations] + [each.name for each in catalog.functions]:
        assert f"\n### {heading}\n" in text
    for column in catalog.columns:
        assert f"| `{column.name}` |" in text
    for kind in catalog.types:
        assert f"| `{kind.name}` |" in text
    attached = [each.name for each in (*catalog.indexes, *catalog.triggers)]
    for part in [*attached, *(each.name for each in catalog.constraints), *(each.name for each in catalog.policies)]:
        assert f"| `{part}` |" in text


def test_errors_are_those_of_source_and_comments(ecosystem: Ecosystem) -> None:
    text = document(
        read(
            ecosystem,
            """
            CREATE FUNCTION shout() RETURNS void LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'too loud; %', now()
                    USING ERRCODE = 'AE999', DETAIL = 'No.', HINT = 'Whisper; it''s late.';
            END
            $$
            """,
            "COMMENT ON FUNCTION shout() IS 'Shouts.\nArguments: none. Result: nothing.\nErrors: AE999 it is late.'",
            "CREATE FUNCTION sing() RETURNS void LANGUAGE sql AS 'SELECT shout()'",
            "COMMENT ON FUNCTION sing() IS 'Sings.\nArguments: none. Result: nothing.\nErrors: as shout().'",
        )
    )
    section = text.partition("### AE999\n")[2]
    assert "| too loud; … | Whisper; it's late. | [`shout`](#shout) |" in section
    assert "Answered by [`shout`](#shout), [`sing`](#sing)." in section


def test_states_are_set_where_the_source_says_so(catalog: live.Catalog) -> None:
    section = document(catalog).partition("### task_status\n")[2].partition("\n## ")[0]
    for state, function in {
        "blocked": "enqueue_tasks",
        "leased": "claim_tasks",
        "succeeded": "complete_tasks",
        "dead_letter": "fail_tasks",
        "cancelled": "cancel_tasks",
    }.items():
        (line,) = [line for line in section.splitlines() if line.startswith(f"| `{state}`")]
        assert f"[`{function}`]" in line
    assert "[`claim_tasks`]" not in "".join(line for line in section.splitlines() if not line.startswith("| `leased`"))


def test_transitions_in_a_comment_are_drawn(ecosystem: Ecosystem) -> None:
    steps = "online -> offline: long\nsilence;\noffline -> online: {}."
    comment = f"COMMENT ON TYPE agent_status IS 'Life.\nTransitions: {steps}'"
    text = document(read(ecosystem, comment.format("heartbeat()")))
    assert "    online --> offline: long silence\n    offline --> online: heartbeat()\n```" in text
    wrong = read(ecosystem, comment.replace("offline -> online", "asleep -> online"))
    with pytest.raises(ValueError, match=r"agent_status.*asleep.*those are online"):
        document(wrong)


def rectangles(picture: ElementTree.Element) -> list[tuple[float, float, float, float]]:
    """Return the tables' frames: left, upper, right and lower edge."""
    frames = [each for each in picture.iter(f"{SVG}rect") if each.get("stroke")]
    sides = [[float(frame.get(side, 0)) for side in ("x", "y", "width", "height")] for frame in frames]
    return [(x, y, x + width, y + height) for x, y, width, height in sides]


@pytest.mark.parametrize(
    "change",
    [
        "SELECT",
        """
        CREATE TABLE far (
            a text PRIMARY KEY REFERENCES agent_registry,
            b text REFERENCES realtime_channels,
            c uuid REFERENCES distributed_tasks,
            d uuid REFERENCES distributed_tasks
        )
        """,
    ],
    ids=["as it is", "one more table"],
)
def test_the_diagram_is_legible(ecosystem: Ecosystem, change: str) -> None:
    catalog = read(ecosystem, change)
    picture = ElementTree.fromstring(diagram.render(catalog))  # noqa: S314 - our own
    words = [each.text for each in picture.iter(f"{SVG}text")]
    for table in catalog.tables:
        assert table.name in words
        for column in catalog.columns_of(table.name):
            assert column.name in words
    frames = rectangles(picture)
    assert len(frames) == len(catalog.tables)
    width, height = float(picture.get("width", 0)), float(picture.get("height", 0))
    for left, upper, right, lower in frames:
        assert 0 < left < right < width
        assert 0 < upper < lower < height
    for one, other in combinations(frames, 2):
        assert one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
    lines = [each.get("d", "") for each in picture.iter(f"{SVG}path") if each.get("fill") == "none"]
    assert len([line for line in lines if line.count("L") > 1]) == len(references(catalog))
    for line in lines:
        points = [tuple(map(float, point.split(","))) for point in line[1:].split(" L")]
        for (x1, y1), (x2, y2) in pairwise(points):
            for left, upper, right, lower in frames:
                beside = max(x1, x2) <= left or min(x1, x2) >= right or max(y1, y2) <= upper or min(y1, y2) >= lower
                assert beside, f"a line runs over a box: {line}"
