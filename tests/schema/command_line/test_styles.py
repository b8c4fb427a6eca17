"""A database that prints dates, times and names in its own way, and limits its sessions: no plan may depend on it."""

from pathlib import Path

import psycopg
import pytest

from tests.conftest import Database
from tests.schema.command_line.conftest import Run

FILE = r"""
CREATE DOMAIN recent AS timestamptz DEFAULT '2020-01-02 03:04:05+00' CHECK (VALUE > '2020-02-03 00:00:00+02');
CREATE TABLE logs (
    at timestamptz NOT NULL DEFAULT '2020-12-03 10:00+00',
    day date DEFAULT '2020-12-03',
    lasts interval DEFAULT '-1 day +2 hours',
    share double precision DEFAULT 0.1::float8 + 0.2,
    body bytea DEFAULT '\xdeadbeef',
    page xml DEFAULT '<a/>',
    words text[] DEFAULT '{NULL,a}',
    while tstzrange DEFAULT '[2020-01-01 00:00+00,2021-01-01 00:00+00)',
    CHECK (lasts > '1 mon 3 days 04:05:06'),
    CHECK (day = NULL)
) PARTITION BY RANGE (at);
CREATE TABLE logs_2020 PARTITION OF logs FOR VALUES FROM ('2020-01-01 00:00+00') TO ('2021-01-01 00:00+00');
CREATE INDEX of_that_day ON logs (at) WHERE day > '2020-12-03';
CREATE FUNCTION since(at timestamptz DEFAULT '2020-12-03 10:00+00', pause interval DEFAULT '3 days') RETURNS text
LANGUAGE sql RETURN to_char('2020-12-03 10:00+00'::timestamptz, 'YYYY');
CREATE VIEW named AS SELECT at, '3 days'::interval AS pause, '2020-12-03'::date AS day FROM logs;
"""
CHANGED = FILE.replace("'-1 day +2 hours'", "'-1 day -2 hours'").replace("'3 days'::interval", "'-3 days'::interval")


@pytest.mark.parametrize(
    "settings",
    [
        ["TimeZone = 'Asia/Seoul'", "DateStyle = 'German, DMY'", "IntervalStyle = 'sql_standard'"],
        ["DateStyle = 'SQL, DMY'", "IntervalStyle = 'iso_8601'", "extra_float_digits = -5"],
        ["xmloption = 'document'", "array_nulls = off", "transform_null_equals = on", "lc_monetary = 'C.UTF-8'"],
        [
            "default_transaction_isolation = 'serializable'",
            "default_transaction_deferrable = on",
            "check_function_bodies = off",
            "client_min_messages = 'debug1'",
            "row_security = off",
        ],
    ],
    ids=["times", "numbers", "reading", "sessions"],
)
@pytest.mark.parametrize("scratch", ["embedded", "target"])
def test_a_database_in_a_style_of_its_own(
    database: Database, run: Run, tmp_path: Path, settings: list[str], scratch: str
) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        for setting in settings:
            connection.execute(f"ALTER DATABASE {database.name} SET {setting}".encode())
    folder, written = tmp_path / "schema", tmp_path / "written"
    folder.mkdir()
    for text in (FILE, CHANGED):
        (folder / "all.sql").write_text(text)
        for command, code in (("plan", 2), ("apply", 0), ("plan", 0), ("drift", 0)):
            ran = run(command, "--dir", folder, "--scratch", scratch, url=database.admin_url)
            assert ran.code == code, (command, ran.out, ran.err)
    assert run("dump", "--dir", written, "--scratch", scratch, url=database.admin_url).code == 0
    assert run("plan", "--dir", written, "--scratch", scratch, url=database.admin_url).code == 0


@pytest.mark.parametrize("limit", ["idle_in_transaction_session_timeout", "transaction_timeout", "statement_timeout"])
def test_an_update_takes_its_time_whatever_sessions_are_limited_to(
    database: Database, run: Run, tmp_path: Path, limit: str
) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE logs (id int); INSERT INTO logs SELECT generate_series(1, 3)")
        connection.execute(
            "CREATE FUNCTION slow(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT length(pg_sleep(0.3)::text) + $1'"
        )
        connection.execute(f"ALTER DATABASE {database.name} SET {limit} = '500ms'".encode())
    (tmp_path / "logs.sql").write_text(
        "CREATE FUNCTION slow(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT length(pg_sleep(0.3)::text) + $1';\n"
        "CREATE TABLE logs (id int); CREATE INDEX slowly ON logs (slow(id));\n"
    )
    ran = run("apply", "--dir", tmp_path)
    assert ran.code == 0, ran.err


def test_rows_are_worked_on_in_the_databases_own_styles(database: Database, run: Run, tmp_path: Path) -> None:
    """Text becomes a time, and an interval text, as psql makes it of them there."""
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE logs (id int PRIMARY KEY, at timestamp, day text, lasts interval)")
        owner.execute("INSERT INTO logs VALUES (1, '2026-02-01 00:00', '01.02.2026', '3 days 04:05:06')")
        for setting in ("TimeZone = 'Asia/Seoul'", "DateStyle = 'German, DMY'", "IntervalStyle = 'iso_8601'"):
            owner.execute(f"ALTER DATABASE {database.name} SET {setting}".encode())
    (tmp_path / "logs.sql").write_text(
        "CREATE TABLE logs (id int PRIMARY KEY, at timestamptz, day date, lasts text);\n"
    )
    ran = run("apply", "--dir", tmp_path, "--allow", "all")
    assert ran.code == 0, ran.err
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("SET DateStyle = 'ISO'; SET TimeZone = 'UTC'")
        row = owner.execute("SELECT at::text, day::text, lasts FROM logs").fetchone()
    assert row == ("2026-01-31 15:00:00+00", "2026-02-01", "P3DT4H5M6S")


def test_what_files_say_is_read_as_psql_reads_it_there(database: Database, run: Run, tmp_path: Path) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        for setting in ("TimeZone = 'Asia/Seoul'", "DateStyle = 'SQL, DMY'"):
            owner.execute(f"ALTER DATABASE {database.name} SET {setting}".encode())
    text = (
        "CREATE TABLE logs (at timestamptz, day date DEFAULT '31/01/2026') PARTITION BY RANGE (at);\n"
        "CREATE TABLE logs_02 PARTITION OF logs FOR VALUES FROM ('01/02/2026') TO ('01/03/2026');\n"
    )
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute(text.encode())
    (tmp_path / "logs.sql").write_text(text)
    ran = run("plan", "--dir", tmp_path)
    assert ran.code == 0, ran.out + ran.err
