"""Measurements: batches, hours, health; and the partitions of both partitioned tables."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.schema.ecosystem.conftest import Ecosystem, Register, refused

pytestmark = pytest.mark.server

Service = psycopg.Connection[TupleRow]


def record(service: Service, *samples: Mapping[str, object]) -> int:
    row = service.execute("SELECT record_performance(%s)", (json.dumps(samples, default=str),)).fetchone()
    assert row is not None
    return int(row[0])


def maintain(service: Service, moment: str | datetime, **named: object) -> list[TupleRow]:
    more = "".join(f", {name} => %s" for name in named)
    return service.execute(
        f"SELECT * FROM maintain_partitions(moment => %s{more})", (moment, *named.values())
    ).fetchall()


def test_samples_take_class_and_version_from_the_registry(service: Service, register: Register) -> None:
    register("a", "executor", "1.8.3")
    moment = datetime.now(UTC)
    sample = {"agent_id": "a", "recorded_at": moment, "tasks_failed": 2, "metrics": {"queue": 3}}
    assert record(service, sample, {"agent_id": "a", "latency_p50_ms": 4}) == 2
    assert record(service, sample) == 0
    assert service.execute(
        """
        SELECT agent_class, agent_version, tasks_succeeded, tasks_failed, metrics FROM agent_performance_history
        WHERE recorded_at = %s
        """,
        (moment,),
    ).fetchall() == [("executor", "1.8.3", 0, 2, {"queue": 3})]


def test_samples_that_are_refused(ecosystem: Ecosystem, service: Service, register: Register) -> None:
    register("a")
    for batch in ("[]", "{}", None):
        with refused("AE001"):
            service.execute("SELECT record_performance(%s)", (batch,))
    for wrong, words in (
        ({}, "no agent_id"),
        ({"agent_id": "a", "odd": 1}, "unknown key"),
        ({"agent_id": "a", "recorded_at": datetime.now(UTC) + timedelta(hours=1)}, "in the future"),
    ):
        with refused("AE001", "sample 2", words):
            record(service, {"agent_id": "a"}, wrong)
    with refused("AE002"):
        record(service, {"agent_id": "nobody"})
    with ecosystem.session("agent") as agent:
        agent.execute("SELECT register_agent('me', 'executor', '1.8.3')")
        assert record(agent, {"agent_id": "me"}) == 1
        with refused("AE003"):
            record(agent, {"agent_id": "a"})


def test_hours_are_summed_up_and_corrected(service: Service, register: Register) -> None:
    register("a")
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    samples = [
        {"agent_id": "a", "recorded_at": hour - timedelta(minutes=ago), "tasks_succeeded": 1, "latency_p95_ms": ago}
        for ago in (10, 30, 70)
    ]
    record(service, *samples, {"agent_id": "a", "recorded_at": hour, "tasks_succeeded": 100})
    read = """
        SELECT recorded_at, sample_count, tasks_succeeded, latency_p95_ms FROM agent_performance_history
        WHERE resolution = 'hour' ORDER BY recorded_at
    """
    assert service.execute("SELECT roll_up_performance()").fetchone() == (2,)
    assert service.execute(read).fetchall() == [
        (hour - timedelta(hours=2), 1, 1, 70),
        (hour - timedelta(hours=1), 2, 2, 30),
    ]
    assert service.execute("SELECT roll_up_performance()").fetchone() == (0,)
    record(service, {"agent_id": "a", "recorded_at": hour - timedelta(minutes=5), "tasks_succeeded": 5})
    assert service.execute("SELECT roll_up_performance()").fetchone() == (1,)
    assert service.execute(read).fetchall()[1] == (hour - timedelta(hours=1), 3, 7, 30)


def test_health(ecosystem: Ecosystem, service: Service, register: Register) -> None:
    register("a")

    def health(connection: Service = service, window: str = "15 minutes") -> TupleRow | None:
        return connection.execute(
            "SELECT health, samples, tasks_failed, error_rate FROM agent_health('a', %s)", (window,)
        ).fetchone()

    assert health() == ("unknown", 0, 0, None)
    record(service, {"agent_id": "a", "tasks_succeeded": 20})
    assert health() == ("healthy", 1, 0, 0)
    record(service, {"agent_id": "a", "tasks_failed": 5})
    assert health() is not None
    assert health()[0] == "degraded"  # type: ignore[index]
    record(service, {"agent_id": "a", "tasks_failed": 50})
    assert health()[0] == "unhealthy"  # type: ignore[index]
    with refused("AE001"):
        health(window="0")
    with refused("AE002"):
        service.execute("SELECT * FROM agent_health('nobody')")
    with ecosystem.session("agent") as agent:
        agent.execute("SELECT register_agent('me', 'executor', '1.8.3')")
        with refused("AE002"):
            health(agent)


def put(service: Service, moment: str) -> None:
    service.execute(
        """
        INSERT INTO agent_communication_logs (logged_at, from_agent_id, to_agent_id, protocol, message_type, payload)
        VALUES (%s, 'a', 'b', 'http', 'm', '1')
        """,
        (moment,),
    )
    service.execute(
        """
        INSERT INTO agent_performance_history (agent_id, recorded_at, agent_class, agent_version)
        VALUES ('a', %s, 'executor', '1.8.3')
        """,
        (moment,),
    )


def where(ecosystem: Ecosystem, table: str) -> list[str]:
    with ecosystem.admin() as admin:
        rows = admin.execute(f"SELECT tableoid::regclass::text FROM {table} ORDER BY 1").fetchall()
    return [name.removeprefix(f"{table}_") for (name,) in rows]


def test_partitions_at_the_ends_of_months(ecosystem: Ecosystem, service: Service) -> None:
    """The session's time zone is half a day off: months are UTC's all the same."""
    service.execute("SET TimeZone = 'Pacific/Kiritimati'")
    made = maintain(service, "2027-12-31 23:59:59.999999+00", months_ahead=2)
    names = [f"{table}_p{month}" for table in TABLES for month in ("2027_12", "2028_01", "2028_02")]
    assert made == [(name, "created") for name in names]
    assert maintain(service, "2027-12-31 23:59:59.999999+00", months_ahead=2) == []
    put(service, "2027-12-31 23:59:59.999999+00")
    put(service, "2028-01-01 00:00:00+00")
    put(service, "2028-02-29 23:59:59.999999+00")
    put(service, "2028-03-01 00:00:00+00")
    for table in TABLES:
        assert where(ecosystem, table) == ["default", "p2027_12", "p2028_01", "p2028_02"]


TABLES = ("agent_communication_logs", "agent_performance_history")


def test_rows_that_came_first_move_into_their_partition(ecosystem: Ecosystem, service: Service) -> None:
    put(service, "2026-03-05 00:00+00")
    put(service, "2026-03-06 00:00+00")
    service.execute("UPDATE agent_communication_logs SET payload = NULL, payload_erased_at = now() WHERE log_id = 1")
    service.execute("SELECT seal()")
    maintain(service, "2026-05-01 00:00+00", months_ahead=0)
    for table in TABLES:
        assert where(ecosystem, table) == ["p2026_03", "p2026_03"]
    assert service.execute("SELECT intact FROM verify_audit_chain()").fetchone() == (True,)
    assert service.execute("SELECT count(*) FROM agent_communication_logs WHERE payload IS NULL").fetchone() == (1,)
    put(service, "2026-05-02 00:00+00")
    with ecosystem.owner() as owner:
        for statement in (
            "DELETE FROM agent_communication_logs",
            "UPDATE agent_communication_logs SET message_type = 'x'",
            "TRUNCATE agent_communication_logs_p2026_03",
            "TRUNCATE agent_communication_logs_default",
        ):
            with refused("AE301"):
                owner.execute(statement)
    with ecosystem.session("service_role") as other, pytest.raises(psycopg.errors.InsufficientPrivilege):
        other.execute("SELECT * FROM agent_communication_logs_p2026_03")


def test_what_is_past_retention_goes_and_the_chain_stays_whole(ecosystem: Ecosystem, service: Service) -> None:
    for moment in ("2026-01-31 23:00+00", "2026-02-01 00:00+00", "2026-03-01 00:00+00"):
        put(service, moment)
        service.execute("SELECT seal()")
    maintain(service, "2026-03-01 00:00+00", months_ahead=0)
    kept = {"log_retention": "30 days", "history_retention": "1 year", "months_ahead": 0}
    assert maintain(service, "2026-03-02 23:59+00", **kept) == []
    assert maintain(service, "2026-03-03 00:00+00", **kept) == [("agent_communication_logs_p2026_01", "dropped")]
    assert where(ecosystem, TABLES[0]) == ["p2026_02", "p2026_03"]
    assert where(ecosystem, TABLES[1]) == ["p2026_01", "p2026_02", "p2026_03"]
    assert service.execute("SELECT intact, sealed_entries FROM verify_audit_chain()").fetchone() == (True, 2)
    with ecosystem.admin() as superuser:
        superuser.execute("SET session_replication_role = 'replica'")
        superuser.execute("DELETE FROM agent_communication_logs WHERE log_id = 2")
    assert service.execute("SELECT fault, log_id FROM verify_audit_chain()").fetchone() == ("removed", 2)


def test_partitions_that_are_refused(service: Service) -> None:
    for wrong in (
        {"months_ahead": -1},
        {"months_ahead": 121},
        {"log_retention": "1 hour"},
        {"history_retention": None},
    ):
        with refused("AE001"):
            maintain(service, "2026-03-01 00:00+00", **wrong)
