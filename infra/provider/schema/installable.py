"""Asks the server, before a plan runs there, whether it has the extensions of the plan and lets this role have them."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from infra.provider.schema.errors import CannotPlan
from infra.provider.schema.identifiers import quote
from infra.provider.schema.introspect import query
from infra.provider.schema.model import MANAGED, Catalog, Extension, ObjectId
from infra.provider.schema.steps import Plan

if TYPE_CHECKING:
    import psycopg

Facts = Mapping[str, Any]
Problem = tuple[str, str]
"""What is in the way, and what to do about it."""


def require_installable(connection: "psycopg.Connection[Any]", planned: Plan) -> None:
    """Refuse a plan with an extension that the server has not got, or that this role can not have made.

    Args:
        connection: to the live database, as the role that will apply the plan.
        planned: the plan; one without extensions asks nothing.

    Raises:
        CannotPlan: it names the extension, what is in the way, and what to do.
    """
    from psycopg.rows import dict_row  # noqa: PLC0415 - the driver is loaded only where it is used

    for name, old, new in _touched(planned.current, planned.desired):
        made = new.schema == MANAGED or new.schema in planned.desired.schemas
        asked = {"name": name, "version": new.version, "schema": None if made else new.schema}
        facts = connection.cursor(row_factory=dict_row).execute(query("installable"), asked).fetchone() or {}
        problems = _making(name, new, facts) if old is None else _changing(old, new, facts)
        for reason, advice in problems:
            raise CannotPlan(ObjectId("extension", name), reason, f"{advice}.")


def _touched(current: Catalog, desired: Catalog) -> Iterator[tuple[str, Extension | None, Extension]]:
    for name, new in desired.extensions.items():
        old = current.extensions.get(name)
        if old is None or (old.schema, old.version) != (new.schema, new.version):
            yield name, old, new


def _making(name: str, new: Extension, facts: Facts) -> Iterator[Problem]:
    statement = f"CREATE EXTENSION {quote(name)}"
    if facts["installed"] is not None:
        yield (
            f"it is there already and belongs to {facts['owner']}, as which {facts['role']} may not act",
            f"Take {statement} out of the files: they can use what is there",
        )
    if not facts["available"]:
        yield (
            "the server has not got it",
            "Install its package where the server runs, or switch it on in your host's list of extensions",
        )
    if new.version and new.version not in facts["versions"]:
        yield f"the server has it in {_listed(facts)}, not in {new.version}", "Name one of these, or none"
    if not facts["homed"]:
        yield f"its schema {new.schema} does not exist", f"Make it: CREATE SCHEMA {quote(new.schema or '')}"
    if not facts["privileged"] and not facts["trusted"]:
        yield (
            f"only a superuser may create it, which {facts['role']} is not",
            f"Let one do so in database {facts['database']}: {statement}; files may name it then",
        )
    if not facts["privileged"] and not facts["may_create"]:
        grant = f"GRANT CREATE ON DATABASE {quote(facts['database'])} TO {quote(facts['role'])}"
        yield f"{facts['role']} may not create extensions in database {facts['database']}", f"Let it: {grant}"


def _changing(old: Extension, new: Extension, facts: Facts) -> Iterator[Problem]:
    if old.schema != new.schema and not facts["relocatable"]:
        yield (
            "its author has not allowed for it to move to another schema",
            "Leave it where it is, or drop it in one update and create it in the next",
        )
    if old.schema != new.schema and not facts["owns_parts"]:
        yield (
            f"it is to move to another schema, and its parts are not {facts['role']}'s: a superuser made them for it",
            "Let a superuser do it, ALTER EXTENSION … SET SCHEMA, or leave it where it is",
        )
    if old.schema != new.schema and not facts["homed"]:
        yield f"its schema {new.schema} does not exist", f"Make it: CREATE SCHEMA {quote(new.schema or '')}"
    if new.version and new.version != facts["installed"] and not facts["reachable"]:
        yield (
            f"there is no way from version {facts['installed']} to {new.version}; the server has {_listed(facts)}",
            "Name a version that it leads to, which the function pg_extension_update_paths shows",
        )


def _listed(facts: Facts) -> str:
    return ", ".join(facts["versions"])
