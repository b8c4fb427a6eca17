"""docs/database.svg: tables as boxes, references as lines between their columns."""

from dataclasses import replace

import drawsvg

from tools.database_docs.boxes import (
    BADGE,
    BADGES,
    CHARACTER,
    PALE,
    PAPER,
    TYPE_SIZE,
    Box,
    Row,
    box_height,
    box_width,
    draw_badge,
    label,
    port_height,
)
from tools.database_docs.catalog import Catalog
from tools.database_docs.layout import Link, arrange, column_of, tops
from tools.database_docs.relations import Reference, references
from tools.database_docs.routes import LANE, MARGIN, Port, Trunk, gutter_width, order

COLUMNS = 3
EDGE, LEGEND = 28, 56
"""Around the whole, and for the legend below it, in pixels."""
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
FOREIGN, NAMED = "#0f609b", "#829ab1"


class Diagram:
    """The picture of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.links = references(catalog)
        self.tables = {table.name: table for table in catalog.tables}
        self.rows = {
            name: [Row(column, self._badges(name, column.name)) for column in catalog.columns_of(name)]
            for name in self.tables
        }
        self.heights = {name: box_height(len(rows)) for name, rows in self.rows.items()}
        self.arrangement = arrange(self.heights, [self._link(each) for each in self.links], COLUMNS)
        self.column = column_of(self.arrangement)
        self.gutters: list[dict[tuple[str, str, str], Trunk]] = [{} for _ in range(COLUMNS + 1)]
        self.boxes: dict[str, Box] = {}

    def svg(self) -> str:
        """Return the picture; the same catalog gives the same text."""
        upper = EDGE + LANE * (1 + sum(self._is_far(each) for each in self.links))
        y = tops(self.arrangement, self.heights)
        self.boxes = {name: Box(self.tables[name], rows, 0, upper + y[name], 0) for name, rows in self.rows.items()}
        for each in self.links:
            self._join(each)
        width = self._place()
        height = max((box.y + box.height for box in self.boxes.values()), default=0) + EDGE + LEGEND
        picture = drawsvg.Drawing(width, height, font_family=FONT)
        picture.append(drawsvg.Rectangle(0, 0, width, height, fill=PAPER))
        for each in self.links:
            self._draw_link(picture, each)
        for box in self.boxes.values():
            box.draw(picture)
        self._draw_legend(picture, height - LEGEND + 10)
        return str(picture.as_svg()) + "\n"

    def _badges(self, table: str, column: str) -> list[str]:
        found = ["PK"] if column in self.catalog.primary_key(table) else []
        if any(each.enforced and (each.table, each.column) == (table, column) for each in self.links):
            return [*found, "FK"]
        keys = [each.columns for each in self.catalog.constraints if each.owner == table and each.kind == "u"]
        return [*found, "UQ"] if [column] in keys else found

    def _link(self, each: Reference) -> Link:
        def height(table: str, column: str) -> float:
            return port_height([row.column.name for row in self.rows[table]].index(column))

        return Link(each.table, height(each.table, each.column), each.other, height(each.other, each.other_column))

    def _is_far(self, each: Reference) -> bool:
        return abs(self.column[each.table] - self.column[each.other]) > 1

    def _sides(self, each: Reference) -> tuple[int, int]:
        """Return the gutters in which the line leaves its source and meets its target: the same unless it is far."""
        source, target = self.column[each.table], self.column[each.other]
        if source < target:
            return source + 1, target
        if source > target:
            return source, target + 1
        outer = 0 if source == 0 else source + 1
        return outer, outer

    def _key(self, each: Reference) -> tuple[str, str, str]:
        return each.other, each.other_column, "" if each.enforced else "named"

    def _join(self, each: Reference) -> None:
        leaves, arrives = self._sides(each)
        source = Port(leaves == self.column[each.table] + 1, self.boxes[each.table].port(each.column))
        target = Port(arrives == self.column[each.other] + 1, self.boxes[each.other].port(each.other_column))
        trunk = self.gutters[leaves].setdefault(self._key(each), Trunk())
        trunk.ports.append(source)
        if leaves != arrives:
            self._over(trunk, each)
            trunk = self.gutters[arrives].setdefault(self._key(each), Trunk())
            self._over(trunk, each)
        trunk.ports.append(target)

    def _over(self, trunk: Trunk, each: Reference) -> None:
        trunk.ports.append(Port(from_left=True, y=self._channel(each)))

    def _channel(self, each: Reference) -> float:
        """Return the height, above all boxes, at which a far line crosses."""
        far = [other for other in self.links if self._is_far(other)]
        return float(EDGE / 2 + LANE * far.index(each))

    def _place(self) -> float:
        """Give columns their places from left to right; return the width of the picture."""
        self.lanes: list[dict[tuple[str, str, str], float]] = []
        x = float(EDGE)
        for number, gutter in enumerate(self.gutters):
            keys = list(gutter)
            places = order([gutter[key] for key in keys])
            self.lanes.append({keys[one]: x + MARGIN + LANE * place for place, one in enumerate(places)})
            inner = 0 < number < COLUMNS
            x += gutter_width(len(keys)) if keys or inner else 0
            if number < COLUMNS:
                x = self._place_column(number, x)
        return x + EDGE

    def _place_column(self, number: int, x: float) -> float:
        names = self.arrangement[number]
        width = max((box_width(self.tables[name], self.rows[name]) for name in names), default=0)
        for name in names:
            self.boxes[name] = replace(self.boxes[name], x=x, width=width)
        return x + width

    def _draw_link(self, picture: drawsvg.Drawing, each: Reference) -> None:
        leaves, arrives = self._sides(each)
        source, target = self.boxes[each.table], self.boxes[each.other]
        start_right, end_right = leaves == self.column[each.table] + 1, arrives == self.column[each.other] + 1
        x1, y1 = source.x + (source.width if start_right else 0), source.port(each.column)
        x2, y2 = target.x + (target.width if end_right else 0), target.port(each.other_column)
        lane1, lane2 = self.lanes[leaves][self._key(each)], self.lanes[arrives][self._key(each)]
        over = [] if leaves == arrives else [lane1, self._channel(each), lane2, self._channel(each)]
        style = {"stroke": FOREIGN if each.enforced else NAMED, "stroke_width": 1.4, "fill": "none"}
        dashes = {} if each.enforced else {"stroke_dasharray": "5 4"}
        line = drawsvg.Lines(
            x1, y1, lane1, y1, *over, lane2, y2, x2, y2, close=False, stroke_linejoin="round", **style, **dashes
        )
        line.append_title(f"{each.table}.{each.column} → {each.other}.{each.other_column}")
        picture.append(line)
        out, into = (1 if start_right else -1), (1 if end_right else -1)
        if not self._is_unique(each):
            for spread in (-5, 5):
                picture.append(drawsvg.Line(x1 + out * 11, y1, x1, y1 + spread, **style))
        else:
            picture.append(drawsvg.Line(x1 + out * 9, y1 - 5, x1 + out * 9, y1 + 5, **style))
        picture.append(drawsvg.Line(x2 + into * 9, y2 - 5, x2 + into * 9, y2 + 5, **style))

    def _is_unique(self, each: Reference) -> bool:
        return any(
            known.owner == each.table and known.kind in "pu" and known.columns == [each.column]
            for known in self.catalog.constraints
        )

    def _draw_legend(self, picture: drawsvg.Drawing, y: float) -> None:
        x = float(EDGE)
        drawn = {badge for rows in self.rows.values() for row in rows for badge in row.badges}
        for badge, (_, words) in BADGES.items():
            if badge in drawn:
                draw_badge(picture, badge, x, y + 12)
                picture.append(label(words, TYPE_SIZE, x + BADGE + 4, y + 16, fill=PALE))
                x += BADGE + 4 + len(words) * TYPE_SIZE * CHARACTER + 22
        for colour, dashes, words in (
            (FOREIGN, "none", "foreign key: many (fork) to one (bar)"),
            (NAMED, "5 4", "refers by name: the functions check it, no foreign key"),
        ):
            picture.append(
                drawsvg.Line(x, y + 12, x + 36, y + 12, stroke=colour, stroke_width=1.4, stroke_dasharray=dashes)
            )
            picture.append(label(words, TYPE_SIZE, x + 44, y + 16, fill=PALE))
            x += 44 + len(words) * TYPE_SIZE * CHARACTER + 22


def render(catalog: Catalog) -> str:
    """Return the diagram of a catalog, as the text of an SVG file."""
    return Diagram(catalog).svg()
