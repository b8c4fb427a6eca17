"""maintain(): each duty under its name, for whoever may do nothing else."""

from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from infra.backup_job.duties import EACH_HOUR, EACH_ROUND
from tests.schema.ecosystem.conftest import Ecosystem, Register, connect, refused
from tests.schema.ecosystem.tasks import claim, enqueue, expire_leases

pytestmark = pytest.mark.server

Service = psycopg.Connection[TupleRow]


def maintain(session: Service, duty: str) -> Any:
    row = session.execute("SELECT maintain(%s)", (duty,)).fetchone()
    assert row is not None
    return row[0]


def test_the_login_that_takes_backups_may_do_every_duty(
    ecosystem: Ecosystem, service: Service, register: Register
) -> None:
    register("silent")
    register("slow")
    enqueue(service, {}, {}, {})
    claim(service, "slow", 2)
    expire_leases(service)
    service.execute("UPDATE agent_registry SET last_heartbeat_at = now() - interval '1 hour' WHERE agent_id = 'silent'")
    service.execute(
        """
        INSERT INTO distributed_tasks (task_type, status, created_at, finished_at)
        SELECT 'old', 'succeeded', now() - interval '1 year', now() - interval '1 year' FROM generate_series(1, 10003)
        """
    )
    service.execute(
        "INSERT INTO agent_communication_logs (from_agent_id, to_agent_id, protocol, message_type) "
        "VALUES ('slow', 'silent', 'http', 'm')"
    )
    service.execute(
        "INSERT INTO agent_performance_history (agent_id, agent_class, agent_version, recorded_at) "
        "VALUES ('slow', 'executor', '1.8.3', now() - interval '3 hours')"
    )
    with connect(ecosystem.database.backup_url, autocommit=True) as backup:
        changed = {duty: maintain(backup, duty) for duty in (*EACH_ROUND, *EACH_HOUR)}
        assert changed.pop("maintain_partitions") >= 2 * 3
        assert changed == {
            "mark_stale_agents": 1,
            "reclaim_expired": 2,
            "check_rollouts": 0,
            "seal": 1,
            "roll_up_performance": 1,
            "prune_tasks": 10003,
        }
        assert {duty: maintain(backup, duty) for duty in changed} == {
            **dict.fromkeys(changed, 0),
            "roll_up_performance": 0,
        }


def test_a_member_of_the_group_may(ecosystem: Ecosystem) -> None:
    with ecosystem.session("maintenance") as session:
        assert maintain(session, "seal") == 0


def test_a_duty_that_there_is_not(ecosystem: Ecosystem) -> None:
    with ecosystem.session("maintenance") as session:
        for duty in ("prune_everything", None):
            with refused("AE001", "no duty"):
                session.execute("SELECT maintain(%s::text)", (duty,))
