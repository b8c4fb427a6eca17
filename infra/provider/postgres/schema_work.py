"""The schema engine at work for a schema resource: imported once there is something to do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from shlex import quote
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.plugin import CheckError, Context, PartlyDoneError, UserError
from infra.provider.postgres.database import Unreachable, address, opened
from infra.provider.postgres.schema_backup import back_up_before_loss, loses
from infra.provider.postgres.schema_inputs import CATALOG, SchemaInputs, desired, objects, outputs, stored
from infra.provider.postgres.schema_proof import prove_plan, require_reached
from infra.provider.postgres.schema_texts import restored
from infra.provider.postgres.schema_views import TYPE_PREFIX
from infra.provider.schema.desired import Desired
from infra.provider.schema.engine import (
    Catalog,
    Hazard,
    PartlyApplied,
    Plan,
    Preview,
    Progress,
    SchemaError,
    apply_changes,
    drop_all,
    fingerprint,
    managed_live,
    preview_changes,
    read_ledger,
)

if TYPE_CHECKING:
    import psycopg


class Live(NamedTuple):
    """What is ours in the live schema, its fingerprint, and the server's version number."""

    catalog: Catalog
    fingerprint: str
    server_version: int


Views = Mapping[tuple[str, str], Mapping[str, Any]]


def catalog(properties: Mapping[str, Any], rows: Views) -> Catalog:
    """Return the catalog that inputs hold. It has no dependencies: good to show and compare, not to plan from.

    Args:
        properties: the inputs.
        rows: the rows that the engine has of this schema: they hold the bodies of functions.
    """
    parts = stored(properties)
    bodies = {name: row for (kind, name), row in rows.items() if kind == f"{TYPE_PREFIX}Function"}
    parts["functions"] = restored(parts["functions"], bodies)
    return Catalog.from_json({part: parts[name] for name, part in CATALOG.items()})


def apply(context: Context, inputs: SchemaInputs) -> Desired:
    """Make the live schema what the files describe; before rows are lost, have a backup taken."""
    state = inputs.model_dump(by_alias=True)
    wanted = desired(state, inputs.server_version)
    if objects(wanted.data) != stored(state):
        raise UserError(f"the files in {inputs.directory} changed while the update ran: run it again")
    with _as_user_error(), opened(inputs.url) as connection:
        preview = previewed(connection, inputs, wanted)
        prove_plan(connection, inputs, wanted, preview)
        if not preview.refused:
            back_up_before_loss(context, preview.plan, inputs.backup_command)
        try:
            apply_changes(
                connection,
                inputs.target,
                wanted.catalog,
                inputs.allow,
                adopt=inputs.adopt,
                rules=inputs.lock_rules,
                proven=preview.plan,
            )
        except PartlyApplied as error:
            # Kept with the inputs it was to reach and the reason: the next `up` updates it again, from where it stands.
            raise PartlyDoneError(inputs.schema_name, outputs(state, wanted.fingerprint), [str(error)]) from error
        require_reached(connection, inputs, wanted, preview)
    return wanted


def previewed(connection: "psycopg.Connection[Any]", inputs: SchemaInputs, wanted: Desired) -> Preview:
    """Return what applying would do now."""
    return preview_changes(
        connection, inputs.target, wanted.catalog, inputs.allow, adopt=inputs.adopt, rules=inputs.lock_rules
    )


def check_live(context: Context, inputs: SchemaInputs, wanted: Desired) -> None:
    """Refuse what applying would refuse, with numbers from the live database.

    Raises:
        CheckError: the refusals, each with what to write to let it pass.
    """
    try:
        with opened(inputs.url) as connection:
            preview = previewed(connection, inputs, wanted)
            proof = prove_plan(connection, inputs, wanted, preview)
    except Unreachable as error:
        context.log("warning", f"{error}; what the change would lose is checked when it does, before it is applied")
        return
    except SchemaError as error:
        raise CheckError([("directory", str(error))]) from error
    if proof and not proof.passed:
        context.log("warning", f"the plan could not be proven on a copy of the live schema: {proof.missing}")
    if preview.refused:
        raise CheckError([("allow", _refusal(refusal.hazard, len(inputs.allow))) for refusal in preview.refused])


def say_plan(context: Context, inputs: SchemaInputs) -> None:
    """Show the exact SQL in the preview's diagnostics, phase by phase, each statement with its lock and hazards."""
    wanted = desired(inputs.model_dump(by_alias=True), inputs.server_version)
    with _as_user_error(), opened(inputs.url) as connection:
        preview = previewed(connection, inputs, wanted)
        proof = prove_plan(connection, inputs, wanted, preview)
        ledger = read_ledger(connection, inputs.schema_name)
    if plan := preview.plan:
        begun = _begun(ledger.progress) if ledger and ledger.progress else ""
        lines = [*_lines(plan), *([f"-- {proof}"] if proof else [])]
        if inputs.backup_command and loses(plan):
            lines.append("-- a backup is taken and proven first")
        context.log("info", f"planned for {address(inputs.url)}, {_size(plan)}{begun}:\n" + "\n".join(lines))


def _begun(progress: Progress) -> str:
    return f" (an update stopped after {progress.done} of {progress.phases} phases; this goes on from there)"


def _size(plan: Plan) -> str:
    if len(plan.phases) == 1 and plan.steps[0].transactional:
        return "in one transaction"
    return f"in {len(plan.phases)} phases, of which each is done whole or not at all"


def _lines(plan: Plan) -> Iterator[str]:
    for number, phase in enumerate(plan.phases, 1):
        if len(plan.phases) > 1:
            yield f"-- phase {number}, {'one transaction' if phase[0].transactional else 'outside a transaction'}"
        for step in phase:
            yield f"{step.sql};  -- lock: {step.lock}"
            yield from (f"    -- {hazard}" for hazard in step.hazards)


def read_live(inputs: SchemaInputs) -> Live | None:
    """Return what is ours now, None when nothing of ours was ever applied."""
    with _as_user_error(), opened(inputs.url) as connection:
        if read_ledger(connection, inputs.schema_name) is None:
            return None
        live = managed_live(connection, inputs.target)
        return Live(live, fingerprint(live), connection.info.server_version)


def drop(inputs: SchemaInputs) -> None:
    """Drop everything that is ours."""
    with _as_user_error(), opened(inputs.url) as connection:
        drop_all(connection, inputs.target, inputs.lock_rules, first=inputs.before_drop)


def _refusal(hazard: Hazard, allowed: int) -> str:
    entry = quote(hazard.key)
    return f"{hazard.sentence} To go ahead, allow it by name: pulumi config set --path 'allow[{allowed}]' {entry}"


@contextmanager
def _as_user_error() -> Iterator[None]:
    try:
        yield
    except SchemaError as error:
        raise UserError(str(error)) from error
