"""Queues that are SQL alone, drained by worker processes of the benchmark: this database's, a bare table, pgmq."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from typing import Any

import psycopg

WARM = 8
"""Calls of each worker before the measurement: a worker lives long, and its session has planned what it asks for."""

Session = psycopg.Connection[tuple[Any, ...]]
Batch = list[tuple[Any, ...]]

BARE = """
    CREATE TABLE bare_queue (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        state text NOT NULL DEFAULT 'ready',
        payload jsonb NOT NULL DEFAULT '{}'
    );
    CREATE INDEX bare_queue_ready ON bare_queue (id) WHERE state = 'ready';
    GRANT SELECT, INSERT, UPDATE ON bare_queue TO agent;
"""


@dataclass(frozen=True)
class Way:
    """One queue: how a batch is taken (by an agent, so many), how it is finished, and both in one call."""

    take: Callable[[Session, str, int], Batch]
    finish: Callable[[Session, str, Batch], None]
    finish_and_take: Callable[[Session, str, Batch, int], Batch] | None = None


def _claim(session: Session, agent: str, number: int) -> Batch:
    return session.execute("SELECT task_id, fencing_token FROM claim_tasks(%s, %s)", (agent, number)).fetchall()


def _complete(session: Session, agent: str, batch: Batch) -> None:
    ids, tokens = map(list, zip(*batch, strict=True))
    session.execute("SELECT complete_tasks(%s, %s, %s)", (agent, ids, tokens))


def _complete_and_claim(session: Session, agent: str, batch: Batch, number: int) -> Batch:
    ids, tokens = map(list, zip(*batch, strict=True))
    call = "SELECT task_id, fencing_token FROM complete_and_claim(%s, %s, %s, max_tasks => %s)"
    return session.execute(call, (agent, ids, tokens, number)).fetchall()


def _take_bare(session: Session, _: str, number: int) -> Batch:
    return session.execute(
        """
        UPDATE bare_queue SET state = 'leased'
        WHERE id = ANY (ARRAY(
            SELECT id FROM bare_queue WHERE state = 'ready' ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
        ))
        RETURNING id
        """,
        (number,),
    ).fetchall()


def _finish_bare(session: Session, _: str, batch: Batch) -> None:
    session.execute("UPDATE bare_queue SET state = 'done' WHERE id = ANY (%s)", ([row[0] for row in batch],))


def _read_pgmq(session: Session, _: str, number: int) -> Batch:
    return session.execute("SELECT msg_id FROM pgmq.read('noop', 300, %s)", (number,)).fetchall()


def _delete_pgmq(session: Session, _: str, batch: Batch) -> None:
    session.execute("SELECT pgmq.delete('noop', %s::bigint[])", ([row[0] for row in batch],))


WAYS = {
    "this database": Way(_claim, _complete, _complete_and_claim),
    "bare table": Way(_take_bare, _finish_bare),
    "pgmq": Way(_read_pgmq, _delete_pgmq),
}


def drain(urls: Sequence[str], name: str, number: int, begins: Callable[[], None]) -> float:
    """Drain a queue in batches of `number`, one process for each URL; return the seconds it took.

    Args:
        urls: a connection string for each worker; its user name is the agent's agent_id.
        name: the queue, of WAYS.
        number: how many tasks a call takes.
        begins: called when all are connected.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.bench.sql_queues"])
    barrier, answers = context.Barrier(len(urls) + 1), context.SimpleQueue()
    workers = [context.Process(target=_work, args=(url, name, number, barrier, answers)) for url in urls]
    for worker in workers:
        worker.start()
    barrier.wait(60)
    begins()
    began = time.monotonic()
    barrier.wait(60)
    ended = max(answers.get() for _ in workers)
    for worker in workers:
        worker.join()
    return float(ended - began)


def _work(url: str, name: str, number: int, barrier: Barrier, answers: Any) -> None:
    way = WAYS[name]
    with psycopg.connect(url, autocommit=True) as session:
        agent = session.info.user
        for _ in range(WARM):
            batch = way.take(session, agent, 1)
            if number == 1 and way.finish_and_take:
                batch = way.finish_and_take(session, agent, batch, 1)
            way.finish(session, agent, batch)
        barrier.wait(60)
        barrier.wait(60)
        batch = way.take(session, agent, number)
        while batch:
            if number == 1 and way.finish_and_take:
                batch = way.finish_and_take(session, agent, batch, number)
            else:
                way.finish(session, agent, batch)
                batch = way.take(session, agent, number)
        answers.put(time.monotonic())
