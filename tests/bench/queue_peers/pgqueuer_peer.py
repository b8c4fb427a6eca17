"""PgQueuer: python pgqueuer_peer.py URL batch|single|pickup COUNT; see __init__.py for what it answers."""
# mypy: ignore-errors
# It is installed in an environment of the benchmark's own.

import asyncio
import sys
import time
from datetime import timedelta

import asyncpg
from peer import answer, answer_waits
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries


async def main(url, mode, count):
    queries = Queries(AsyncpgDriver(await asyncpg.connect(url)))
    await queries.install()
    if mode != "pickup":
        await queries.enqueue(["noop"] * count, [None] * count, [0] * count)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    began, left, latencies, runners = time.perf_counter(), count, [], []

    async def work():
        runner = PgQueuer(AsyncpgDriver(await asyncpg.connect(url)))
        runners.append(runner)

        @runner.entrypoint("noop")
        async def noop(job):
            nonlocal left
            left -= 1
            if mode == "pickup":
                latencies.append(time.time() - float(job.payload))
            if left == 0:
                found.set_result(time.perf_counter() - began)

        await runner.run(batch_size=1 if mode == "single" else 50, dequeue_timeout=timedelta(seconds=1))

    found = asyncio.get_running_loop().create_future()
    workers = [asyncio.create_task(work()) for _ in range(1 if mode == "pickup" else 8)]
    if mode == "pickup":
        await asyncio.sleep(2)
        for _ in range(count):
            await queries.enqueue("noop", str(time.time()).encode())
            await asyncio.sleep(0.03)
    seconds = await found
    for runner in runners:
        runner.shutdown.set()
    await asyncio.gather(*workers)
    if mode == "pickup":
        answer_waits(latencies)
    else:
        answer({"seconds": seconds})


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
