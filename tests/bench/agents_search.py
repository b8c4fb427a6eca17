"""Search among many agents: how many of the ten truly nearest find_agents() finds, and how long it takes.

Vectors are drawn around centres, or from all directions alike; descriptions are ten words in a row of Python's own
documentation. Or both are real: what a small model makes of Debian's descriptions of its packages. Agents are loaded by
their table's owner, and the vector index is built in one go afterwards.
"""

import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pydoc_data.topics import topics
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from infra.embedded.cache import cache_root
from tests.bench.agents_database import Place, settled
from tests.bench.agents_embedded import embedded
from tests.bench.agents_texts import AbsentError, words
from tests.bench.server import machine

AGENTS = int(os.environ.get("AGENTS", "50000"))
QUERIES = int(os.environ.get("QUERIES", "200"))
WANTED = os.environ.get("KINDS", "clustered uniform real").split()
SPREAD = 0.6
WARM = 20
EACH_RARE = 101
"""Of so many agents one is rare."""
INDEX = "agent_registry_capability_embedding_idx"

Session = psycopg.Connection[TupleRow]

VECTORS = """
    CREATE TABLE searched (number integer NOT NULL, rare boolean NOT NULL, place vector(384) STORAGE PLAIN NOT NULL);
    CREATE TABLE asked (number integer NOT NULL, place vector(384) NOT NULL);
    CREATE TABLE described (number integer NOT NULL, description text NOT NULL);
    CREATE TABLE centres (number integer NOT NULL, place vector(384) NOT NULL);
    CREATE FUNCTION direction(number integer) RETURNS vector LANGUAGE sql VOLATILE AS
    $$SELECT array_agg(random_normal() + 0 * number)::vector FROM generate_series(1, 384)$$;
"""
FILL = """
    INSERT INTO {table} SELECT n, {rare} centres.place + direction(n) * array_fill(%(spread)s, ARRAY[384])::vector
    FROM generate_series(1, %(count)s) AS n INNER JOIN centres ON centres.number = n %% %(centres)s
"""
AGENT_ROWS = """
    INSERT INTO agent_registry (agent_id, agent_type, agent_class, current_version, capabilities, description,
        capability_embedding)
    SELECT 'agent-' || number, 'standalone', CASE WHEN rare THEN 'research' ELSE 'executor' END,
        CASE WHEN rare THEN '1.9.0' ELSE '1.8.3' END,
        ARRAY['skill' || number % 500] || CASE WHEN rare THEN '{ocr}'::text[] ELSE '{}' END, description, place
    FROM searched INNER JOIN described USING (number)
"""


@dataclass(frozen=True)
class Search:
    """A way to search: who asks, by what, and the filter, which a hundredth of the agents pass (or NULL)."""

    name: str
    group: str = "observer"
    words: bool = False
    meaning: bool = True
    more: str = ""
    rare: bool = False


SEARCHES = (
    Search("meaning"),
    Search("meaning, 1 % by class", more="required_agent_class => 'research'", rare=True),
    Search("meaning, 1 % by capability", more="required_capabilities => '{ocr}'", rare=True),
    Search("meaning, 1 % by version", more="agent_version_range => '>=1.9.0'", rare=True),
    Search("meaning, an orchestrator of 1 %", group="orchestrator", rare=True),
    Search("words and meaning", words=True),
    Search("words and meaning, 1 % by class", words=True, more="required_agent_class => 'research'", rare=True),
    Search("words", words=True, meaning=False),
    Search("words and meaning, an agent, who sees itself", group="agent", words=True),
)


def texts(count: int, length: int, least: int, seed: int) -> list[str]:
    """Return so many texts of so many words in a row, words shorter than `least` letters left out."""
    chance = random.Random(seed)  # noqa: S311
    every = words(" ".join(topics.values()), least)
    return [" ".join(every[at : at + length]) for at in (chance.randrange(len(every) - length) for _ in range(count))]


def drawn(admin: Session, centres: int) -> list[str]:
    """Fill the tables with vectors around so many centres, or from all directions if there are none."""
    admin.execute("SELECT setseed(0.5)")
    spread = SPREAD if centres else 1.0
    admin.execute("INSERT INTO centres SELECT n, direction(n) FROM generate_series(0, %s - 1) AS n", (max(centres, 1),))
    if not centres:
        admin.execute("UPDATE centres SET place = array_fill(0, ARRAY[384])::vector")
    rare = f"n %% {EACH_RARE} = 0,"
    for table, condition, count in (("searched", rare, AGENTS), ("asked", "", QUERIES + WARM)):
        given = {"spread": spread, "count": count, "centres": max(centres, 1)}
        admin.execute(FILL.format(table=table, rare=condition).encode(), given)
    _copy(admin, "described", ("int4", "text"), enumerate(texts(AGENTS, 10, 1, 1), 1))
    return texts(QUERIES + WARM, 2, 5, 2)


def real(admin: Session) -> list[str]:
    """Fill the tables with real texts and their embeddings.

    Raises:
        AbsentError: they cannot be had here.
    """
    agents, asked = embedded(cache_root() / "bench-embeddings", AGENTS, QUERIES + WARM)
    places = ((number, number % EACH_RARE == 0, agent.sent()) for number, agent in enumerate(agents, 1))
    _copy(admin, "searched", ("int4", "bool", "bytea"), places)
    _copy(admin, "asked", ("int4", "bytea"), ((number, query.sent()) for number, query in enumerate(asked, 1)))
    _copy(admin, "described", ("int4", "text"), ((number, agent.text) for number, agent in enumerate(agents, 1)))
    return [" ".join(words(query.text, 5)[:2]) for query in asked]


