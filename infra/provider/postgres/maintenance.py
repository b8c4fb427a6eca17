"""pgstack:postgres:Maintenance, who does the database's maintenance: jobs of pg_cron where that can be used."""

from dataclasses import replace
from typing import Any, Final, Literal

from typing_extensions import override

from infra.plugin import UNKNOWN, Context, Diff, Inputs, PropertyChange, Resource, Unknown, UserError, compare, same
from infra.plugin.resource import State
from infra.provider.postgres import pg_cron
from infra.provider.postgres.database import Unreachable, address, connected
from infra.provider.postgres.pg_cron import Found, Jobs
from infra.provider.postgres.pg_cron_trial import tried

PG_CRON: Final = pg_cron.NAME
SERVICE: Final = "service"


class MaintenanceInputs(Inputs):
    """Inputs of the maintenance. `wanted` says who is to do it, "auto": pg_cron where it can."""

    url: str
    schema_name: str
    wanted: Literal["auto", "pg_cron", "service"]
    round_seconds: int


class Maintenance(Resource[MaintenanceInputs]):
    """Jobs of pg_cron, or none.

    Outputs: `by`, who does it; `jobs`, those there are; `whyNot`, what is against pg_cron, empty if nothing; `refused`,
    why a job that was tried did not run. A refresh looks, and tries nothing.
    """

    token = "pgstack:postgres:Maintenance"  # noqa: S105
    inputs_type = MaintenanceInputs
    replace_on = frozenset({"schemaName"})
    secrets = frozenset({"url"})
    importable = False

    @override
    def diff(self, context: Context, resource_id: str, old: State, old_inputs: State, new: State) -> Diff:
        # Seconds count by the jobs they make. Whether pg_cron can be used the state knows, as a refresh saw it last.
        program = compare(old_inputs, new, replace_on=self.replace_on, ignore={"roundSeconds"})
        by = _by(new["wanted"], old["whyNot"] or old["refused"])
        now = {"by": by, "jobs": _jobs(by, new)}
        drift = {name: PropertyChange("update", from_inputs=False) for name in now if not same(old[name], now[name])}
        return Diff({**drift, **program})

    @override
    def preview_create(self, context: Context, inputs: State) -> State:
        by = UNKNOWN if inputs["wanted"] == "auto" else inputs["wanted"]
        unknown = {**inputs, "by": by, "jobs": UNKNOWN, "whyNot": UNKNOWN, "refused": UNKNOWN}
        if isinstance(inputs["url"], Unknown):
            return unknown
        try:
            with connected(inputs["url"], inputs["schemaName"]) as connection:
                found = pg_cron.look(connection, inputs["schemaName"])
        except Unreachable:  # this very update may start it
            return unknown
        return _outputs(inputs, _decided(context, inputs, found), found)

    @override
    def preview_update(self, context: Context, old: State, old_inputs: State, new: State) -> State:
        return self.preview_create(context, new)

    @override
    def create(self, context: Context, inputs: MaintenanceInputs) -> tuple[str, State]:
        return context.name, self._arrange(context, inputs)

    @override
    def update(self, context: Context, resource_id: str, old: State, inputs: MaintenanceInputs) -> State:
        if _login(old["url"]) != _login(inputs.url):
            self.delete(context, resource_id, old)
        return self._arrange(context, inputs)

    @override
    def read(self, context: Context, resource_id: str, inputs: State, state: State) -> tuple[State, State]:
        known = MaintenanceInputs.model_validate(inputs)
        with connected(known.url, known.schema_name) as connection:
            found = pg_cron.look(connection, known.schema_name)
        return inputs, {**state, "jobs": found.jobs, "whyNot": found.why_not}

    @override
    def delete(self, context: Context, resource_id: str, state: State) -> None:
        if state["by"] != PG_CRON:
            return
        url, schema = state["url"], state["schemaName"]
        try:
            with connected(url, schema) as connection:
                found = pg_cron.look(connection, schema)
                if not found.why_not:
                    pg_cron.schedule(connection, schema, {})
            reason = found.why_not if found.installed else ""  # with the extension its jobs went
        except Unreachable as error:  # a database that is gone for good must not keep its stack alive
            reason = str(error)
        if reason:
            context.log("warning", f"jobs of ours may stay in cron.job of {address(url)}: {reason}")

    def _arrange(self, context: Context, inputs: MaintenanceInputs) -> State:
        state, url, schema = inputs.model_dump(by_alias=True), inputs.url, inputs.schema_name
        with connected(url, schema) as connection:
            found = pg_cron.look(connection, schema)
        by, refused = _decided(context, state, found), ""
        if by == PG_CRON and (refused := tried(url, schema, context.cancelled)):
            by = _decided(context, state, replace(found, why_not=refused))
        if not found.why_not:
            with connected(url, schema) as connection:
                pg_cron.schedule(connection, schema, _jobs(by, state))
        return _outputs(state, by, found, refused)


def _by(wanted: str, why_not: str) -> str:
    """Return who is to do it; a pg_cron that is demanded and can not be used is for the update to refuse."""
    if wanted == "auto":
        return SERVICE if why_not else PG_CRON
    return wanted


def _decided(context: Context, inputs: State, found: Found) -> str:
    """Return who does it.

    Raises:
        UserError: pg_cron is to do it, and can not.
    """
    by = _by(inputs["wanted"], found.why_not)
    if by == PG_CRON and found.why_not:
        otherwise = "or let the schedule service do it: maintenanceBy = auto"
        raise UserError(f"maintenanceBy = pg_cron, on {address(inputs['url'])}: {found.why_not}; {otherwise}")
    if found.installed and found.why_not and inputs["wanted"] == "auto":
        context.log("warning", f"pg_cron of {address(inputs['url'])} does no maintenance: {found.why_not}")
    return by


def _jobs(by: str, inputs: State) -> Jobs:
    return pg_cron.wanted(inputs["schemaName"], inputs["roundSeconds"]) if by == PG_CRON else {}


def _outputs(inputs: State, by: str, found: Found, refused: str = "") -> State:
    return {**inputs, "by": by, "jobs": _jobs(by, inputs), "whyNot": found.why_not, "refused": refused}


def _login(url: str) -> dict[str, Any]:
    """Return whose jobs those made at `url` are, and where: all of it but the password, which changes neither."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    return {name: value for name, value in conninfo_to_dict(url).items() if name != "password"}
