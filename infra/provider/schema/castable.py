"""Asks the server whether it can turn a column's old type into its new one: only it knows all casts."""

from typing import TYPE_CHECKING, Any

from infra.provider.schema.errors import CannotPlan
from infra.provider.schema.introspect import local_search_path
from infra.provider.schema.steps import Plan

if TYPE_CHECKING:
    import psycopg

ADVICE = "Add a column of the new type, fill it, and drop the old one in the next update."


def require_casts(connection: "psycopg.Connection[Any]", planned: Plan, schema: str, extensions: str) -> None:
    """Refuse a plan that changes a column to a type for which PostgreSQL has no cast. Reads no rows.

    To an enum or composite that the plan itself makes there is a cast from strings alone. Of any other type that is not
    known yet the proof, or PostgreSQL, has the word.

    Raises:
        CannotPlan: there is no cast; it names the column and both types.
    """
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

    retyped = [step for step in planned.steps if step.cast]
    if not retyped:
        return
    with local_search_path(connection, schema, extensions):
        for step in retyped:
            old, new = step.cast or ("", "")
            try:
                with connection.transaction(force_rollback=True):
                    connection.execute(f"PREPARE pgstack_cast AS SELECT NULL::{old}::{new}".encode())
                    connection.execute("DEALLOCATE pgstack_cast")
            except psycopg.errors.CannotCoerce as error:
                raise CannotPlan(step.object, error.diag.message_primary or str(error), ADVICE) from error
            except (psycopg.errors.UndefinedObject, psycopg.errors.InvalidSchemaName) as error:
                made = new in planned.desired.enums or new in planned.desired.composites
                if made and _is_string(connection, old) is False:
                    raise CannotPlan(step.object, f"cannot cast type {old} to {new}", ADVICE) from error


def _is_string(connection: "psycopg.Connection[Any]", name: str) -> bool | None:
    """Say whether a type is one of strings; None if there is none of that name."""
    row = connection.execute("SELECT typcategory = 'S' FROM pg_type WHERE oid = to_regtype(%s)", (name,)).fetchone()
    return None if row is None else bool(row[0])
