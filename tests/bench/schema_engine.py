"""`make bench-schema`: the schema engine on 7, 100 and 1,000 tables, beside psql and beside its peers.

Whole commands are timed, as a user waits for them, several times and in turns with what they are compared to; medians
and minima are printed as Markdown. Parts that a command reports of itself (its JSON's `timings`) have columns of their
own. A peer compares two databases: "from files" adds psql's time to fill the second, which each of its plans needs;
ours remembers what files say. SIZES, ROUNDS and PEERS=0 change a run; beyond 100 tables there are `LARGE_ROUNDS`
rounds.
"""

import json
import math
import os
import platform
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from infra.embedded.cache import cache_root  # noqa: E402 - found only now
from tests.bench import peers, schemas  # noqa: E402
from tests.bench.server import BenchServer, durable_server, machine, timed  # noqa: E402

SIZES = [int(size) for size in os.environ.get("SIZES", "7 100 1000").split()]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
LARGE_ROUNDS = min(ROUNDS, 2)
PEERS = os.environ.get("PEERS", "1") != "0"
PATIENCE = 60
"""Seconds after which a peer is stopped, and said to take longer."""

Timings = dict[str, float]


@dataclass(frozen=True)
class Bench(BenchServer):
    """The server, and where one size's files lie."""

    def run(self, *arguments: str, url: str) -> tuple[float, dict[str, Any]]:
        """Run our command line; return its seconds and its document."""
        command = [
            sys.executable,
            "-m",
            "infra.provider.schema",
            *arguments,
            "--dir",
            str(self.folder / "sql"),
            "--json",
        ]
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment = {**kept, "DATABASE_URL": url, "AGENT_ECOSYSTEM_CACHE": str(cache_root())}
        seconds, output = timed(command, environment, codes=(0, 2))
        document: dict[str, Any] = json.loads(output)
        return seconds, document

    def psql(self, url: str, script: Path) -> float:
        """Run psql on a script in one transaction; return its seconds."""
        program = self.cluster.distribution.program("psql")
        command = [str(program), "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", str(script), "-d", url]
        return timed(command, self.cluster.distribution.environment(), codes=(0,))[0]


def rounds_of(size: int) -> int:
    """Return how often a schema of so many tables is measured."""
    return ROUNDS if size <= 100 else LARGE_ROUNDS


def first_apply(place: Bench, script: Path, rounds: int) -> list[Timings]:
    """Measure psql and our first apply, in turns; the scratch's and the proof's answers are not remembered."""
    found: list[Timings] = []
    for number in range(rounds):
        by_psql = place.psql(place.new("by_psql"), script)
        types = place.folder / "sql" / "types.sql"
        types.write_text(f"-- round {number} {time.time()}\n{schemas.prelude()}")
        whole, document = place.run("apply", url=place.new("live"))
        found.append({"psql": by_psql, "whole": whole, **document["timings"]})
    return found


def one_column(place: Bench, live: str, rounds: int) -> list[Timings]:
    """Measure a plan of one added column, its files never read before."""
    extra = place.folder / "sql" / "one_column.sql"
    found: list[Timings] = []
    for number in range(rounds):
        extra.write_text(f"-- round {number} {time.time()}\n{schemas.ONE_COLUMN}")
        whole, document = place.run("plan", url=live)
        if [step["object"]["name"] for step in document["steps"]] != ["thing_0001.one_more"]:
            sys.exit(f"not the plan of one column: {document['steps']}")
        found.append({"whole": whole, **document["timings"]})
    extra.unlink()
    return found


def queries(place: Bench, live: str) -> int:
    """Count the statements that a plan of nothing sends to the server."""
    with psycopg.connect(place.url("postgres"), autocommit=True) as admin:
        admin.execute("ALTER DATABASE live SET log_statement = 'all'")
        before = place.cluster.log.read_text(errors="replace").count("LOG:  statement:")
        before += place.cluster.log.read_text(errors="replace").count("LOG:  execute ")
        place.run("plan", url=live)
        text = place.cluster.log.read_text(errors="replace")
        admin.execute("ALTER DATABASE live RESET log_statement")
    return text.count("LOG:  statement:") + text.count("LOG:  execute ") - before


