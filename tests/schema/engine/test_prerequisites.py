"""Files may say what they need of the database: what is there already, and is others', is no change."""

from pathlib import Path

import pytest

from infra.provider.schema.desired import desired_catalog
from infra.provider.schema.errors import SourceErrors
from infra.provider.schema.prerequisites import without_prerequisites
from infra.provider.schema.source import SourceFile
from infra.provider.schema.target import Target

TARGET = Target(schema="app", owner="Owner")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE EXTENSION vector;",
        'create extension "uuid-ossp" ;',
        "CREATE EXTENSION IF NOT EXISTS VECTOR WITH SCHEMA extensions CASCADE;",
        "CREATE EXTENSION\n  pg_trgm\n  SCHEMA extensions;",
        "CREATE SCHEMA app;",
        'CREATE SCHEMA IF NOT EXISTS App AUTHORIZATION "Owner";',
    ],
)
def test_what_is_there_leaves_blanks(statement: str) -> None:
    text = f"SELECT 'CREATE EXTENSION vector;'; {statement} CREATE TABLE t ();"
    found = without_prerequisites(SourceFile("a.sql", text), TARGET).text
    assert found.split() == ["SELECT", "'CREATE", "EXTENSION", "vector;';", "CREATE", "TABLE", "t", "();"]
    assert found.index("CREATE TABLE") == text.index("CREATE TABLE")
    assert found.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE EXTENSION hstore;",
        'CREATE EXTENSION "Vector";',
        "CREATE EXTENSION vector SCHEMA app;",
        "CREATE EXTENSION vector VERSION '0.7.0';",
        "CREATE SCHEMA other;",
        "CREATE SCHEMA app AUTHORIZATION owner;",
        "CREATE SCHEMA app CREATE TABLE t ();",
        "DROP SCHEMA IF EXISTS app CASCADE; CREATE SCHEMA app;",
        "CREATE SCHEMA app; drop extension if exists vector; CREATE EXTENSION vector;",
    ],
)
def test_what_is_not_stays(statement: str) -> None:
    assert without_prerequisites(SourceFile("a.sql", statement), TARGET).text == statement


def test_a_script_as_it_was_run_by_hand_is_read(tmp_path: Path) -> None:
    script = (
        "CREATE EXTENSION vector;\nCREATE SCHEMA app;\nCREATE TABLE t (id int PRIMARY KEY, e extensions.vector(3));\n"
    )
    (tmp_path / "a.sql").write_text(script)
    found = desired_catalog(tmp_path, Target(schema="app"), tmp_path / "cache").catalog
    assert list(found.tables) == ["t"]
    assert found.extensions == {}  # others made it, and change it


def test_what_is_wanted_otherwise_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("CREATE EXTENSION vector SCHEMA app;")
    with pytest.raises(SourceErrors, match='extension "vector" already exists'):
        desired_catalog(tmp_path, Target(schema="app"), tmp_path / "cache")
