"""Rollouts of two releases of one class, by any calls in any order: where each stands, and who is told what."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.full_run import FULL
from tests.schema.ecosystem.conftest import Ecosystem
from tests.schema.ecosystem.task_model import Refused
from tests.schema.ecosystem.tasks import Service
from tests.schema.ecosystem.test_task_machine import documented

pytestmark = pytest.mark.server

RUNS = int(os.environ.get("ROLLOUT_MACHINE_RUNS", "500" if FULL else "15"))
SEED = int(os.environ.get("ROLLOUT_MACHINE_SEED", "20261128"))

RELEASES = ("1.9.0", "2.0.0")
STEPS: dict[str, list[float]] = {
    "immediate": [100],
    "rolling": [25, 50, 75, 100],
    "canary": [5, 25, 50, 100],
    "blue_green": [100],
}
GATE = {"max_error_rate": 0.2, "min_samples": 1}
WHO = "SELECT desired_version FROM agent_registry WHERE desired_version IS NOT NULL"


@dataclass
class Release:
    """What a release's rollout should be: its place, and the tasks that its agents ended since it began."""

    state: str = "not_started"
    percentage: float = 0
    strategy: str = "immediate"
    gated: bool = False
    good: int = 0
    bad: int = 0

    @property
    def failing(self) -> bool:
        return self.gated and self.bad > GATE["max_error_rate"] * (self.good + self.bad)


class RolloutModel:
    def __init__(self, transitions: set[tuple[str, str]]) -> None:
        self.releases = {version: Release() for version in RELEASES}
        self._transitions = transitions

    def start(self, version: str, strategy: str, *, gated: bool) -> None:
        release = self.releases[version]
        under_way = [name for name, other in self.releases.items() if other.state in ("running", "paused")]
        if under_way and (under_way != [version] or release.state == "running"):
            raise Refused("AE402")
        if release.state != "paused":
            release.good = release.bad = 0
        if release.state != "paused" or strategy == "immediate":
            release.percentage = 0 if strategy == "blue_green" else STEPS[strategy][0]
        release.strategy, release.gated = strategy, gated
        self._move(release, "completed" if strategy == "immediate" and not gated else "running")

    def advance(self) -> None:
        release = self._under_way("running")
        if release.failing:
            self._roll_back(release)
            return
        if release.gated and release.good + release.bad == 0 and release.percentage > 0:
            raise Refused("AE404")
        further = [step for step in STEPS[release.strategy] if step > release.percentage]
        release.percentage = further[0] if further else 100
        if not further or (further[0] == 100 and not release.gated):
            self._move(release, "completed")

    def pause(self) -> None:
        self._move(self._under_way("running"), "paused")

    def roll_back(self) -> None:
        self._roll_back(self._under_way("running", "paused"))

    def record(self, version: str, *, good: int, bad: int) -> None:
        release = self.releases[version]
        release.good += good
        release.bad += bad
        if bad and release.state == "running" and release.failing:
            self._roll_back(release)

    def _under_way(self, *states: str) -> Release:
        found = [release for release in self.releases.values() if release.state in states]
        if not found:
            raise Refused("AE402")
        return found[0]

    def _roll_back(self, release: Release) -> None:
        release.percentage = 0
        self._move(release, "rolled_back")

    def _move(self, release: Release, state: str) -> None:
        if state != release.state:
            self._transitions.add((release.state, state))
        release.state = state


class RolloutMachine(RuleBasedStateMachine):
    def __init__(self, service: Service, transitions: set[tuple[str, str]]) -> None:
        super().__init__()
        self.service = service
        self.model = RolloutModel(transitions)
        service.execute("DELETE FROM agent_registry")
        service.execute("DELETE FROM agent_versions WHERE agent_class = 'executor' AND version <> '1.8.3'")
        register = "SELECT register_agent(%s, 'executor', %s)"
        for number in range(12):
            service.execute(register, (f"e{number}", "1.8.3"))
        for version in RELEASES:
            service.execute("INSERT INTO agent_versions (agent_class, version) VALUES ('executor', %s)", (version,))
            service.execute(register, (f"runs-{version}", version))

    @rule(
        data=st.data(),
        call=st.sampled_from(["start", "start", "advance", "advance", "pause", "roll_back", "record", "record"]),
        version=st.sampled_from(RELEASES),
    )
    def someone_calls(self, data: st.DataObject, call: str, version: str) -> None:
        if call == "start":
            self.start(version, data.draw(st.sampled_from(sorted(STEPS))), gated=data.draw(st.booleans()))
        elif call == "record":
            self.record(version, *data.draw(st.sampled_from([(10, 0), (10, 1), (0, 5)])))
        else:
            function = {"roll_back": "rollback_rollout"}.get(call, f"{call}_rollout")
            self.same(getattr(self.model, call), f"SELECT {function}('executor')")

    def start(self, version: str, strategy: str, *, gated: bool) -> None:
        self.same(
            lambda: self.model.start(version, strategy, gated=gated),
            "SELECT start_rollout('executor', %s, %s::deployment_strategy, health_gate => %s)",
            version,
            strategy,
            json.dumps(GATE if gated else {}),
        )

    def record(self, version: str, good: int, bad: int) -> None:
        sample = {"agent_id": f"runs-{version}", "tasks_succeeded": good, "tasks_failed": bad}
        self.same(
            lambda: self.model.record(version, good=good, bad=bad),
            "SELECT record_performance(%s)",
            json.dumps([sample]),
        )

    def same(self, modelled: Callable[[], None], statement: str, *arguments: object) -> None:
        """Do what the model does; be refused where it is."""
        code = None
        try:
            modelled()
        except Refused as refusal:
            code = refusal.code
        if code is None:
            self.service.execute(statement, arguments)
            return
        with pytest.raises(psycopg.Error) as caught:
            self.service.execute(statement, arguments)
        assert caught.value.sqlstate == code, caught.value

    @invariant()
    def each_release_stands_where_the_model_says(self) -> None:
        rows = self.service.execute(
            "SELECT version, rollout_state::text, rollout_percentage FROM agent_versions WHERE version = ANY (%s)",
            (list(RELEASES),),
        ).fetchall()
        modelled = {version: (release.state, release.percentage) for version, release in self.model.releases.items()}
        assert {version: (state, float(percentage)) for version, state, percentage in rows} == modelled

    @invariant()
    def nobody_is_told_what_is_rolled_out_to_nobody(self) -> None:
        told = {version for (version,) in self.service.execute(WHO)}
        assert not {v for v, release in self.model.releases.items() if release.percentage == 0} & told

    @invariant()
    def what_is_completed_is_so_for_all(self) -> None:
        assert all(
            release.percentage == 100 for release in self.model.releases.values() if release.state == "completed"
        )


def test_rollouts_go_where_the_model_says(ecosystem: Ecosystem) -> None:
    transitions: set[tuple[str, str]] = set()
    with ecosystem.session("service_role") as service:
        run_state_machine_as_test(
            seed(SEED)(lambda: RolloutMachine(service, transitions)),  # type: ignore[arg-type] # it takes functions too
            settings=settings(
                max_examples=RUNS,
                stateful_step_count=30,
                deadline=None,
                database=None,
                print_blob=True,
                phases=[Phase.generate],  # shrinking takes minutes: add Phase.shrink by hand, with the seed
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            ),
        )
        known = documented(service, "rollout_state")
        assert transitions == known if FULL else transitions <= known
