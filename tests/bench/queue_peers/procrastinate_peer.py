"""Procrastinate: python procrastinate_peer.py URL batch|single|pickup COUNT; see __init__.py for what it answers."""
# mypy: ignore-errors
# It is installed in an environment of the benchmark's own.

import asyncio
import sys
import time

import procrastinate
from peer import answer, answer_waits


async def main(url, mode, count):
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
    latencies = []

    @app.task
    async def noop(sent):
        latencies.append(time.time() - sent)

    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        if mode != "pickup":
            for _ in range(0, count, 500):
                await noop.batch_defer_async(*[{"sent": 0}] * min(500, count))
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        began = time.perf_counter()
        wait = mode == "pickup"
        worker = asyncio.create_task(
            app.run_worker_async(concurrency=8, wait=wait, install_signal_handlers=False, delete_jobs="never")
        )
        if mode == "pickup":
            await asyncio.sleep(2)
            for _ in range(count):
                await noop.defer_async(sent=time.time())
                await asyncio.sleep(0.03)
            while len(latencies) < count:
                await asyncio.sleep(0.01)
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
        else:
            await worker
        seconds = time.perf_counter() - began
    if mode == "pickup":
        answer_waits(latencies)
    else:
        answer({"seconds": seconds})


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
