"""Rollouts: fixed shares, gates that roll back by themselves, nobody outside a ring told to upgrade."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import TupleRow

from tests.schema.ecosystem.conftest import refused

pytestmark = pytest.mark.server

Service = psycopg.Connection[TupleRow]


def release(service: Service, version: str = "1.9.0", agent_class: str = "executor", **more: Any) -> None:
    values = {"agent_class": agent_class, "version": version, **more}
    service.execute(
        f"INSERT INTO agent_versions ({', '.join(values)}) VALUES ({', '.join(['%s'] * len(values))})",
        list(values.values()),
    )


def agents(service: Service, number: int, agent_class: str = "executor", version: str = "1.8.3") -> None:
    service.execute(
        "SELECT register_agent(%s || '-' || n, %s, %s) FROM generate_series(1, %s) AS n",
        (agent_class, agent_class, version, number),
    )


def call(service: Service, function: str, *arguments: object, **named: object) -> TupleRow | None:
    places = ["%s"] * len(arguments) + [f"{name} => %s" for name in named]
    return service.execute(f"SELECT * FROM {function}({', '.join(places)})", [*arguments, *named.values()]).fetchone()


def start(
    service: Service, strategy: str = "canary", gate: Mapping[str, object] | None = None, **named: object
) -> TupleRow:
    row = call(
        service, "start_rollout", "executor", "1.9.0", strategy=strategy, health_gate=json.dumps(gate or {}), **named
    )
    assert row is not None
    return row


def told(service: Service, version: str = "1.9.0") -> set[str]:
    rows = service.execute("SELECT agent_id FROM agent_registry WHERE desired_version = %s", (version,)).fetchall()
    return {name for (name,) in rows}


def in_ring(service: Service, percentage: float, version: str = "1.9.0") -> set[str]:
    rows = service.execute(
        "SELECT agent_id FROM agent_registry WHERE agent_class = 'executor' AND rollout_share(agent_id, %s) < %s",
        (version, percentage),
    ).fetchall()
    return {name for (name,) in rows}


def record(service: Service, agent_id: str, **sample: object) -> None:
    service.execute("SELECT record_performance(%s)", (json.dumps([{"agent_id": agent_id, **sample}]),))


def state(service: Service, version: str = "1.9.0") -> object:
    row = service.execute(
        "SELECT rollout_state FROM agent_versions WHERE agent_class = 'executor' AND version = %s", (version,)
    ).fetchone()
    return row and row[0]


def test_shares_are_fixed_and_even(service: Service) -> None:
    """The value is written down: agents keep their place through every upgrade of PostgreSQL."""
    assert service.execute(
        "SELECT rollout_share('executor-1', '1.9.0'), rollout_share('a', '1.0.0', 's')"
    ).fetchone() == (
        Decimal("77.18"),
        Decimal("31.88"),
    )
    rows = service.execute(
        """
        SELECT count(*) FROM generate_series(1, 10000) AS n
        GROUP BY floor(rollout_share('agent-' || n, '1.0.0') / 10)
        """
    ).fetchall()
    assert len(rows) == 10
    assert all(850 < number < 1150 for (number,) in rows)


def test_a_canary_reaches_everyone_step_by_step(service: Service) -> None:
    agents(service, 60)
    release(service)
    assert start(service)[:3] == ("1.9.0", "running", 5)
    rings = [told(service)]
    assert rings[0] == in_ring(service, 5)
    for percentage in (25, 50):
        row = call(service, "advance_rollout", "executor")
        assert row is not None
        assert row[1:3] == ("running", percentage)
        rings.append(told(service))
        assert rings[-1] == in_ring(service, percentage)
        assert rings[-2] <= rings[-1]
    row = call(service, "advance_rollout", "executor")
    assert row is not None
    assert row[1:3] == ("completed", 100)
    assert len(told(service)) == 60
    with refused("AE402", "None is under way"):
        call(service, "advance_rollout", "executor")
    assert service.execute(
        "SELECT rollout_state, agents, agents_told, agents_upgraded, rollback_to_version FROM rollout_status"
    ).fetchall() == [("completed", 60, 60, 0, "1.8.3")]
    service.execute("SELECT register_agent('late', 'executor', '1.8.3')")
    assert "late" in told(service)


@pytest.mark.parametrize(
    ("strategy", "begins", "then"),
    [
        ("immediate", ("completed", 100), None),
        ("rolling", ("running", 25), ("running", 50)),
        ("canary", ("running", 5), ("running", 25)),
        ("blue_green", ("running", 0), ("completed", 100)),
    ],
)
def test_strategies(service: Service, strategy: str, begins: tuple[str, int], then: tuple[str, int] | None) -> None:
    agents(service, 3)
    release(service)
    assert start(service, strategy)[1:3] == begins
    if then:
        row = call(service, "advance_rollout", "executor")
        assert row is not None
        assert row[1:3] == then


def test_a_bad_canary_is_rolled_back_by_itself(service: Service) -> None:
    agents(service, 40)
    release(service)
    start(service, gate={"max_error_rate": 0.1, "min_samples": 3}, steps=[50, 100])
    ring = sorted(told(service))
    outside = sorted(in_ring(service, 100) - set(ring))
    for name in ring[:3]:
        service.execute("SELECT register_agent(%s, 'executor', '1.9.0')", (name,))
    for name in outside[:5]:
        record(service, name, tasks_failed=50)
    assert state(service) == "running"
    with refused("AE404", "0 of 3 samples"):
        call(service, "advance_rollout", "executor")
    record(service, ring[0], tasks_succeeded=100)
    record(service, ring[1], tasks_failed=40)
    assert state(service) == "running"
    record(service, ring[2], tasks_failed=1)
    assert state(service) == "rolled_back"
    assert told(service) == set()
    assert told(service, "1.8.3") == set(ring)
    assert service.execute("SELECT rollback_reason FROM rollout_status").fetchone() == (
        "error rate 0.2908, at most 0.1 allowed",
    )


def test_a_slow_canary_is_rolled_back_when_it_is_to_advance(service: Service) -> None:
    agents(service, 20)
    release(service)
    start(service, gate={"max_latency_p95_ms": 100, "min_samples": 1}, steps=[60, 100])
    name = min(told(service))
    service.execute("SELECT register_agent(%s, 'executor', '1.9.0')", (name,))
    record(service, name, latency_p95_ms=90)
    assert call(service, "rollout_health", "executor", "1.9.0")[0] == "passing"  # type: ignore[index]
    service.execute(
        """
        INSERT INTO agent_performance_history (agent_id, recorded_at, agent_class, agent_version, latency_p95_ms)
        VALUES (%s, clock_timestamp(), 'executor', '1.9.0', 2000)
        """,
        (name,),
    )
    row = call(service, "advance_rollout", "executor")
    assert row is not None
    assert row[1] == "rolled_back"


def test_the_maintenance_rolls_back_too(service: Service) -> None:
    agents(service, 5, version="1.9.0")
    release(service)
    start(service, "immediate", {"max_error_rate": 0, "min_samples": 1})
    service.execute(
        """
        INSERT INTO agent_performance_history (agent_id, recorded_at, agent_class, agent_version, tasks_failed)
        VALUES ('executor-1', clock_timestamp(), 'executor', '1.9.0', 1)
        """
    )
    assert call(service, "check_rollouts") == ("executor", "1.9.0", "error rate 1.0000, at most 0 allowed")
    assert call(service, "check_rollouts") is None


def test_pause_goes_on_where_it_was(service: Service) -> None:
    agents(service, 10)
    release(service)
    start(service, "rolling")
    assert call(service, "pause_rollout", "executor") == ("1.9.0", "paused", 25, 0)
    for function in ("advance_rollout", "pause_rollout"):
        with refused("AE402", "1.9.0 is paused"):
            call(service, function, "executor")
    assert start(service, "rolling")[1:3] == ("running", 25)
    row = call(service, "rollback_rollout", "executor", "a hunch")
    assert row is not None
    assert row[:3] == ("1.9.0", "rolled_back", 0)
    assert told(service) == set()
    with refused("AE402"):
        call(service, "rollback_rollout", "executor")


def test_another_strategy_has_steps_of_its_own(service: Service) -> None:
    agents(service, 4)
    release(service)
    start(service, "canary", steps=[10, 100])
    call(service, "rollback_rollout", "executor")
    assert start(service, "canary")[2] == 10
    call(service, "rollback_rollout", "executor")
    assert start(service, "rolling")[2] == 25
    call(service, "rollback_rollout", "executor")
    assert start(service, "immediate")[1:3] == ("completed", 100)


def test_a_paused_rollout_that_goes_on_at_once_reaches_all(service: Service) -> None:
    agents(service, 20)
    release(service)
    start(service, "rolling")
    call(service, "pause_rollout", "executor")
    assert start(service, "immediate")[1:3] == ("completed", 100)
    assert len(told(service)) == 20


def test_rollouts_that_are_refused(service: Service) -> None:
    release(service)
    release(service, "2.0.0")
    with refused("AE401", "'9.9.9'"):
        call(service, "start_rollout", "executor", "9.9.9")
    for steps in ([], [50], [100, 50, 100], [0, 100], [50, 50, 100], [None, 100]):
        with refused("AE001"):
            start(service, steps=steps)
    for gate in (
        {"odd": 1},
        {"max_error_rate": 2},
        {"max_error_rate": "x"},
        {"min_samples": 0},
        {"window": "soon"},
    ):
        with refused("AE001", "gate"):
            start(service, gate=gate)
    start(service)
    with refused("AE402", "1.9.0 is running"):
        call(service, "start_rollout", "executor", "2.0.0")
    call(service, "rollback_rollout", "executor")
    service.execute("UPDATE agent_versions SET withdrawn_at = now() WHERE version = '2.0.0'")
    with refused("AE402", "withdrawn"):
        call(service, "start_rollout", "executor", "2.0.0")


def test_compatibility_is_looked_at_from_both_sides(service: Service) -> None:
    agents(service, 2, "orchestrator", "2.1.0")
    service.execute(
        "UPDATE agent_versions SET compatibility = '{\"executor\": \"^1.8.0\"}' WHERE agent_class = 'orchestrator'"
    )
    release(service, "1.9.0", compatibility='{"orchestrator": ">=2.1.0", "research": ">=9.0.0"}')
    release(service, "2.0.0", compatibility='{"orchestrator": "<2.1.0"}')
    read = "SELECT * FROM check_compatibility('executor', %s)"
    assert service.execute(read, ("1.9.0",)).fetchall() == [
        ("orchestrator", "2.1.0", 2, "executor", ">=2.1.0", True),
        ("orchestrator", "2.1.0", 2, "orchestrator", "^1.8.0", True),
    ]
    assert [row[-1] for row in service.execute(read, ("2.0.0",)).fetchall()] == [False, False]
    with refused("AE403", "2 agents of orchestrator run 2.1.0"):
        call(service, "start_rollout", "executor", "2.0.0")
    start(service)
    with refused("AE401"):
        service.execute(read, ("7.0.0",))
    with refused("AE001"):
        release(service, "3.0.0", compatibility='{"orchestrator": "newest"}')


@contextmanager
def unless_refused(*codes: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        if error.sqlstate not in codes:
            raise


STEPS = st.lists(
    st.sampled_from(["start", "advance", "pause", "rollback", "register", "upgrade", "good", "bad"]), max_size=25
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, version=st.integers(0, 10**6))
def test_nobody_outside_the_ring_is_ever_told_to_upgrade(service: Service, steps: list[str], version: int) -> None:
    """Whatever happens in whatever order: who is told the new version is in the share it has reached."""
    service.execute("UPDATE agent_registry SET desired_version = NULL")
    service.execute("DELETE FROM agent_versions WHERE agent_class = 'executor' AND version <> '1.8.3'")
    new = f"2.0.{version}"
    agents(service, 15)
    release(service, new)
    for serial, step in enumerate(steps):
        ring = sorted(told(service, new))
        with unless_refused("AE402", "AE404"):
            if step == "start":
                gate = json.dumps({"max_error_rate": 0.2, "min_samples": 1})
                call(service, "start_rollout", "executor", new, strategy="rolling", health_gate=gate)
            elif step == "register":
                agents(service, 1, "executor")
                service.execute("SELECT register_agent(%s, 'executor', '1.8.3')", (f"n-{version}-{serial}",))
            elif step == "upgrade":
                for name in ring:
                    service.execute("SELECT register_agent(%s, 'executor', %s)", (name, new))
            elif step in ("good", "bad"):
                for name in ring[:2]:
                    record(service, name, **{"tasks_succeeded" if step == "good" else "tasks_failed": 10})
            else:
                call(service, f"{step}_rollout", "executor")
        share = service.execute("SELECT rollout_percentage FROM agent_versions WHERE version = %s", (new,)).fetchone()
        assert share is not None
        assert told(service, new) == (
            in_ring(service, share[0], new) if state(service, new) != "not_started" else set()
        )
