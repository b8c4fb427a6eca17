"""pgstack:postgres:Seed, rows of one table kept as data: a diff a row, and only the rows that are its own."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import override

from infra.plugin import CheckError, Context, Inputs, Resource, UserError, has_unknown
from infra.plugin.resource import State
from infra.provider.postgres.database import connected

Row = dict[str, Any]


class SeedFile(BaseModel):
    """A file of sql/seeds: the table, the columns of its natural key, and the rows."""

    model_config = ConfigDict(extra="forbid")
    table: str
    key: list[str]
    rows: list[Row]


class SeedInputs(Inputs):
    """Inputs of a seed; Check reads `file` into `table`, `key` and `rows` (by natural key)."""

    url: str
    schema_name: str
    file: str
    table: str | None = None
    key: list[str] | None = None
    rows: dict[str, Row] | None = None


class Seed(Resource[SeedInputs]):
    """Rows of one table, found by their natural key; columns a row does not name belong to the database's users."""

    token = "pgstack:postgres:Seed"  # noqa: S105
    inputs_type = SeedInputs
    replace_on = frozenset({"table", "key"})
    secrets = frozenset({"url"})

    @override
    def check(self, context: Context, inputs: State, old_inputs: State) -> State:
        seed = _parse(inputs["file"])
        rows: dict[str, Row] = {}
        for number, row in enumerate(seed.rows, 1):
            missing = [column for column in seed.key if row.get(column) is None]
            if missing:
                raise CheckError([("file", f"{inputs['file']}: row {number} has no {', '.join(missing)}")])
            name = " ".join(str(row[column]) for column in seed.key)
            if name in rows:
                raise CheckError([("file", f"{inputs['file']}: {name} stands there twice")])
            rows[name] = row
        return {**inputs, "table": seed.table, "key": seed.key, "rows": rows}

    @override
    def create(self, context: Context, inputs: SeedInputs) -> tuple[str, State]:
        return context.name, self._apply(inputs, {})

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: SeedInputs) -> State:
        return self._apply(inputs, old.get("rows") or {})

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State] | None:
        if has_unknown(inputs) or not inputs.get("rows"):
            return inputs, state
        known = SeedInputs.model_validate(inputs)
        with connected(known.url, known.schema_name) as connection:
            if not _table_exists(connection, known.table or ""):
                return None
            live = {name: _select(connection, known, row) for name, row in (known.rows or {}).items()}
        rows = {name: row for name, row in live.items() if row is not None}
        return {**inputs, "rows": rows}, {**state, "rows": rows}

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        inputs = SeedInputs.model_validate(state)
        with connected(inputs.url, inputs.schema_name) as connection:
            if not _table_exists(connection, inputs.table or ""):
                return
            for name, row in (inputs.rows or {}).items():
                if not _delete(connection, inputs, row):
                    context.log("warning", f"{inputs.table} {name} stays: other rows refer to it")

    def _apply(self, inputs: SeedInputs, old_rows: Mapping[str, Row]) -> State:
        rows = inputs.rows or {}
        with connected(inputs.url, inputs.schema_name) as connection:
            types = _column_types(connection, inputs.table or "")
            for name, row in rows.items():
                if row != old_rows.get(name):
                    _upsert(connection, inputs, name, row, types)
            for name, row in old_rows.items():
                if name not in rows and not _delete(connection, inputs, row):
                    raise UserError(
                        f"{inputs.file}: {inputs.table} {name} was taken out of the file, but other rows still refer "
                        "to it: remove those first, or put it back"
                    )
        return inputs.model_dump(by_alias=True)


def _parse(file: str) -> SeedFile:
    try:
        return SeedFile.model_validate(yaml.safe_load(Path(file).read_text()))
    except OSError as error:
        raise CheckError([("file", f"{file}: {error.strerror}")]) from error
    except yaml.YAMLError as error:
        raise CheckError([("file", f"{file}: {error}")]) from error
    except ValidationError as error:
        where = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise CheckError([("file", f"{file}: {where}")]) from error


def _column_types(connection: Any, table: str) -> dict[str, str]:
    rows = connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute"
        " WHERE attrelid = to_regclass(quote_ident(%s)) AND attnum > 0 AND NOT attisdropped",
        [table],
    )
    return {row["attname"]: row["type"] for row in rows}


def _table_exists(connection: Any, table: str) -> bool:
    row = connection.execute("SELECT to_regclass(quote_ident(%s)) IS NOT NULL AS found", [table]).fetchone()
    return bool(row["found"])


def _upsert(connection: Any, inputs: SeedInputs, name: str, row: Row, types: Mapping[str, str]) -> None:
    import psycopg  # noqa: PLC0415
    from psycopg import sql  # noqa: PLC0415

    unknown = [column for column in row if column not in types]
    if unknown:
        raise UserError(
            f"{inputs.file}: {name}: {inputs.table} has no column {', '.join(unknown)}; it has {', '.join(types)}"
        )
    columns = list(row)
    key = inputs.key or []
    rest = [column for column in columns if column not in key]
    action = sql.SQL("DO UPDATE SET {}").format(
        sql.SQL(", ").join(sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(column)) for column in rest)
    )
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) {}").format(
        sql.Identifier(inputs.table or ""),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(sql.SQL("%s::" + types[column]) for column in columns),  # types come from the catalog
        sql.SQL(", ").join(map(sql.Identifier, key)),
        action if rest else sql.SQL("DO NOTHING"),
    )
    try:
        connection.execute(statement, [_parameter(row[column], types[column]) for column in columns])
    except psycopg.Error as error:
        raise UserError(f"{inputs.file}: {inputs.table} {name}: {error}") from error


def _parameter(value: Any, type_name: str) -> Any:
    if type_name in {"json", "jsonb"}:
        return None if value is None else json.dumps(value)
    return value


def _key_condition(inputs: SeedInputs, row: Row) -> tuple[Any, Sequence[Any]]:
    from psycopg import sql  # noqa: PLC0415

    key = inputs.key or []
    terms = (sql.SQL("{}::text = %s").format(sql.Identifier(column)) for column in key)
    return sql.SQL(" AND ").join(terms), [str(row[column]) for column in key]


def _select(connection: Any, inputs: SeedInputs, row: Row) -> Row | None:
    from psycopg import sql  # noqa: PLC0415

    condition, parameters = _key_condition(inputs, row)
    columns = sql.SQL(", ").join(sql.SQL("to_jsonb({0}) AS {0}").format(sql.Identifier(column)) for column in row)
    query = sql.SQL("SELECT {} FROM {} WHERE {}").format(columns, sql.Identifier(inputs.table or ""), condition)
    found: Row | None = connection.execute(query, parameters).fetchone()
    return found


def _delete(connection: Any, inputs: SeedInputs, row: Row) -> bool:
    """Delete the row; False when a foreign key holds it."""
    import psycopg  # noqa: PLC0415
    from psycopg import sql  # noqa: PLC0415

    condition, parameters = _key_condition(inputs, row)
    query = sql.SQL("DELETE FROM {} WHERE {}").format(sql.Identifier(inputs.table or ""), condition)
    try:
        with connection.transaction():
            connection.execute(query, parameters)
    except psycopg.errors.ForeignKeyViolation:
        return False
    return True
