"""A claim and a completion cost the same whatever the table holds, and whatever it held when they were planned."""

from typing import Any

import psycopg
import pytest

from tests.schema.ecosystem.conftest import Ecosystem, Register
from tests.schema.ecosystem.tasks import Service

pytestmark = pytest.mark.server

BATCH = 50
FINISHED = """
    INSERT INTO distributed_tasks (task_type, status, finished_at)
    SELECT 'past', 'succeeded', now() FROM generate_series(1, 100000)
"""
READY = """
    INSERT INTO distributed_tasks (task_type, required_agent_class, required_capabilities)
    SELECT 'next', 'executor', '{x}' FROM generate_series(1, %s)
"""
TAKE = "SELECT array_agg(task_id), array_agg(fencing_token) FROM claim_tasks('a', %s)"


def pages(service: Service, call: str, *arguments: Any) -> int:
    """Run a call; return how many pages the server looked at for it."""
    row = psycopg.ClientCursor(service).execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + call, arguments).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def spent(service: Service, number: int) -> tuple[int, int]:
    """Return the pages of a claim and of a completion of so many tasks."""
    ids, tokens = service.execute(TAKE, (number,)).fetchone() or ((), ())
    assert len(ids) == number
    completion = pages(service, "SELECT complete_tasks('a', %s::uuid[], %s::bigint[])", ids, tokens)
    return pages(service, TAKE, number), completion


@pytest.mark.parametrize("statistics", ["none", "of an empty table", "present"])
def test_a_batch_costs_the_same_with_a_long_past_and_a_long_queue(
    ecosystem: Ecosystem, service: Service, register: Register, statistics: str
) -> None:
    register("a", "executor", capabilities=["x"])
    with ecosystem.admin() as admin:
        admin.execute("ALTER TABLE distributed_tasks SET (autovacuum_enabled = false)")
        if statistics == "of an empty table":
            admin.execute("ANALYZE distributed_tasks")
        admin.execute(READY, (2,))
        spent(service, 1)  # the session keeps the plans that it makes now
        admin.execute(READY, (3 * BATCH,))
        few = spent(service, BATCH)
        admin.execute(FINISHED)
        admin.execute(READY, (30_000,))
        if statistics == "present":
            admin.execute("ANALYZE distributed_tasks")
    many = spent(service, BATCH)
    assert many[0] < 1.5 * few[0]
    assert many[1] < 1.5 * few[1]
