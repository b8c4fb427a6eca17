"""Rows of one table, found by a natural key, written and read as JSON.

PostgreSQL itself turns JSON into the columns' types and back: arrays, enums, times, ranges, jsonb and whatever else a
column may have, with the error it would give for an INSERT.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.plugin import UserError, same
from infra.provider.postgres.database import one_line

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rows:
    """The table `name` seen through `connection`; `key` are columns with a unique constraint, `columns` all by type."""

    connection: "psycopg.Connection[dict[str, Any]]"
    name: str
    key: list[str]
    columns: dict[str, str]

    @classmethod
    def of(cls, connection: "psycopg.Connection[dict[str, Any]]", name: str, key: list[str]) -> "Rows | None":
        """Return the table `name` of the search path, None when there is none.

        Raises:
            UserError: it has no such key.
        """
        columns = connection.execute(
            "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute"
            " WHERE attrelid = to_regclass(quote_ident(%s)) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [name],
        )
        types = {row["attname"]: row["type"] for row in columns}
        if types and (missing := [column for column in key if column not in types]):
            raise UserError(
                f"{name} has no column {', '.join(missing)}, which the key names; it has {', '.join(types)}"
            )
        return cls(connection, name, key, types) if types else None

    def put(self, row: Row) -> None:
        """Insert the row, or give the one with its key the values of `row`.

        Raises:
            UserError: PostgreSQL refuses it.
        """
        import psycopg  # noqa: PLC0415
        from psycopg import sql  # noqa: PLC0415

        rest = [column for column in row if column not in self.key]
        update = sql.SQL(", ").join(sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(column)) for column in rest)
        statement = sql.SQL(
            "INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_to_record(%s) AS wanted ({types})"
            " ON CONFLICT ({key}) DO {action}"
        ).format(
            table=sql.Identifier(self.name),
            columns=_list(row),
            types=self._types(row),
            key=_list(self.key),
            action=sql.SQL("UPDATE SET {}").format(update) if rest else sql.SQL("NOTHING"),
        )
        try:
            with self.connection.transaction():
                self.connection.execute(statement, [json.dumps(row)])
        except psycopg.Error as error:
            raise UserError(one_line(error)) from error

    def find(self, row: Row) -> dict[str, Any] | None:
        """Return the row as it is now, None when it is gone; what is equal to PostgreSQL stays as it was written."""
        from psycopg import sql  # noqa: PLC0415

        columns = [column for column in row if column in self.columns]
        query = sql.SQL(
            "SELECT to_jsonb(live.*) AS live, to_jsonb(wanted.*) AS wanted"
            " FROM {table} AS live, jsonb_to_record(%s) AS wanted ({types}) WHERE {same_key}"
        ).format(table=sql.Identifier(self.name), types=self._types(columns), same_key=self._same_key())
        found = self.connection.execute(query, [json.dumps(row)]).fetchone()
        if found is None:
            return None
        live, wanted = found["live"], found["wanted"]
        return {column: row[column] if same(live[column], wanted[column]) else live[column] for column in columns}

    def remove(self, row: Row) -> bool:
        """Delete the row; False when a foreign key holds it."""
        import psycopg  # noqa: PLC0415
        from psycopg import sql  # noqa: PLC0415

        statement = sql.SQL(
            "DELETE FROM {table} AS live USING jsonb_to_record(%s) AS wanted ({types}) WHERE {same_key}"
        ).format(table=sql.Identifier(self.name), types=self._types(self.key), same_key=self._same_key())
        try:
            with self.connection.transaction():
                self.connection.execute(statement, [json.dumps(row)])
        except psycopg.errors.ForeignKeyViolation:
            return False
        return True

    def _types(self, columns: Iterable[str]) -> "sql.Composed":
        from psycopg import sql  # noqa: PLC0415

        return sql.SQL(", ").join(
            sql.Identifier(column) + sql.SQL(" " + self.columns[column])  # the catalog's own words
            for column in columns
        )

    def _same_key(self) -> "sql.Composed":
        from psycopg import sql  # noqa: PLC0415

        return sql.SQL(" AND ").join(
            sql.SQL("live.{0} = wanted.{0}").format(sql.Identifier(column)) for column in self.key
        )


def _list(columns: Iterable[str]) -> "sql.Composed":
    from psycopg import sql  # noqa: PLC0415

    return sql.SQL(", ").join(map(sql.Identifier, columns))
