"""Rows like those of a fleet of agents, so many that the database has a wanted size."""

import psycopg

GB = 1000**3

TABLES = """
CREATE SCHEMA extensions;
CREATE EXTENSION vector SCHEMA extensions;
CREATE TABLE logs (
  log_id bigint PRIMARY KEY, logged_at timestamptz NOT NULL, sender text NOT NULL, payload jsonb NOT NULL
);
CREATE INDEX ON logs (logged_at);
CREATE TABLE memories (memory_id bigint PRIMARY KEY, embedding extensions.vector(384) NOT NULL);
CREATE TABLE tasks (task_id uuid PRIMARY KEY, state text NOT NULL, priority int NOT NULL, input jsonb NOT NULL);
CREATE INDEX ON tasks (state, priority);
"""
"""Logs and tasks compress, embeddings hardly do."""

WITHOUT_PGVECTOR = TABLES.replace("CREATE EXTENSION vector", "CREATE DOMAIN extensions.vector AS real[]; --").replace(
    "extensions.vector(384)", "extensions.vector"
)
"""The same where that extension is not to be had."""

SLICE = 20_000

LOGS = """
INSERT INTO logs
SELECT n, '2026-01-01'::timestamptz + n * interval '1 second', 'agent-' || n %% 500,
  jsonb_build_object('step', n, 'tool', 'search', 'tokens', (random() * 4000)::int, 'output', (
    SELECT string_agg(md5(n::text || part) || ' the same words again and again, as agents do ', '')
    FROM generate_series(1, 10) AS part))
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""
MEMORIES = """
INSERT INTO memories
SELECT n, (
    SELECT array_agg(random()::real + 0 * (n + part)) FROM generate_series(1, 384) AS part
  )::real[]::extensions.vector
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""
TASKS = """
INSERT INTO tasks
SELECT gen_random_uuid(), (ARRAY['pending', 'running', 'done'])[1 + n %% 3], n %% 10,
  jsonb_build_object('url', 'https://example.org/' || md5(n::text), 'depth', n %% 7)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""


def fill(url: str, size: float) -> int:
    """Add rows until the database has `size` GB; return its bytes."""
    with psycopg.connect(url, autocommit=True) as connection:
        slices = _number(connection, "SELECT coalesce(max(log_id), 0) FROM logs") // SLICE
        while _number(connection, "SELECT pg_database_size(current_database())") < size * GB:
            rows = {"first": slices * SLICE + 1, "last": (slices + 1) * SLICE}
            for statement in (LOGS, TASKS) if slices % 2 else (LOGS, TASKS, MEMORIES):
                connection.execute(statement.encode(), rows)
            slices += 1
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
        return _number(connection, "SELECT pg_database_size(current_database())")


def _number(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0
