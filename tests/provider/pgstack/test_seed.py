"""A Seed: a diff a row, only its own rows, and a file's mistakes named before anything happens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from infra.plugin import UNKNOWN, Secret
from tests.conftest import Database
from tests.provider.pgstack.conftest import Manage
from tests.provider.pgstack.driver import Managed
from tests.provider.plugin_client import PluginError

TABLES = """
CREATE TYPE mood AS ENUM ('calm', 'busy');
CREATE TABLE channel (
    name text, version text, mood mood DEFAULT 'calm', moods mood[], tags text[], settings jsonb, plain json,
    price numeric(10, 2), size bigint, ratio double precision, at timestamptz, day date, span interval, id uuid,
    code char(5), short varchar(3), raw bytea, flag boolean, period tstzrange, live text, note text,
    PRIMARY KEY (name, version)
);
CREATE TABLE subscription (name text, version text, FOREIGN KEY (name, version) REFERENCES channel);
"""
ONE = {"name": "agents.discovery", "version": "1.0", "tags": ["a", "b"]}
TWO = {"name": "agents.heartbeat", "version": "2.0", "mood": "busy"}


class File:
    """The seed file of a test, and the inputs of the Seed that reads it."""

    def __init__(self, path: Path, url: str):
        self._path = path
        self._url = url

    def inputs(self) -> dict[str, Any]:
        return {"url": Secret(self._url), "schemaName": "public", "file": str(self._path)}

    def text(self, text: str) -> dict[str, Any]:
        self._path.write_text(text)
        return self.inputs()

    def rows(self, *rows: dict[str, Any], key: tuple[str, ...] = ("name", "version")) -> dict[str, Any]:
        return self.text(yaml.safe_dump({"table": "channel", "key": list(key), "rows": list(rows)}))


@pytest.fixture
def live(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """Give a session of its own in a database that has the tables."""
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute(TABLES)
        yield connection


@pytest.fixture
def file(tmp_path: Path, database: Database, live: psycopg.Connection[Any]) -> File:  # noqa: ARG001 - its tables
    return File(tmp_path / "channels.yaml", database.owner_url)


@pytest.fixture
def unread(tmp_path: Path) -> File:
    """Give a file that is refused before any database is asked."""
    return File(tmp_path / "channels.yaml", "postgresql://nobody@127.0.0.1:1/nowhere")


@pytest.fixture
def seed(manage: Manage) -> Managed:
    return manage("postgres:Seed", "channels")


def names(live: psycopg.Connection[Any]) -> list[str]:
    return [name for (name,) in live.execute("SELECT name FROM channel ORDER BY 1")]


def test_rows_come_change_one_by_one_and_go(seed: Managed, file: File, live: psycopg.Connection[Any]) -> None:
    live.execute("INSERT INTO channel (name, version, note) VALUES ('foreign', '1', 'not ours')")
    seed.preview_create(**file.rows(ONE, TWO))
    assert names(live) == ["foreign"]
    seed.create(**file.rows(ONE, TWO))
    assert names(live) == ["agents.discovery", "agents.heartbeat", "foreign"]
    assert isinstance(seed.state["url"], Secret)
    assert seed.diff(**file.inputs()).changes == {}

    live.execute("UPDATE channel SET note = 'by a user'")
    transactions = dict(live.execute("SELECT name, xmin::text FROM channel"))
    changed = file.rows({**ONE, "tags": ["a", "c"]}, TWO)
    assert seed.diff(**changed).changes == {'rows["agents.discovery 1.0"].tags[1]': "UPDATE"}
    seed.update(**changed)
    after = dict(live.execute("SELECT name, xmin::text FROM channel"))
    assert {name for name in after if after[name] != transactions[name]} == {"agents.discovery"}
    assert set(live.execute("SELECT note FROM channel")) == {("by a user",)}

    fewer = file.rows(TWO)
    assert seed.diff(**fewer).changes == {'rows["agents.discovery 1.0"]': "DELETE"}
    seed.update(**fewer)
    assert names(live) == ["agents.heartbeat", "foreign"]

    seed.delete()
    assert names(live) == ["foreign"]


def test_a_row_others_refer_to_does_not_go_unseen(seed: Managed, file: File, live: psycopg.Connection[Any]) -> None:
    seed.create(**file.rows(ONE, TWO))
    live.execute("INSERT INTO subscription VALUES ('agents.discovery', '1.0')")
    with pytest.raises(PluginError, match=r"channel agents\.discovery 1\.0 was taken out of the file, but other rows"):
        seed.update(**file.rows({**TWO, "mood": "calm"}))
    assert live.execute("SELECT DISTINCT mood::text FROM channel WHERE name = 'agents.heartbeat'").fetchone() == (
        "busy",
    )  # all or nothing

    seed.delete()
    assert names(live) == ["agents.discovery"]
    assert ("warning", "channel agents.discovery 1.0 stays: other rows refer to it") in seed.logs()


AS_WRITTEN = [
    ("moods", ["busy", "calm"]),
    ("tags", ["a b", 'quo"te', "with,comma", ""]),
    ("tags", []),
    ("settings", {"nested": {"list": [1, 2.5, None, True], "text": "ü"}}),
    ("settings", [1, "two"]),
    ("plain", {"z": 1, "a": 2}),
    ("price", 12.5),
    ("price", "12.50"),
    ("price", 3),
    ("size", 9007199254740992),
    ("size", "9007199254740993"),
    ("ratio", 0.1),
    ("at", "2024-05-06 07:08:09+02"),
    ("at", "2024-05-06T05:08:09Z"),
    ("day", "2024-05-06"),
    ("span", "90 minutes"),
    ("id", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"),
    ("code", "ab"),
    ("raw", "\\xDEADBEEF"),
    ("flag", True),
    ("period", "[2024-01-01, 2024-02-01)"),
    ("live", "a column called like an alias"),
    ("note", None),
]


def test_a_value_stays_as_it_was_written(seed: Managed, file: File) -> None:
    rows = [{"name": f"{n} {column}", "version": "1", column: value} for n, (column, value) in enumerate(AS_WRITTEN)]
    inputs = file.rows(*rows)
    seed.create(**inputs)
    assert seed.refresh()
    assert {row["name"]: row for row in seed["rows"].values()} == {row["name"]: row for row in rows}
    assert seed.diff(**inputs).changes == {}


def test_true_is_not_one(seed: Managed, file: File, live: psycopg.Connection[Any]) -> None:
    seed.create(**file.rows({**ONE, "settings": {"on": 1}}))
    changed = file.rows({**ONE, "settings": {"on": True}})
    assert seed.diff(**changed).changes == {'rows["agents.discovery 1.0"].settings.on': "UPDATE"}
    seed.update(**changed)
    live.execute("UPDATE channel SET settings = jsonb_set(settings, '{on}', '1')")
    assert seed.refresh()
    assert seed.diff(**changed).changes == {'rows["agents.discovery 1.0"].settings.on': "UPDATE"}


def test_times_that_yaml_would_read_itself_reach_postgresql(
    seed: Managed, file: File, live: psycopg.Connection[Any]
) -> None:
    inputs = file.text(
        "table: channel\nkey: [name, version]\nrows:\n"
        "  - {name: a, version: '1', at: 2024-05-06 07:08:09.123456, day: 2024-05-06}\n"
    )
    seed.create(**inputs)
    assert live.execute("SELECT at = '2024-05-06 07:08:09.123456Z', day = '2024-05-06' FROM channel").fetchone() == (
        True,
        True,
    )
    assert seed.refresh()
    assert seed.diff(**inputs).changes == {}


def test_a_key_may_have_any_type(seed: Managed, file: File, live: psycopg.Connection[Any]) -> None:
    live.execute("CREATE UNIQUE INDEX ON channel (flag, price, at)")
    row = {"name": "n", "version": "1", "flag": True, "price": 1.1, "at": "2024-05-06 07:08:09+02"}
    inputs = file.rows(row, key=("flag", "price", "at"))
    seed.create(**inputs)
    assert seed.refresh()
    assert seed.diff(**inputs).changes == {}
    seed.delete()
    assert names(live) == []


def test_changed_and_deleted_rows_are_drift_that_up_repairs(
    seed: Managed, file: File, live: psycopg.Connection[Any]
) -> None:
    inputs = file.rows(ONE, TWO)
    seed.create(**inputs)
    live.execute("UPDATE channel SET mood = 'calm' WHERE name = 'agents.heartbeat'")
    live.execute("DELETE FROM channel WHERE name = 'agents.discovery'")
    assert seed.refresh()
    assert seed.diff(**inputs).changes == {
        'rows["agents.discovery 1.0"]': "ADD",
        'rows["agents.heartbeat 2.0"].mood': "UPDATE",
    }
    seed.update(**inputs)
    assert seed.refresh()
    assert seed.diff(**inputs).changes == {}

    live.execute("DROP TABLE channel CASCADE")
    assert not seed.refresh()
    seed.delete()  # of rows whose table is gone: no error


def test_rows_that_are_there_already_are_adopted(seed: Managed, file: File, live: psycopg.Connection[Any]) -> None:
    live.execute("INSERT INTO channel (name, version, note) VALUES ('agents.discovery', '1.0', 'kept')")
    seed.create(**file.rows(ONE, TWO))
    assert live.execute("SELECT tags, note FROM channel WHERE version = '1.0'").fetchone() == (["a", "b"], "kept")


def test_another_database_gets_all_rows(
    seed: Managed, file: File, live: psycopg.Connection[Any], database: Database
) -> None:
    """The server's data was lost and made anew: a new address, the same rows in the state."""
    seed.create(**file.rows(ONE))
    live.execute("DELETE FROM channel")
    seed.update(**{**file.inputs(), "url": Secret(database.admin_url)})
    assert names(live) == ["agents.discovery"]


