"""The proof of a schema resource's plan before it is applied, and the look at the live schema after it was."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from infra.embedded.cache import cache_root
from infra.plugin import UserError
from infra.provider.postgres.schema_inputs import SchemaInputs
from infra.provider.schema.desired import Desired
from infra.provider.schema.engine import Preview, read_catalog
from infra.provider.schema.proof import Proof, differences_left, prove
from infra.provider.schema.target import Target, live_target

if TYPE_CHECKING:
    import psycopg


def prove_plan(
    connection: "psycopg.Connection[Any]", inputs: SchemaInputs, wanted: Desired, preview: Preview
) -> Proof | None:
    """Run a plan on a copy of the live schema; one that was proven for the same two states is not proven again.

    Returns:
        What came of it; None for a plan of nothing, and for one that is refused anyway.

    Raises:
        SchemaError: the plan does not reach what the files describe.
    """
    if not preview.plan or preview.refused:
        return None
    if not inputs.proof:
        return Proof("target", 0, missing="the configuration says `proof: false`")
    target = _target(connection, inputs)
    return prove(target, preview.plan, wanted, preview.ours, cache_root() / "catalogs")


def require_reached(
    connection: "psycopg.Connection[Any]", inputs: SchemaInputs, wanted: Desired, preview: Preview
) -> None:
    """Compare the live schema with the files once more after an update, with pg_dump's eyes.

    Raises:
        UserError: they differ; the message says where.
    """
    if not preview.plan or wanted.dump is None or not inputs.proof:
        return
    target = _target(connection, inputs)
    live = read_catalog(connection, target.schema, target.extensions_schema, preview.current.others)
    if left := differences_left(target, wanted, live, preview.ours):
        listed = "\n".join(f"  - {item}" for item in left)
        raise UserError(f"the plan was applied, and pg_dump still finds differences from the files:\n{listed}")


def _target(connection: "psycopg.Connection[Any]", inputs: SchemaInputs) -> Target:
    return replace(live_target(connection, inputs.url, inputs.schema_name), scratch_url=inputs.scratch_url)
