"""A Verification runs a folder of checks and fails with all that fail."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.plugin import UNKNOWN, Secret
from tests.conftest import Database
from tests.provider.pgstack.conftest import Manage
from tests.provider.plugin_client import PluginError

Inputs = dict[str, Any]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "02_second.sql").write_text("SELECT TRUE AS ok, 'two' AS message UNION ALL SELECT TRUE, 'three';\n")
    (tmp_path / "01_first.sql").write_text("-- a comment, 100 %\nSELECT TRUE AS ok, current_schema()::text AS message;")
    return tmp_path


@pytest.fixture
def inputs(database: Database, directory: Path) -> Inputs:
    url = Secret(database.owner_url)
    return {"url": url, "schemaName": "public", "directory": str(directory), "triggers": {"schema": "1"}}


def test_the_report_is_in_the_order_of_the_files(manage: Manage, inputs: Inputs) -> None:
    verification = manage("postgres:Verification")
    assert verification.preview_create(**inputs)["report"] == UNKNOWN
    verification.create(**inputs)
    assert verification["report"] == ["public", "two", "three"]
    assert isinstance(verification.state["url"], Secret)
    assert verification.diff(**inputs).changes == {}


def test_all_failures_are_listed(manage: Manage, inputs: Inputs, directory: Path) -> None:
    (directory / "01_first.sql").write_text("SELECT FALSE AS ok, 'no tables' AS message UNION ALL SELECT TRUE, 'fine'")
    (directory / "02_second.sql").write_text("SELECT FALSE AS ok, 'no channels' AS message")
    with pytest.raises(PluginError) as refused:
        manage("postgres:Verification").create(**inputs)
    assert "01_first.sql: no tables" in refused.value.message
    assert "02_second.sql: no channels" in refused.value.message
    assert "fine" not in refused.value.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELEC 1", 'syntax error at or near "SELEC"'),
        ("SELECT 1 AS one", "a check returns rows of"),
        ("SELECT 'false' AS ok, 'text' AS message", "a check returns rows of"),
        ("SELECT TRUE AS ok, 'none' AS message WHERE FALSE", "and at least one"),
        ("", "a check returns rows of"),
    ],
)
def test_a_broken_check_is_named(manage: Manage, inputs: Inputs, directory: Path, text: str, words: str) -> None:
    (directory / "02_second.sql").write_text(text)
    with pytest.raises(PluginError) as refused:
        manage("postgres:Verification").create(**inputs)
    assert f"{directory}/02_second.sql: " in refused.value.message
    assert words in refused.value.message


@pytest.mark.parametrize("text", ["CREATE TABLE made (a int)", "COMMIT; CREATE TABLE made (a int)"])
def test_a_check_can_not_change_anything(
    manage: Manage, inputs: Inputs, directory: Path, database: Database, text: str
) -> None:
    (directory / "02_second.sql").write_text(f"{text}; SELECT TRUE AS ok, 'done' AS message")
    with pytest.raises(PluginError, match=r"02_second\.sql"):
        manage("postgres:Verification").create(**inputs)
    (directory / "02_second.sql").write_text("CREATE TABLE made (a int)")
    with pytest.raises(PluginError, match="read-only transaction"):
        manage("postgres:Verification").create(**inputs)
    with psycopg.connect(database.owner_url) as connection:
        assert connection.execute("SELECT to_regclass('made')").fetchone() == (None,)


def test_a_changed_file_or_trigger_runs_it_again(manage: Manage, inputs: Inputs, directory: Path) -> None:
    verification = manage("postgres:Verification")
    verification.create(**inputs)
    assert verification.diff(**{**inputs, "triggers": {"schema": UNKNOWN}}).changes == {"triggers.schema": "UPDATE"}
    (directory / "02_second.sql").write_text("SELECT TRUE AS ok, 'other' AS message")
    assert verification.diff(**inputs).changes == {'checks["02_second.sql"]': "UPDATE"}
    verification.update(**inputs)
    assert verification["report"] == ["public", "other"]


def test_a_folder_without_checks_is_refused(manage: Manage, inputs: Inputs, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    failures = manage("postgres:Verification").failures(**{**inputs, "directory": str(empty)})
    assert failures == {"directory": f"{empty} holds no *.sql file"}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://me:pass-word@127.0.0.1:1/nowhere", "127.0.0.1:1/nowhere does not answer"),
        ("postgresql://me:pass-word@127.0.0.1:x/nowhere", "127.0.0.1:x/nowhere does not answer"),
        ("me pass-word", "`url` is no connection string"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_line_without_the_password(
    manage: Manage, inputs: Inputs, url: str, words: str
) -> None:
    with pytest.raises(PluginError) as refused:
        manage("postgres:Verification").create(**{**inputs, "url": Secret(url)})
    assert words in refused.value.message
    assert "\n" not in refused.value.message
    assert "pass-word" not in refused.value.message
