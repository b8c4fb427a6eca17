"""Which tables of docs/benchmarks.md become pictures, and what of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from tools.benchmark_plots.chart import Bar, Chart
from tools.benchmark_plots.tables import Row, Table, number, tables

OURS = ("agent-ecosystem", "this database", "this job", "this engine", "heartbeat()", "log_messages()")
"""How the rows of this project's own begin."""


class TableMissingError(Exception):
    """docs/benchmarks.md has no such table, or it lacks a number that a picture is made of."""


@dataclass(frozen=True)
class Plot:
    """A picture of a table: the column of its bars, and that of the slowest; `target` is a share of the first bar's."""

    title: str
    table: str
    unit: str
    column: str
    slowest: str = ""
    target: float | None = None
    logarithmic: bool = False
    all_ours: bool = False

    def chart(self, found: Mapping[str, Table]) -> Chart:
        """Return the picture, from the tables of the document.

        Raises:
            TableMissingError: there is no such table, or one of its rows has no such number.
        """
        if self.table not in found:
            raise TableMissingError(f"there is no table {self.table!r}: of those there are {', '.join(found)}")
        bars = [self._bar(row) for row in found[self.table].rows]
        target = None if self.target is None else self.target * bars[0].value
        return Chart(self.title, self.unit, bars, target, self.logarithmic)

    def _bar(self, row: Row) -> Bar:
        label = row[self.table]
        try:
            slowest = number(row[self.slowest]) if self.slowest else None
            return Bar(label, number(row[self.column]), slowest, self.all_ours or label.startswith(OURS))
        except (KeyError, ValueError) as error:
            raise TableMissingError(f"table {self.table!r}, row {label!r}: {error}") from error


PREVIEW = "no-op pulumi preview, 9 rounds in turns"
PLOTS = {
    "preview": Plot("A preview without changes", PREVIEW, "median seconds, less is better", "median s", target=1.5),
    "backup": Plot(
        "Backup of 5 GB", "Backup of a database of 5.0 GB",
        "median seconds, less is better; ours with the proof", "median s"
    ),
    "restore": Plot(
        "Restore of 5 GB", "Restore of the same 5.0 GB", "median seconds, less is better", "median s", target=1.1
    ),
    "queue-batches": Plot(
        "Tasks in batches of 50, 8 workers", "Queue, 8 workers, batches of 50", "median tasks a second, more is better",
        "median tasks/s",
    ),
    "queue-batches-cpu": Plot(
        "What a task costs the server, in batches of 50", "Queue, 8 workers, batches of 50",
        "microseconds of processor time a task, less is better", "server CPU, us each", target=1.5,
    ),
    "queue-single": Plot(
        "Tasks one by one, 8 workers", "Queue, 8 workers, one by one", "median tasks a second, more is better",
        "median tasks/s",
    ),
    "pickup": Plot(
        "How soon an idle worker has a task", "Pickup by an idle worker, 60 each round",
        "milliseconds, p50 – p99, less is better", "p50 ms", "p99 ms", logarithmic=True,
    ),
    "search": Plot(
        "Search among 50,000 agents, clustered vectors", "200 searches by",
        "milliseconds, p50 – p99, less is better, logarithmic", "p50 ms", "p99 ms", logarithmic=True, all_ours=True,
    ),
}  # fmt: skip
"""The pictures by the names of their files."""


def render(document: str) -> dict[str, str]:
    """Return each picture's SVG by its name, from the text of docs/benchmarks.md."""
    found = tables(document)
    return {name: plot.chart(found).svg() for name, plot in PLOTS.items()}
