"""`make bench-ecosystem`: the agents' database beside bare tables and beside other queues on PostgreSQL.

Everything runs in turns on one durable server of the benchmark's own. TASKS (in batches of 50; a tenth of them one by
one), ROUNDS, BEATS, SIZES (finished tasks behind a claim), AGENTS, QUERIES and KINDS (of searches: clustered, uniform,
real) and PEERS=0 change a run; PARTS is which of its parts run.
"""

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from infra.embedded.cache import cache_root  # noqa: E402 - found only now
from tests.bench import agents_life, agents_search, queue_peers, sql_queues  # noqa: E402
from tests.bench.agents_database import WORKERS, Place, Spent, fill, place, settled  # noqa: E402
from tests.bench.server import durable_server, machine  # noqa: E402

TASKS = int(os.environ.get("TASKS", "5000"))
ROUNDS = int(os.environ.get("ROUNDS", "4"))
SIZES = [int(size) for size in os.environ.get("SIZES", "10000 100000").split()]
PEERS = os.environ.get("PEERS", "1") != "0"
PARTS = os.environ.get("PARTS", "queues pickups heartbeats logs growth search").split()
BATCH = 50
PICKUPS = 60
BEATS = int(os.environ.get("BEATS", "4000"))
ROWS, ROWS_AT_ONCE = 10_000, 1000

Ways = dict[str, Callable[[], Spent]]


def in_turns(title: str, ways: Ways) -> dict[str, list[Spent]]:
    """Measure each way in each round."""
    found: dict[str, list[Spent]] = {name: [] for name in ways}
    for number in range(ROUNDS):
        for name, way in ways.items():
            found[name].append(way())
            print(f"{title}, round {number + 1}: {name}: {found[name][-1].seconds:.2f} s", file=sys.stderr)
            settled()
    return found


def drains(where: Place, peers: queue_peers.Installed, mode: str, count: int) -> Ways:
    """Return each queue's drain of `count` tasks, the bare table's first."""
    names = ["bare table", "this database", *(["pgmq"] if peers.pgmq else [])]

    def by_sql(name: str) -> Spent:
        fill(where, name, count + 2 * WORKERS * sql_queues.WARM)
        number = BATCH if mode == "batch" else 1
        return where.measure(lambda begins: sql_queues.drain(where.workers, name, number, begins))

    def by_program(peer: queue_peers.Peer) -> Spent:
        url = where.server.new("peer")
        return where.measure(lambda begins: peer.run(url, mode, count, begins)["seconds"])

    ways: Ways = {name: lambda name=name: by_sql(name) for name in names}  # type: ignore[misc]
    return ways | {peer.name: lambda peer=peer: by_program(peer) for peer in peers.peers if mode in peer.modes}


def table(title: str, unit: str, number: int, found: dict[str, list[Spent]]) -> None:
    """Print rates and the server's processor time, and both as ratios to the first."""
    print(f"\n| {title} | median {unit}/s | best {unit}/s | ratio | server CPU, us each | ratio |")
    print("| --- | --- | --- | --- | --- | --- |")
    base, base_cpu = (statistics.median(values) for values in zip(*_both(next(iter(found.values()))), strict=True))
    for name, spent in found.items():
        seconds, cpu = (statistics.median(values) for values in zip(*_both(spent), strict=True))
        best = min(one.seconds for one in spent)
        print(
            f"| {name} | {number / seconds:,.0f} | {number / best:,.0f} | {base / seconds:.2f} | "
            f"{1e6 * cpu / number:,.0f} | {cpu / base_cpu:.2f} |"
        )


def _both(spent: list[Spent]) -> list[tuple[float, float]]:
    return [(one.seconds, one.cpu) for one in spent]