def test_another_key_replaces_and_keeps_the_rows(seed: Managed, file: File, live: psycopg.Connection[Any]) -> None:
    live.execute("CREATE UNIQUE INDEX ON channel (name)")
    seed.create(**file.rows(ONE))
    wanted = file.rows(ONE, key=("name",))
    diff = seed.diff(**wanted)
    assert diff.replaces == ["key"]
    assert diff.delete_first  # or the old one's end would take the new one's rows along
    seed.delete()
    seed.create(**wanted)
    assert names(live) == ["agents.discovery"]


def test_an_address_that_is_not_known_yet_is_no_obstacle(seed: Managed, file: File) -> None:
    inputs = file.rows(ONE)
    assert seed.preview_create(**{**inputs, "url": UNKNOWN})["rows"] == {"agents.discovery 1.0": ONE}
    seed.create(**inputs)
    assert seed.diff(**{**inputs, "url": UNKNOWN}).changes == {"url": "UPDATE"}


HEAD = "table: channel\nkey: [name, version]\nrows:\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "  - {name: a}\n", "row 1 has no version, which the key needs"),
        (HEAD + "  - {name: a, version: 1}\n  - {name: a, version: 1}\n", "a 1 stands there 2 times"),
        (HEAD + "  - {name: a, version: 1\n", "line 5, column 1: expected ',' or '}'"),
        (HEAD + "  - just text\n", "row 1: Input should be a valid dictionary"),
        (HEAD + "  - {name: a, version: 1, size: 9007199254740993}\n", "row 1 has in size 9007199254740993, too large"),
        (HEAD + "  - {name: a, version: 1, raw: !!binary aGk=}\n", "row 1 has in raw a bytes"),
        (HEAD + "  - {name: a, version: 1, settings: {1: x}}\n", "row 1 has in settings the name 1"),
        (HEAD + "  - {name: a, version: 1, ratio: .nan}\n", "row 1 has in ratio nan"),
        ("table: channel\nkey: []\nrows: []\n", "key: List should have at least 1 item"),
        ("table: channel\nrows: []\n", "key: Field required"),
        (HEAD.replace("rows", "row"), "row: Extra inputs are not permitted"),
        ("", "Input should be a valid dictionary"),
        ("table: \x00", "special characters are not allowed"),
    ],
)
def test_a_mistake_in_the_file_is_named_beforehand(seed: Managed, unread: File, text: str, words: str) -> None:
    failures = seed.failures(**unread.text(text))
    assert list(failures) == ["file"]
    assert failures["file"].startswith(unread.inputs()["file"])
    assert words in failures["file"]
    assert "\n" not in failures["file"]


