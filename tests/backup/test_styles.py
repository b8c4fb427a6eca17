"""A database that prints dates, times and names in its own way: its definitions are compared all the same."""

import psycopg

from tests.backup.conftest import Job
from tests.conftest import Database

DEFINED = """
CREATE TABLE notes (
    at timestamptz DEFAULT '2020-12-03 10:00+00', lasts interval DEFAULT '-1 day +2 hours',
    body bytea DEFAULT '\\xdead',
    CHECK (at > '2019-12-03 10:00+00')
);
CREATE VIEW lately AS SELECT * FROM notes WHERE at > '2020-12-03 10:00+00';
"""
STYLES = (
    "TimeZone = 'Asia/Seoul'",
    "DateStyle = 'German, DMY'",
    "IntervalStyle = 'sql_standard'",
    "bytea_output = 'escape'",
    "quote_all_identifiers = on",
)


def test_a_database_in_a_style_of_its_own_is_proven_and_restored(job: Job, database: Database) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute(DEFINED.encode())
        job.good("run")  # in PostgreSQL's own styles
        for style in STYLES:
            owner.execute(f"ALTER DATABASE {database.name} SET {style}".encode())
    restored = job.good("restore")
    assert "differ" not in restored
    job.good("run")
    pointer = job.latest()
    assert pointer is not None
    assert pointer.proof.method == "restore"
