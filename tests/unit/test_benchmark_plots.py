"""The pictures of docs/benchmarks.md show the numbers that stand there; `make docs` draws them through this file."""

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools.benchmark_plots.chart import Bar, Chart
from tools.benchmark_plots.plots import PLOTS, Plot, TableMissingError, render
from tools.benchmark_plots.tables import tables

DOCS = Path(__file__).parents[2] / "docs"
WRITE = "AGENT_ECOSYSTEM_WRITE_DOCS"
"""Set by `make docs`: the files are written, not compared."""
SVG = "{http://www.w3.org/2000/svg}"
DOCUMENT = """
| `Speed` | a/s | ratio | us | ratio |
| --- | --- | --- | --- | --- |
| bare | 1,000 | 1.00 | 5 | 1.0 |
| **this database** | 500 | 0.50 | 20 | **4.0** |

| Speed of others | a/s |
| --- | --- |
| slow | quick |
"""


def bars(picture: str) -> list[tuple[str, float]]:
    """Return fill and width of each rectangle but the paper."""
    found = ElementTree.fromstring(picture).iter(f"{SVG}rect")  # noqa: S314 - it was made here
    return [(str(each.get("fill")), float(str(each.get("width")))) for each in found][1:]


def test_the_committed_pictures_are_current() -> None:
    document = (DOCS / "benchmarks.md").read_text()
    for name, picture in render(document).items():
        file = DOCS / "benchmarks" / f"{name}.svg"
        if os.environ.get(WRITE):
            file.write_text(picture)
        if not file.exists() or file.read_text() != picture:
            pytest.fail(f"docs/benchmarks/{name}.svg is not what the tables say: run `make docs` and commit")
        assert f"](benchmarks/{name}.svg)" in document, "it is shown"
    assert {file.stem for file in (DOCS / "benchmarks").iterdir()} == set(PLOTS)


def test_bars_are_as_long_as_the_numbers_say() -> None:
    chart = Plot("Speed", "Speed", "more is better", "a/s").chart(tables(DOCUMENT))
    assert chart.bars == [Bar("bare", 1000), Bar("this database", 500, ours=True)]
    assert [width for _, width in bars(chart.svg())] == [360, 360, 180, 180]


def test_of_columns_with_one_heading_the_first_counts() -> None:
    chart = Plot("Ratio", "Speed", "", "ratio", target=1.5).chart(tables(DOCUMENT))
    assert [bar.value for bar in chart.bars] == [1.0, 0.5]
    assert chart.target == 1.5
    assert "target" in chart.svg()


def test_the_slowest_go_on_beyond_most_by_orders_of_magnitude() -> None:
    drawn = bars(Chart("", "", [Bar("a", 2, 20), Bar("b", 200)], logarithmic=True).svg())
    (pale, long), (strong, short), *_ = drawn
    assert pale != strong
    assert [short / drawn[-1][1], long / drawn[-1][1]] == pytest.approx([0.131, 0.565], abs=0.001)


@pytest.mark.parametrize(
    ("plot", "said"),
    [
        (Plot("", "Distance", "", "a/s"), "there is no table 'Distance': of those there are Speed, Speed of others"),
        (Plot("", "Speed", "", "b/s"), "table 'Speed', row 'bare': 'b/s'"),
        (Plot("", "Speed of others", "", "a/s"), "row 'slow': could not convert string to float: 'quick'"),
    ],
)
def test_what_the_document_lacks_is_named(plot: Plot, said: str) -> None:
    with pytest.raises(TableMissingError) as refusal:
        plot.chart(tables(DOCUMENT))
    assert said in str(refusal.value)
