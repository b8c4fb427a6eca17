"""The boxes of the diagram: a table's name, and a row a column with its keys and its type."""

from dataclasses import dataclass

import drawsvg

from tools.database_docs.catalog import Column, Relation

ROW, HEADER = 20, 34
TITLE_SIZE, NAME_SIZE, TYPE_SIZE, BADGE_SIZE = 14, 12, 11, 9
CHARACTER = 0.6
"""Width of a character of a monospaced font, by its size; every text is held to it, whatever font is at hand."""
BADGE = 24
"""From one badge to the next, in pixels; a row has room for two."""
PADDING = 12
INK, PALE, RULE, HEAD, PAPER = "#1f2933", "#616e7c", "#e4e7eb", "#243b53", "#ffffff"
BADGES = {"PK": ("#b44d12", "primary key"), "FK": ("#0f609b", "foreign key"), "UQ": ("#3f7d20", "unique")}


@dataclass(frozen=True)
class Row:
    """A column, and the names of its badges."""

    column: Column
    badges: list[str]


@dataclass(frozen=True)
class Box:
    """A table in its place; distances in pixels."""

    table: Relation
    rows: list[Row]
    x: float
    y: float
    width: float

    @property
    def height(self) -> float:
        """The height, from the number of columns."""
        return box_height(len(self.rows))

    def port(self, column: str) -> float:
        """Return the height at which lines meet a column."""
        return self.y + port_height([row.column.name for row in self.rows].index(column))

    def draw(self, picture: drawsvg.Drawing) -> None:
        """Draw the box; comments of table and columns are shown where the mouse rests."""
        frame = drawsvg.Rectangle(
            self.x, self.y, self.width, self.height, rx=6, fill=PAPER, stroke=HEAD, stroke_width=1.2
        )
        frame.append_title(self.table.comment)
        picture.append(frame)
        head = drawsvg.Path(fill=HEAD).M(self.x, self.y + HEADER).v(6 - HEADER).q(0, -6, 6, -6)
        picture.append(head.h(self.width - 12).q(6, 0, 6, 6).v(HEADER - 6).Z())
        picture.append(
            label(self.table.name, TITLE_SIZE, self.x + PADDING, self.y + 22, fill=PAPER, font_weight="bold")
        )
        right = self.x + self.width - PADDING
        if self.table.partition_key:
            picture.append(label("partitioned", 10, right, self.y + 21, fill="#cbd2d9", text_anchor="end"))
        for number, row in enumerate(self.rows):
            middle = self.y + port_height(number)
            if number:
                rule = middle - ROW / 2
                picture.append(drawsvg.Line(self.x + 1, rule, self.x + self.width - 1, rule, stroke=RULE))
            self._draw_row(picture, row, middle)
            kind = short(row.column.type)
            picture.append(label(kind, TYPE_SIZE, right, middle + 4, fill=PALE, text_anchor="end"))

    def _draw_row(self, picture: drawsvg.Drawing, row: Row, middle: float) -> None:
        for place, badge in enumerate(row.badges):
            draw_badge(picture, badge, self.x + 8 + BADGE * place, middle)
        weight = "bold" if "PK" in row.badges else "normal"
        x = self.x + PADDING + 2 * BADGE
        name = label(row.column.name, NAME_SIZE, x, middle + 4, fill=INK, font_weight=weight)
        name.append_title(row.column.comment)
        picture.append(name)


def box_height(rows: int) -> float:
    """Return the height of a box with so many rows, in pixels."""
    return HEADER + ROW * rows + 6


def box_width(table: Relation, rows: list[Row]) -> float:
    """Return the width that a box needs, in pixels."""
    widths = [
        len(row.column.name) * NAME_SIZE * CHARACTER + len(short(row.column.type)) * TYPE_SIZE * CHARACTER
        for row in rows
    ]
    title = len(table.name) * TITLE_SIZE * CHARACTER + (90 if table.partition_key else 0)
    return float(round(2 * PADDING + max([2 * BADGE + 18 + max(widths, default=0), title])))


def port_height(row: int) -> float:
    """Return where lines meet a row, below the box's upper edge, in pixels."""
    return HEADER + ROW * row + ROW / 2 + 2


def short(kind: str) -> str:
    """Return a type's name as people write it."""
    return kind.replace("timestamp with time zone", "timestamptz").replace("double precision", "float8")


def label(words: str, size: float, x: float, y: float, **style: str) -> drawsvg.Text:
    """Return a text as wide as it was planned, in whatever font; `size` in pixels."""
    return drawsvg.Text(words, size, x, y, textLength=round(len(words) * size * CHARACTER, 1), **style)


def draw_badge(picture: drawsvg.Drawing, badge: str, x: float, middle: float) -> None:
    """Draw a badge, its left edge at `x`."""
    colour, _ = BADGES[badge]
    picture.append(drawsvg.Rectangle(x, middle - 7, BADGE - 3, 14, rx=3, fill=colour))
    picture.append(label(badge, BADGE_SIZE, x + (BADGE - 3) / 2, middle + 3, fill=PAPER, text_anchor="middle"))
