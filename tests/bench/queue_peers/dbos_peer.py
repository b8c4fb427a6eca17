"""DBOS: python dbos_peer.py URL batch|single|pickup COUNT; see __init__.py for what it answers.

A task is a workflow without steps. In `batch` one worker has as many under way as eight with batches of 50 have.
"""
# mypy: ignore-errors
# It is installed in an environment of the benchmark's own.

import sys
import threading
import time

import psycopg
from dbos import DBOS
from peer import answer, answer_waits

QUEUE = "noop"
UNDER_WAY = {"batch": 400, "single": 8, "pickup": 400}  # it takes no more at a look
POLLS = {"batch": 0.005, "single": 0.005, "pickup": 1.0}
"""Seconds between two looks; it is told of no job, and its default is what an idle worker waits."""

latencies = []
all_ran = threading.Event()


@DBOS.workflow()
def noop(sent):
    latencies.append(time.time() - sent)
    if len(latencies) == noop.expected:
        all_ran.set()


def begin(url, queues):
    DBOS(config={"name": "bench", "system_database_url": url, "application_version": "1", "log_level": "ERROR"})
    DBOS.listen_queues(queues)
    DBOS.launch()


def unfinished(connection):
    row = connection.execute("SELECT count(*) FROM dbos.workflow_status WHERE status <> 'SUCCESS'").fetchone()
    return row[0]


def main(url, mode, count):
    noop.expected = count
    begin(url, ["none"])  # it makes the schema, and takes no job yet
    queue = DBOS.register_queue(QUEUE, worker_concurrency=UNDER_WAY[mode], polling_interval_sec=POLLS[mode])
    if mode != "pickup":
        for _ in range(count):
            queue.enqueue(noop, 0.0)
    DBOS.destroy()
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    begin(url, [QUEUE])
    if mode == "pickup":
        queue = DBOS.retrieve_queue(QUEUE)
        time.sleep(2)
        for _ in range(count):
            queue.enqueue(noop, time.time())
            time.sleep(0.03)
    all_ran.wait()
    with psycopg.connect(url, autocommit=True) as connection:
        while unfinished(connection):
            time.sleep(0.005)
    seconds = time.perf_counter() - began
    DBOS.destroy()
    if mode == "pickup":
        answer_waits(latencies)
    else:
        answer({"seconds": seconds})


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