def queues(where: Place, peers: queue_peers.Installed) -> None:
    """Print how fast each queue is drained, in batches and one by one."""
    for title, mode, count in (
        (f"Queue, {WORKERS} workers, batches of {BATCH}", "batch", TASKS),
        (f"Queue, {WORKERS} workers, one by one", "single", TASKS // 10),
    ):
        table(title, "tasks", count, in_turns(title, drains(where, peers, mode, count)))


def pickups(where: Place, peers: queue_peers.Installed) -> None:
    """Print how long an idle worker takes to have a task, a pass for each round."""
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(ROUNDS):
        waits = sorted(agents_life.pickup(where, PICKUPS))
        found.setdefault("this database", []).append((waits[PICKUPS // 2], waits[PICKUPS * 99 // 100]))
        for peer in peers.peers:
            if "pickup" in peer.modes:
                answer = peer.run(where.server.new("peer"), "pickup", PICKUPS, lambda: None)
                found.setdefault(peer.name, []).append((answer["p50"], answer["p99"]))
    print("\n| Pickup by an idle worker | p50 ms | p99 ms |\n| --- | --- | --- |")
    for name, passes in found.items():
        print(f"| {name} | {' | '.join(f'{statistics.median(values):.1f}' for values in zip(*passes, strict=True))} |")


def heartbeats(where: Place) -> None:
    """Print heartbeats beside bare updates, the share of HOT ones, and how much the table grew."""
    agents_life.register_many(where)
    agents_life.beats(where, agents_life.HEARTBEAT, BEATS)  # both tables have free space in their pages from now on
    agents_life.beats(where, agents_life.BARE_BEAT, BEATS)
    before, size = agents_life.hot_share(where, "agent_registry"), agents_life.size(where, "agent_registry")
    ways: Ways = {
        "bare HOT update, synchronous_commit off": lambda: agents_life.beats(where, agents_life.BARE_BEAT, BEATS),
        "`heartbeat()`": lambda: agents_life.beats(where, agents_life.HEARTBEAT, BEATS),
    }
    table("Heartbeats of 10,000 agents, 8 connections", "beats", BEATS, in_turns("heartbeats", ways))
    after = agents_life.hot_share(where, "agent_registry")
    grown = agents_life.size(where, "agent_registry") - size
    updates, hot = (new - old for new, old in zip(after, before, strict=True))
    print(f"\n{updates:,} heartbeats: {100 * hot / max(updates, 1):.1f} % HOT, the table grew by {grown:,} bytes.")


def logs(where: Place) -> None:
    """Print batches of log rows beside COPY."""
    ways: Ways = {
        f"COPY of {ROWS_AT_ONCE:,}": lambda: agents_life.copied(where, ROWS, ROWS_AT_ONCE),
        f"`log_messages()` of {ROWS_AT_ONCE:,}": lambda: agents_life.logged(where, ROWS, ROWS_AT_ONCE),
    }
    table("Rows of agent_communication_logs", "rows", ROWS, in_turns("logs", ways))


def growth(where: Place) -> None:
    """Print what a claim costs with finished tasks behind it."""
    print(f"\n| Finished tasks behind a claim of {BATCH} | buffers | ms |\n| --- | --- | --- |")
    for size in [0, *SIZES]:
        buffers, milliseconds = agents_life.claims_behind(where, size)
        print(f"| {size:,} | {buffers:,.0f} | {milliseconds:.2f} |")


def main() -> int:
    """Measure everything and print it."""
    with_peers = PEERS and {"queues", "pickups"} & set(PARTS)
    peers = queue_peers.installed(cache_root() / "bench-queues") if with_peers else queue_peers.Installed((), "", {})
    parts: dict[str, Callable[[Place], None]] = {
        "queues": lambda where: queues(where, peers),
        "pickups": lambda where: pickups(where, peers),
        "heartbeats": heartbeats,
        "logs": logs,
        "growth": growth,
        "search": agents_search.searches,  # the last: it empties the registry
    }
    for variable, given, there in (("PARTS", PARTS, [*parts]), ("KINDS", agents_search.WANTED, [*agents_search.KINDS])):
        if unknown := set(given) - set(there):
            sys.exit(f"{variable} names {', '.join(sorted(unknown))}; there are {', '.join(there)}.")
    with durable_server() as server, place(server, peers.pgmq) as where:
        version = server.cluster.distribution.root.name
        print(
            f"`make bench-ecosystem`, {time.strftime('%Y-%m-%d')}: {machine()}; PostgreSQL {version}, durable, on "
            f"the same machine; Python {platform.python_version()}; {ROUNDS} rounds in turns."
        )
        for name, part in parts.items():
            if name in PARTS:
                part(where)
    for name, reason in peers.absent.items():
        print(f"\n{name} is left out: {reason}.")
    if with_peers:
        print("\n" + ", ".join(queue_peers.VERSIONS) + ".")
    return 0


if __name__ == "__main__":
    sys.exit(main())
