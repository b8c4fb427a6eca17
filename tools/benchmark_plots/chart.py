"""A bar for each row, one below the other: how much, or how long most take and how long the slowest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import drawsvg

WIDTH, EDGE, HEAD, ROW, BAR = 860, 24, 62, 26, 15
LABELS, VALUES = 370, 130
"""Room for what stands left and right of the bars, in pixels."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
PAPER, INK, QUIET, LINE = "#ffffff", "#243b53", "#627d98", "#d9e2ec"
OURS, THEIRS, OURS_PALE, THEIRS_PALE = "#0f609b", "#9fb3c8", "#a7cbe8", "#dde5ed"
TARGET = "#ba2525"


@dataclass(frozen=True)
class Bar:
    """A row: its label, its value, and beyond it that of the slowest, if there is one; `ours` stands out."""

    label: str
    value: float
    slowest: float | None = None
    ours: bool = False

    @property
    def end(self) -> float:
        """Return where it ends."""
        return self.value if self.slowest is None else self.slowest


@dataclass(frozen=True)
class Chart:
    """A picture: title, a line below it that says what is counted, bars, and the target, in the bars' unit."""

    title: str
    unit: str
    bars: Sequence[Bar]
    target: float | None = None
    logarithmic: bool = False

    def svg(self) -> str:
        """Return the picture; the same chart gives the same text."""
        height = HEAD + ROW * len(self.bars) + EDGE
        picture = drawsvg.Drawing(WIDTH, height, font_family=FONT)
        picture.append(drawsvg.Rectangle(0, 0, WIDTH, height, fill=PAPER))
        picture.append(drawsvg.Text(self.title, 15, EDGE, 28, fill=INK, font_weight="bold"))
        picture.append(drawsvg.Text(self.unit, 12, EDGE, 47, fill=QUIET))
        picture.append(drawsvg.Line(LABELS, HEAD - 4, LABELS, height - EDGE + 4, stroke=LINE))
        for place, bar in enumerate(self.bars):
            self._draw(picture, bar, HEAD + ROW * place)
        if self.target is not None:
            x = LABELS + self._length(self.target)
            picture.append(
                drawsvg.Line(x, HEAD - 4, x, height - EDGE + 4, stroke=TARGET, stroke_width=1.5, stroke_dasharray="4 3")
            )
            picture.append(drawsvg.Text("target", 11, x, height - 8, fill=TARGET, text_anchor="middle"))
        return str(picture.as_svg()) + "\n"

    def _draw(self, picture: drawsvg.Drawing, bar: Bar, top: float) -> None:
        strong, pale = (OURS, OURS_PALE) if bar.ours else (THEIRS, THEIRS_PALE)
        inner, outer, base = self._length(bar.value), self._length(bar.end), top + BAR - 3
        weight = {"font_weight": "bold"} if bar.ours else {}
        picture.append(drawsvg.Text(bar.label, 12, LABELS - 10, base, fill=INK, text_anchor="end", **weight))
        picture.append(drawsvg.Rectangle(LABELS, top, outer, BAR, fill=pale))
        picture.append(drawsvg.Rectangle(LABELS, top, inner, BAR, fill=strong))
        said = _said(bar.value) if bar.slowest is None else f"{_said(bar.value)} – {_said(bar.slowest)}"
        picture.append(drawsvg.Text(said, 12, LABELS + outer + 8, base, fill=INK, **weight))

    def _length(self, value: float) -> float:
        room = WIDTH - LABELS - VALUES
        values = [bar.end for bar in self.bars] + ([] if self.target is None else [self.target])
        if not self.logarithmic:
            return round(room * value / max(values), 1)
        least = min(bar.value for bar in self.bars) / 2
        return round(room * math.log(value / least) / math.log(max(values) / least), 1)


def _said(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.4g}"
