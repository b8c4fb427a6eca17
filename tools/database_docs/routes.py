"""How the lines of a diagram run: through the gutters between its columns, never over a box."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import permutations

LANE = 14
"""Between two vertical lines of a gutter, in pixels."""
MARGIN = 26
"""Between a box and the first vertical line: what the marks at the ends of a line take."""
FEW = 6
"""Up to so many lanes, every order is tried."""


@dataclass(frozen=True)
class Port:
    """An end of a line: on the left or right side of the gutter's column edge, at a height in pixels."""

    from_left: bool
    y: float


@dataclass
class Trunk:
    """A vertical line of a gutter and what joins it: lines to one target share it."""

    ports: list[Port] = field(default_factory=list)

    def spans(self, y: float) -> bool:
        """Say whether the vertical line passes a height."""
        heights = [port.y for port in self.ports]
        return min(heights) <= y <= max(heights)


def gutter_width(lanes: int) -> float:
    """Return how wide a gutter with so many vertical lines is, in pixels."""
    return 2 * MARGIN + LANE * max(lanes - 1, 0)


def order(trunks: Sequence[Trunk]) -> list[int]:
    """Return the trunks' numbers from left to right, so that few lines cross; of equal orders the first."""
    numbers = range(len(trunks))
    if len(trunks) > FEW:
        return sorted(numbers, key=lambda number: (-min(port.y for port in trunks[number].ports), number))
    return list(min(permutations(numbers), key=lambda each: _crossings([trunks[number] for number in each])))


def _crossings(trunks: Sequence[Trunk]) -> int:
    """Count where a line on its way to its trunk crosses another trunk."""
    crossings = 0
    for place, trunk in enumerate(trunks):
        for port in trunk.ports:
            passed = trunks[:place] if port.from_left else trunks[place + 1 :]
            crossings += sum(other.spans(port.y) for other in passed)
    return crossings
