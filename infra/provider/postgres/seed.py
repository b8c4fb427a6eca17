"""pgstack:postgres:Seed, rows of one table kept as data: a diff a row, and only the rows that are its own."""

from collections.abc import Mapping

from pydantic import Field
from typing_extensions import override

from infra.plugin import CheckError, Context, Diff, Inputs, Resource, UserError, compare, has_unknown, same
from infra.plugin.resource import State
from infra.provider.postgres.database import connected
from infra.provider.postgres.rows import Rows
from infra.provider.postgres.seed_file import Row, SeedFile, SeedFileError


class SeedInputs(Inputs):
    """Inputs of a seed; Check reads `file` into `table`, `key` and `rows` (by natural key)."""

    url: str
    schema_name: str
    file: str
    table: str = ""
    key: list[str] = Field(default_factory=list)
    rows: dict[str, Row] = Field(default_factory=dict)


class Seed(Resource[SeedInputs]):
    """Rows of one table, found by their natural key; columns a row does not name belong to the database's users."""

    token = "pgstack:postgres:Seed"  # noqa: S105
    inputs_type = SeedInputs
    replace_on = frozenset({"schemaName", "table", "key"})
    secrets = frozenset({"url"})
    importable = False

    @override
    def check(self, context: Context, inputs: State, old_inputs: State) -> State:
        if has_unknown(inputs["file"]):
            return inputs
        try:
            seed = SeedFile.read(inputs["file"])
        except SeedFileError as error:
            raise CheckError([("file", str(error))]) from error
        return {**inputs, "table": seed.table, "key": seed.key, "rows": seed.by_name()}

    @override
    def diff(self, context: Context, resource_id: str, old: State, old_inputs: State, new: State) -> Diff:
        # Deleted after its replacement was made, the old one would take rows along that both of them name.
        return Diff(compare(old_inputs, new, replace_on=self.replace_on), delete_first=True)

    @override
    def create(self, context: Context, inputs: SeedInputs) -> tuple[str, State]:
        return context.name, self._apply(inputs, {}, {})

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: SeedInputs) -> State:
        before: Mapping[str, Row] = old.get("rows") or {}
        # At another address may be another database, which holds none of the rows yet.
        return self._apply(inputs, before, before if old.get("url") == inputs.url else {})

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State] | None:
        if has_unknown(inputs):
            return inputs, state
        known = SeedInputs.model_validate(inputs)
        with connected(known.url, known.schema_name) as connection:
            table = Rows.of(connection, known.table, known.key)
            if table is None:
                return None
            live = {name: table.find(row) for name, row in known.rows.items()}
        rows = {name: row for name, row in live.items() if row is not None}
        return {**inputs, "rows": rows}, {**state, "rows": rows}

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        inputs = SeedInputs.model_validate(state)
        with connected(inputs.url, inputs.schema_name) as connection:
            table = Rows.of(connection, inputs.table, inputs.key)
            for name, row in inputs.rows.items() if table else ():
                if table and not table.remove(row):
                    context.log("warning", f"{inputs.table} {name} stays: other rows refer to it")

    def _apply(self, inputs: SeedInputs, before: Mapping[str, Row], in_place: Mapping[str, Row]) -> State:
        """Make the rows so: `before` were ours, those `in_place` need no look."""
        with connected(inputs.url, inputs.schema_name) as connection:
            table = Rows.of(connection, inputs.table, inputs.key)
            if table is None:
                raise UserError(f"{inputs.file}: there is no table {inputs.table} in schema {inputs.schema_name}")
            for name, row in inputs.rows.items():
                if not same(row, in_place.get(name)):
                    self._put(table, inputs, name, row)
            for name, row in before.items():
                if name not in inputs.rows and not table.remove(row):
                    raise UserError(
                        f"{inputs.file}: {inputs.table} {name} was taken out of the file, but other rows still refer "
                        "to it: remove those first, or put it back"
                    )
        return inputs.model_dump(by_alias=True)

    def _put(self, table: Rows, inputs: SeedInputs, name: str, row: Row) -> None:
        if unknown := [column for column in row if column not in table.columns]:
            raise UserError(
                f"{inputs.file}: {name}: {inputs.table} has no column {', '.join(unknown)}; it has "
                f"{', '.join(table.columns)}"
            )
        try:
            table.put(row)
        except UserError as error:
            raise UserError(f"{inputs.file}: {inputs.table} {name}: {error}") from error