def test_a_missing_file_is_named(seed: Managed, unread: File) -> None:
    assert seed.failures(**unread.inputs()) == {"file": f"{unread.inputs()['file']}: No such file or directory"}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"mod": "busy"}, "channel has no column mod; it has name, version, mood"),
        ({"mood": "furious"}, 'invalid input value for enum mood: "furious"'),
        ({"short": "too long"}, "value too long for type character varying(3)"),
        ({"size": 1.5}, 'invalid input syntax for type bigint: "1.5"'),
    ],
)
def test_what_the_table_refuses_is_named_with_its_row(
    seed: Managed, file: File, live: psycopg.Connection[Any], row: dict[str, Any], words: str
) -> None:
    with pytest.raises(PluginError) as refused:
        seed.create(**file.rows(TWO, {**ONE, **row}))
    assert file.inputs()["file"] in refused.value.message
    assert "agents.discovery 1.0" in refused.value.message
    assert words in refused.value.message
    assert "\n" not in refused.value.message
    assert names(live) == []


def test_a_missing_table_and_a_key_without_a_column_are_named(seed: Managed, file: File) -> None:
    with pytest.raises(PluginError, match="there is no table chanel in schema public"):
        seed.create(**file.text("table: chanel\nkey: [name]\nrows: [{name: a}]\n"))
    with pytest.raises(PluginError, match="channel has no column title, which the key names"):
        seed.create(**file.rows({"title": "a"}, key=("title",)))


def test_a_key_that_is_not_unique_is_refused(seed: Managed, file: File) -> None:
    with pytest.raises(PluginError, match="no unique or exclusion constraint"):
        seed.create(**file.rows(ONE, key=("name",)))


def test_a_refusal_at_the_end_of_the_transaction_is_one_line(
    seed: Managed, file: File, live: psycopg.Connection[Any]
) -> None:
    live.execute("ALTER TABLE channel ADD parent text, ADD UNIQUE (name)")
    live.execute("ALTER TABLE channel ADD FOREIGN KEY (parent) REFERENCES channel (name) DEFERRABLE INITIALLY DEFERRED")
    with pytest.raises(PluginError, match="violates foreign key constraint") as refused:
        seed.create(**file.rows({**ONE, "parent": "nobody"}))
    assert "\n" not in refused.value.message
