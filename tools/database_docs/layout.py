"""Where the boxes of a diagram stand: in columns, so that what refers to one another is near."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

Arrangement = tuple[tuple[str, ...], ...]
"""The names of the boxes, column by column from the left, each from the top."""

GAP = 44
"""Between two boxes of a column, in pixels."""
SAME_COLUMN = 80
FAR = 900
TALL = 4


@dataclass(frozen=True)
class Link:
    """A line between two boxes; where on each, as a distance from its upper edge in pixels."""

    source: str
    source_y: float
    target: str
    target_y: float


def arrange(heights: Mapping[str, float], links: Sequence[Link], columns: int) -> Arrangement:
    """Return the best arrangement that a search finds; the same boxes and links always give the same one.

    The search moves one box, or swaps two, for as long as that shortens the lines and the tallest column. It begins at
    several places, as it may end in one that only looks best from nearby.
    """
    names = sorted(heights)
    found = []
    for turn in range(max(len(names), 1)):
        turned = names[turn:] + names[:turn]
        start = tuple(tuple(turned[column::columns]) for column in range(columns))
        found.append(_improved(start, heights, links))
    return min(found)[1]


def tops(arrangement: Arrangement, heights: Mapping[str, float]) -> dict[str, float]:
    """Return the upper edge of each box, in pixels; columns are centred beside the tallest."""
    tallest = max(_height(column, heights) for column in arrangement)
    found = {}
    for column in arrangement:
        y = (tallest - _height(column, heights)) / 2
        for name in column:
            found[name] = y
            y += heights[name] + GAP
    return found


def column_of(arrangement: Arrangement) -> dict[str, int]:
    """Return the column in which each box stands, from 0."""
    return {name: number for number, column in enumerate(arrangement) for name in column}


def _height(column: Sequence[str], heights: Mapping[str, float]) -> float:
    return sum(heights[name] for name in column) + GAP * max(len(column) - 1, 0)


def _improved(start: Arrangement, heights: Mapping[str, float], links: Sequence[Link]) -> tuple[float, Arrangement]:
    best = (_cost(start, heights, links), start)
    while True:
        better = min((_cost(each, heights, links), each) for each in (best[1], *_neighbours(best[1])))
        if better[0] >= best[0]:
            return best
        best = better


def _cost(arrangement: Arrangement, heights: Mapping[str, float], links: Sequence[Link]) -> float:
    y, column = tops(arrangement, heights), column_of(arrangement)
    cost = TALL * max(_height(each, heights) for each in arrangement)
    for link in links:
        cost += abs(y[link.source] + link.source_y - y[link.target] - link.target_y)
        distance = abs(column[link.source] - column[link.target])
        cost += FAR * max(distance - 1, 0)
        if distance == 0 and link.source != link.target:
            cost += SAME_COLUMN
    return cost


def _neighbours(arrangement: Arrangement) -> Iterator[Arrangement]:
    names = [name for column in arrangement for name in column]
    for name in names:
        without = [[each for each in column if each != name] for column in arrangement]
        for number, column in enumerate(without):
            for place in range(len(column) + 1):
                moved = [list(each) for each in without]
                moved[number].insert(place, name)
                yield tuple(map(tuple, moved))
    for one, other in combinations(names, 2):
        swap = {one: other, other: one}
        yield tuple(tuple(swap.get(name, name) for name in column) for column in arrangement)
