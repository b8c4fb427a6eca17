"""A schema resource whose files make a further schema: one row of the state, no new input."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.plugin import Secret
from tests.conftest import OWNER, Database
from tests.provider.pgstack.conftest import Manage

pytestmark = pytest.mark.server
FILES = {
    "agents.sql": "CREATE TABLE agents (id int PRIMARY KEY);\n",
    "audit.sql": "CREATE SCHEMA audit;\nGRANT USAGE ON SCHEMA audit TO agent;\n"
    "CREATE TABLE audit.log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, agent int REFERENCES agents);\n"
    "CREATE FUNCTION audit.total() RETURNS bigint LANGUAGE sql RETURN 1;\n",
}


@pytest.fixture
def inputs(database: Database, tmp_path: Path) -> dict[str, Any]:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return {
        "url": Secret(database.owner_url),
        "schemaName": "public",
        "directory": str(tmp_path),
        "owner": OWNER,
        "roles": ["agent"],
        "allow": [],
        "adopt": False,
    }


def relations(database: Database) -> set[str]:
    with psycopg.connect(database.owner_url) as owner:
        found = owner.execute("SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname !~ '^pg|^info'")
        return {str(name) for (name,) in found}


def test_its_life(manage: Manage, inputs: dict[str, Any], database: Database, tmp_path: Path) -> None:
    schema = manage("postgres:Schema")
    schema.preview_create(**inputs)
    schema.create(**inputs)
    assert relations(database) == {"public.agents", "audit.log"}
    assert schema.diff(**inputs).changes == {}
    schema.refresh()
    assert schema.diff(**inputs).changes == {}

    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE audit.log ADD COLUMN sneaky int; REVOKE USAGE ON SCHEMA audit FROM agent")
    schema.refresh()
    assert [*schema.failures(**inputs)] == ["allow"], "the files widen a right again"
    inputs["allow"] = ["PRIVILEGE_WIDENED:audit"]
    assert {'tables["audit.log"].columns.sneaky', "schemas.audit.grants"} <= schema.diff(**inputs).changes.keys()
    schema.update(**inputs)
    assert schema.diff(**inputs).changes == {}

    (tmp_path / "audit.sql").write_text(FILES["audit.sql"].replace("agent int", "agent int NOT NULL"))
    assert schema.diff(**inputs).changes.keys() == {'tables["audit.log"].columns.agent.nullable'}
    schema.preview_update(**inputs)
    schema.update(**inputs)
    schema.refresh()
    assert schema.diff(**inputs).changes == {}

    (tmp_path / "audit.sql").unlink()
    schema.update(**inputs)
    assert relations(database) == {"public.agents"}
    schema.delete()
    assert relations(database) == set()