KINDS: dict[str, Callable[[Session], list[str]]] = {
    "clustered": lambda admin: drawn(admin, AGENTS // 100),  # a hundred around each centre, as in the search's tests
    "uniform": lambda admin: drawn(admin, 0),
    "real": real,
}
"""Kinds of vectors; each fills the tables of agents and queries, and returns the queries by words."""


def load(admin: Session) -> tuple[float, float]:
    """Make the agents anew, of what the tables hold; return the seconds that rows and vector index took."""
    admin.execute("TRUNCATE agent_registry CASCADE")
    definition = _all(admin, "SELECT pg_get_indexdef(%s::regclass)", INDEX)[0][0]
    admin.execute(f"DROP INDEX {INDEX}".encode())
    began = time.monotonic()
    admin.execute(AGENT_ROWS)
    rows = time.monotonic() - began
    began = time.monotonic()
    admin.execute(definition.encode())
    built = time.monotonic() - began
    admin.execute("VACUUM ANALYZE")
    return rows, built


def nearest(admin: Session, rare: bool) -> list[set[str]]:
    """Return the ten truly nearest of each query, found by comparing every vector."""
    condition = "rare" if rare else "true"
    rows = _all(
        admin,
        f"SELECT array(SELECT 'agent-' || number FROM searched WHERE {condition} "
        "ORDER BY place <=> asked.place LIMIT 10) FROM asked ORDER BY number",
    )
    return [set(row[0]) for row in rows]


def measured(session: Session, search: Search, queries: list[tuple[str, str]]) -> tuple[list[set[str]], list[float]]:
    """Return what each query found, and its milliseconds."""
    found, took = [], []
    statement = (
        f"SELECT agent_id FROM find_agents(%s, %s::extensions.vector{', ' + search.more if search.more else ''})"
    )
    for asked, place in queries:
        given = (asked if search.words else None, place if search.meaning else None)
        began = time.monotonic()
        rows = session.execute(statement.encode(), given).fetchall()
        took.append(1000 * (time.monotonic() - began))
        found.append({row[0] for row in rows})
    return found[WARM:], took[WARM:]


def sessions(where: Place) -> dict[str, str]:
    """Make a login of each group: an agent, and an orchestrator with the rare ones below it."""
    urls = {}
    for group in sorted({search.group for search in SEARCHES}):
        name, urls[group] = where.living.login(group)
        if group != "observer":
            with psycopg.connect(urls[group], autocommit=True) as session:
                agent_class, version = ("executor", "1.8.3") if group == "agent" else ("orchestrator", "2.1.0")
                session.execute("SELECT register_agent(%s, %s, %s)", (name, agent_class, version))
        if group == "orchestrator":
            where.admin(
                "INSERT INTO agent_hierarchy (parent_agent_id, child_agent_id, communication_protocol, "
                "protocol_settings) SELECT %s, 'agent-' || number, 'mcp', '{\"transport\": \"stdio\"}' FROM searched "
                "WHERE rare",
                name,
            )
    where.admin("VACUUM ANALYZE")
    return urls


def searches(where: Place) -> None:
    """Print recall and milliseconds of each search among each kind of vectors."""
    with where.living.admin() as admin:
        admin.execute("SET maintenance_work_mem = '256MB'")
        admin.execute(VECTORS)
        for kind in WANTED:
            admin.execute("TRUNCATE searched, asked, described, centres")
            try:
                by_words = KINDS[kind](admin)
            except AbsentError as reason:
                print(f"\nAgents with {kind} vectors are left out: {reason}.")
                continue
            rows, built = load(admin)
            places = [row[0] for row in _all(admin, "SELECT place::text FROM asked ORDER BY number")]
            queries = list(zip(by_words, places, strict=True))
            truly = {rare: nearest(admin, rare)[WARM:] for rare in (False, True)}
            urls = sessions(where)
            print(
                f"\n{AGENTS:,} agents, {kind} vectors; rows in {rows:.0f} s, then the index in {built:.0f} s; "
                f"{machine()}\n\n| {QUERIES} searches by | recall@10 | p50 ms | p99 ms |\n| --- | --- | --- | --- |"
            )
            for search in SEARCHES:
                settled()
                with psycopg.connect(urls[search.group], autocommit=True) as session:
                    found, took = measured(session, search, queries)
                print(_line(search, found, took, truly[search.rare]), flush=True)
                print(f"{kind}, {search.name}: {os.getloadavg()[0]:.1f}", file=sys.stderr)


def _line(search: Search, found: list[set[str]], took: list[float], truly: list[set[str]]) -> str:
    near = search.meaning and not search.words
    shares = [len(one & true) / len(true) for one, true in zip(found, truly, strict=True)]
    recall = f"{statistics.mean(shares):.3f}" if near else ""
    took = sorted(took)
    return f"| {search.name} | {recall} | {took[len(took) // 2]:.1f} | {took[len(took) * 99 // 100]:.1f} |"


def _copy(admin: Session, table: str, types: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with admin.cursor().copy(f"COPY {table} FROM STDIN (FORMAT BINARY)".encode()) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _all(admin: Session, statement: str, *arguments: Any) -> list[TupleRow]:
    return admin.execute(statement.encode(), arguments or None).fetchall()
