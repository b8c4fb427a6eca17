"""Back to an earlier moment: the commands of the runbook in docs/operations.md, as they are written there."""

import re
import shlex
from contextlib import closing

import psycopg
import pytest

from tests.e2e.project import SOURCE, Project
from tests.full_run import in_full

pytestmark = in_full

RUNBOOK = "Cutover to a restored database"
DATABASES = "SELECT datname FROM pg_database WHERE datname ~ '^ecosystem_' ORDER BY 1"


def commands(title: str) -> list[list[str]]:
    """Return the words of each line of the first shell block of that chapter."""
    chapter = (SOURCE / "docs/operations.md").read_text().partition(f"\n## {title}\n")[2]
    block = chapter.partition("```sh\n")[2].partition("```")[0]
    return [shlex.split(line, comments=True) for line in block.splitlines()]


def agents(project: Project, stack: str, database: str = "ecosystem") -> list[str]:
    """Return who is registered in a database of the stack's server."""
    url = psycopg.conninfo.make_conninfo(project.outputs(stack)["adminUrl"], dbname=database)
    with closing(psycopg.connect(url)) as connection:
        return [name for (name,) in connection.execute("SELECT agent_id FROM agent_registry ORDER BY 1")]


def walk_cutover(project: Project, stack: str) -> None:
    """Go back to the last backup, go on from there, and then back to what had been left."""
    look, replace, backup = ([*words, f"STACK={stack}"] for words in commands(RUNBOOK))
    assert {words[0] for words in (look, replace, backup)} == {"make"}
    project.query("SELECT register_agent('before', 'executor', '1.8.3')", stack=stack)
    project.make("backup", f"STACK={stack}")
    project.query("DELETE FROM agent_registry", stack=stack)
    project.query("SELECT register_agent('after', 'executor', '1.8.3')", stack=stack)
    url = project.outputs(stack)["url"]
    try:
        said = project.make(*look[1:])
        restored = re.search(r"ecosystem_restored_\d{8}_\d{6}", said)
        assert restored, said
        assert agents(project, stack, restored[0]) == ["before"]
        assert agents(project, stack) == ["after"]

        with closing(psycopg.connect(url)) as session:
            said = project.make(*replace[1:])
            with pytest.raises(psycopg.errors.AdminShutdown):
                session.execute("SELECT 1")
        kept = re.search(r"ecosystem_replaced_\d{8}_\d{6}", said)
        assert kept, said
        assert f'DROP DATABASE "{kept[0]}"' in said
        assert agents(project, stack) == ["before"]
        assert agents(project, stack, kept[0]) == ["after"]
        assert "no backup of this database yet" in project.make("status", f"STACK={stack}", expect=2)
        assert "backup is the latest" in project.make(*backup[1:])
        assert "💾 good" in project.make("status", f"STACK={stack}")
        project.make("up", f"STACK={stack}")
        assert project.outputs(stack)["url"] == url
        project.preview("--expect-no-changes", "--refresh", stack=stack)

        for statement in ("ecosystem RENAME TO ecosystem_left", f"{kept[0]} RENAME TO ecosystem"):
            project.query(f"ALTER DATABASE {statement}", stack=stack, output="adminUrl")
        assert agents(project, stack) == ["after"]
        project.preview("--expect-no-changes", "--refresh", stack=stack)
        project.make("backup", f"STACK={stack}")
    finally:
        for row in project.query(DATABASES, stack=stack, output="adminUrl"):
            project.query(f'DROP DATABASE "{row["datname"]}" WITH (FORCE)', stack=stack, output="adminUrl")
        project.query("DELETE FROM agent_registry", stack=stack)


def test_the_runbook_leads_to_the_last_backup_and_back_again(standing: Project) -> None:
    walk_cutover(standing, "dev")
