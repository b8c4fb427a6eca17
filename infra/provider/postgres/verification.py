"""pgstack:postgres:Verification, the checks of sql/verify: run after every change, a failing one fails the update."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from infra.plugin import CheckError, Context, Inputs, Resource, UserError, has_unknown
from infra.plugin.resource import State
from infra.provider.postgres.database import address, connected, one_line

if TYPE_CHECKING:
    import psycopg


class VerificationInputs(Inputs):
    """Inputs of a verification. `triggers` changes when what is verified has changed; `checks` is filled by Check."""

    url: str
    schema_name: str
    directory: str
    triggers: dict[str, str]
    checks: dict[str, str] | None = None


class Verification(Resource[VerificationInputs]):
    """Runs every *.sql of a folder, in the order of their names, each returning rows of (ok boolean, message text).

    Its output `report` is the list of messages.
    """

    token = "pgstack:postgres:Verification"  # noqa: S105
    inputs_type = VerificationInputs
    secrets = frozenset({"url"})
    computed = ("report",)
    importable = False

    @override
    def check(self, context: Context, inputs: State, old_inputs: State) -> State:
        if has_unknown(inputs["directory"]):
            return inputs
        files = sorted(Path(inputs["directory"]).glob("*.sql"))
        if not files:
            raise CheckError([("directory", f"{inputs['directory']} holds no *.sql file")])
        checks = {file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in files}
        return {**inputs, "checks": checks}

    @override
    def preview_update(self, context: Context, old: State, old_inputs: State, new: State) -> State:
        return self.preview_create(context, new)

    @override
    def create(self, context: Context, inputs: VerificationInputs) -> tuple[str, State]:
        return context.name, self._run(inputs)

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: VerificationInputs) -> State:
        return self._run(inputs)

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State]:
        return inputs, state

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        return None

    def _run(self, inputs: VerificationInputs) -> State:
        rows = verify(inputs.url, inputs.schema_name, Path(inputs.directory))
        failures = [f"{name}: {message}" for name, ok, message in rows if not ok]
        if failures:
            raise UserError(f"{address(inputs.url)} does not pass:\n  " + "\n  ".join(failures))
        return {**inputs.model_dump(by_alias=True), "report": [message for _, _, message in rows]}


def verify(url: str, schema: str, directory: Path) -> list[tuple[str, bool, str]]:
    """Run the checks and return (file name, ok, message) for every row they give, in one read-only snapshot.

    Raises:
        UserError: the database can not be reached, or a check is no query of that form.
    """
    import psycopg  # noqa: PLC0415

    found: list[tuple[str, bool, str]] = []
    with connected(url, schema) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        _name_what_is_ours(connection, schema)
        for file in sorted(directory.glob("*.sql")):
            try:
                # Prepared, for then it is one statement: a second one could end the read-only transaction.
                cursor = connection.execute(file.read_bytes(), prepare=True)
                rows = cursor.fetchall() if cursor.description else []
            except psycopg.Error as error:
                raise UserError(f"{file}: {one_line(error)}") from error
            if not rows or not all(_is_answer(row) for row in rows):
                raise UserError(f"{file}: a check returns rows of (ok boolean, message text), and at least one")
            found += [(file.name, row["ok"], row["message"]) for row in rows]
    return found


def _name_what_is_ours(connection: "psycopg.Connection[dict[str, Any]]", schema: str) -> None:
    """Set pgstack.managed to the ledger's objects, one a line, `table agent_registry`: others may live beside them."""
    found = connection.execute("SELECT to_regclass('pgstack.managed_object') IS NOT NULL AS ledger").fetchone()
    if found and found["ledger"]:
        connection.execute(
            r"SELECT set_config('pgstack.managed', string_agg(kind || ' ' || name, E'\n'), TRUE)"
            " FROM pgstack.managed_object WHERE schema_name = %s HAVING count(*) > 0",
            (schema,),
        )


def _is_answer(row: Mapping[str, Any]) -> bool:
    return isinstance(row.get("ok"), bool) and isinstance(row.get("message"), str)
