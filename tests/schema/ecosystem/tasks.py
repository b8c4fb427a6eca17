"""What the tests of the queue say again and again."""

import json
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

Service = psycopg.Connection[TupleRow]


def one(service: Service, statement: str, *arguments: Any) -> Any:
    row = service.execute(statement, arguments).fetchone()
    assert row is not None
    return row[0]


def as_batch(tasks: Sequence[dict[str, Any]]) -> Jsonb:
    return Jsonb([{"task_type": "noop", **task} for task in tasks], dumps=partial(json.dumps, default=str))


def enqueue(service: Service, *tasks: dict[str, Any]) -> list[uuid.UUID]:
    rows = service.execute("SELECT task_id FROM enqueue_tasks(%s)", (as_batch(tasks),)).fetchall()
    return [row[0] for row in rows]


def claim(service: Service, agent_id: str, number: int = 10, lease: str = "5 minutes") -> list[tuple[uuid.UUID, int]]:
    return [
        (row[0], row[1])
        for row in service.execute(
            "SELECT task_id, fencing_token FROM claim_tasks(%s, %s, %s::interval)", (agent_id, number, lease)
        ).fetchall()
    ]


def claimed_ids(service: Service, agent_id: str, number: int = 10) -> list[uuid.UUID]:
    return [task_id for task_id, _ in claim(service, agent_id, number)]


def complete(service: Service, agent_id: str, held: list[tuple[uuid.UUID, int]]) -> None:
    service.execute(
        "SELECT complete_tasks(%s, %s, %s)", (agent_id, [task for task, _ in held], [token for _, token in held])
    )


def status(service: Service, task_id: uuid.UUID) -> str:
    row = service.execute("SELECT status::text FROM distributed_tasks WHERE task_id = %s", (task_id,)).fetchone()
    assert row is not None
    return str(row[0])


def expire_leases(service: Service) -> None:
    service.execute(
        "UPDATE distributed_tasks SET lease_expires_at = now() - interval '1 second' WHERE status = 'leased'"
    )
