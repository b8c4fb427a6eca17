"""Steps and what must come before what, open to change: one plain statement becomes several gentle ones."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from infra.provider.schema.model import ObjectId
from infra.provider.schema.steps import Step


class Graph:
    """The steps of a plan by number, with who comes before whom.

    Args:
        steps: in an order that works.
        edges: pairs of positions in `steps`; one that points backwards is part of a ring and left out.
    """

    def __init__(self, steps: Sequence[Step], edges: Iterable[tuple[int, int]]) -> None:
        self.steps = dict(enumerate(steps))
        self.places = {number: (number, 0) for number in self.steps}
        self.before: dict[int, set[int]] = {number: set() for number in self.steps}
        self.after: dict[int, set[int]] = {number: set() for number in self.steps}
        self._numbers: dict[tuple[ObjectId, str], list[int]] = defaultdict(list)
        for number, step in self.steps.items():
            self._numbers[step.object, step.operation].append(number)
        for first, second in edges:
            if first < second:
                self.connect(first, second)

    def connect(self, first: int, second: int) -> None:
        """Let `first` come before `second`."""
        self.after[first].add(second)
        self.before[second].add(first)

    def disconnect(self, first: int, second: int) -> None:
        """Forget that `first` comes before `second`."""
        self.after[first].discard(second)
        self.before[second].discard(first)

    def add(self, step: Step, place: tuple[int, int]) -> int:
        """Add a step without neighbours; `place` sorts it among others that nothing else puts in order."""
        number = len(self.places)
        self.steps[number], self.places[number] = step, place
        self.before[number], self.after[number] = set(), set()
        self._numbers[step.object, step.operation].append(number)
        return number

    def remove(self, number: int) -> None:
        """Remove a step, and with it what it put in order."""
        self.isolate(number)
        del self.steps[number]

    def isolate(self, number: int) -> None:
        """Cut every connection of a step."""
        for first in [*self.before[number]]:
            self.disconnect(first, number)
        for second in [*self.after[number]]:
            self.disconnect(number, second)

    def substitute(self, number: int, chain: Sequence[Step], done_by: int = -1) -> list[int]:
        """Put a chain of steps in the place of one, and return their numbers.

        Args:
            number: the step that goes.
            chain: what comes instead, in this order.
            done_by: the member that whoever waited for `number` waits for.
        """
        before, after = [*self.before[number]], [*self.after[number]]
        place = self.places[number][0]
        self.remove(number)
        numbers = [self.add(step, (place, part)) for part, step in enumerate(chain)]
        for first in before:
            self.connect(first, numbers[0])
        for first, second in pairwise(numbers):
            self.connect(first, second)
        for second in after:
            self.connect(numbers[done_by], second)
        return numbers

    def continue_with(self, other: "Graph") -> None:
        """Let all steps of `other` come after all that are here."""
        here, start = [*self.steps], len(self.places)
        numbers = {}
        for number, step in other.steps.items():
            place, part = other.places[number]
            numbers[number] = self.add(step, (start + place, part))
        for number, new in numbers.items():
            for first in [*here, *(numbers[before] for before in other.before[number])]:
                self.connect(first, new)

    def let_pass(self, first: int, last: int) -> None:
        """Let no one wait for the chain from `first` to `last`, but for what came before it."""
        for follower in [*self.after[last]]:
            self.disconnect(last, follower)
            for one in self.before[first]:
                self.connect(one, follower)

    def following(self, number: int) -> set[int]:
        """Return every step that can only come after `number`."""
        return _reach(self.after, number)

    def preceding(self, number: int) -> set[int]:
        """Return every step that can only come before `number`."""
        return _reach(self.before, number)

    def find(self, item: ObjectId, operation: str) -> int | None:
        """Return the number of the last step that creates, updates or deletes `item`."""
        numbers = self._numbers.get((item, operation), ())
        return next((number for number in reversed(numbers) if number in self.steps), None)


def _reach(neighbours: dict[int, set[int]], start: int) -> set[int]:
    found: set[int] = set()
    waiting = [start]
    while waiting:
        for number in neighbours[waiting.pop()] - found:
            found.add(number)
            waiting.append(number)
    return found