def nothing_to_do(place: Bench, desired: str, found: list[peers.Peer], rounds: int) -> dict[str, list[float]]:
    """Measure plans of nothing, ours and each peer's in turns; theirs of what psql made, where our ledger is not."""
    live = place.url("live")
    seconds: dict[str, list[float]] = {name: [] for name in ("", *(peer.name for peer in found))}
    place.run("plan", url=live)  # fills caches that a second plan finds full; the peers' databases were just filled
    for _ in range(rounds):
        seconds[""].append(place.run("plan", url=live)[0])
        for peer in found:
            if math.inf not in seconds[peer.name]:
                seconds[peer.name].append(against(peer, place.url("by_psql"), desired))
    return seconds


def against(peer: peers.Peer, live: str, desired: str) -> float:
    """Return the seconds a peer takes to compare two databases."""
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    return timed(peer.compare(live, desired), environment, codes=(0, 1, 2, 3), patience=PATIENCE)[0]


def measured(place: Bench, size: int, found: list[peers.Peer]) -> tuple[str, list[str]]:
    """Measure one size: the line of the first table, and the lines of the second."""
    rounds = rounds_of(size)
    script = schemas.write(place.folder, size)
    first = first_apply(place, script, rounds)
    live, desired = place.url("live"), place.new("desired") if found else ""
    if found:
        place.psql(desired, script)
    idle = nothing_to_do(place, desired, found, rounds)
    asked = queries(place, live)
    column = one_column(place, live, rounds)
    parts = ", ".join(f"{label} {_median(column, of):.2f}" for label, of in PARTS_OF_A_PLAN.items())
    applied = " | ".join(_both([timings[name] for timings in first]) for name in ("psql", "apply"))
    ratio = _median(first, "apply") / _median(first, "psql")
    rest = " | ".join(f"{_median(first, name):.2f}" for name in ("desired", "proof", "check", "whole"))
    ours = statistics.median(idle[""])
    whole = f"{_median(column, 'whole'):.2f} ({parts})"
    lines = [f"| {size:,} | this engine | {_both(idle[''])} | | {ours:.2f} | | {whole} | {asked} | {rounds} |"]
    if found:
        with psycopg.connect(desired, autocommit=True) as connection:
            connection.execute(schemas.ONE_COLUMN.encode())
    for peer in found:
        ended = math.inf not in idle[peer.name]
        busy = [against(peer, place.url("by_psql"), desired) for _ in range(rounds if ended else 1)]
        alone = statistics.median(idle[peer.name])
        from_files = alone + _median(first, "psql")
        known, read = (f"{seconds / ours:.1f}" if ended else "" for seconds in (alone, from_files))
        parts = f"{_both(idle[peer.name])} | {known} | {from_files:.2f} | {read} | {_both(busy)}"
        lines.append(f"| {size:,} | {peer.name} | {parts} | | {len(busy)} |")
    return f"| {size:,} | {applied} | {ratio:.2f} | {rest} | {rounds} |", lines


PARTS_OF_A_PLAN = {"files": "desired", "plan": "plan", "proof": "proof"}


def _median(rounds: list[Timings], name: str) -> float:
    return statistics.median(timings[name] for timings in rounds)


def _both(seconds: list[float]) -> str:
    """Write the median, and the least in brackets."""
    if math.inf in seconds:
        return f"over {PATIENCE}"
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f})"


def main() -> int:
    """Measure everything and print it."""
    found = peers.installed(cache_root() / "bench-peers") if PEERS else []
    applied, compared = [], []
    with durable_server(max_locks_per_transaction="1024") as server:
        for size in SIZES:
            line, lines = measured(Bench(server.cluster, server.base, server.folder / str(size)), size, found)
            applied.append(line)
            compared += lines
            print(f"{size} tables measured", file=sys.stderr)
        version = server.cluster.distribution.root.name
    _report(applied, compared, version, found)
    return 0


def _report(applied: list[str], compared: list[str], version: str, found: list[peers.Peer]) -> None:
    print(
        f"`make bench-schema`, {time.strftime('%Y-%m-%d')}: {machine()}; "
        f"PostgreSQL {version}, durable, Python {platform.python_version()}; "
        "medians in seconds, minima in brackets.\n"
    )
    print("| First apply: tables | `psql -1 -f` | live phase | ratio | files read | proof | check | whole | rounds |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(applied))
    columns = "nothing to do | times ours | from files | times ours | one column | queries | rounds"
    print(f"\n| Plan: tables | engine | {columns} |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(compared))
    for peer in found:
        print(f"\n{peer.name} sees {peer.sees}; run as `{' '.join([Path(peer.command[0]).name, *peer.command[1:]])}`.")


if __name__ == "__main__":
    sys.exit(main())
