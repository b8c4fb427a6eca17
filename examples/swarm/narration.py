"""What has happened between two looks at a run, in words."""

from collections.abc import Iterator, Sequence

from psycopg.rows import DictRow


def of_tasks(before: Sequence[DictRow], after: Sequence[DictRow]) -> Iterator[str]:
    """Yield what has become of tasks: all enqueued at once, and those that a second agent has taken up."""
    if after and not before:
        yield f"{len(after)} tasks enqueued by {_short(after[0]['created_by_agent_id'])}, which leads the others"
    attempts = {task["task_id"]: task["attempt"] for task in before}
    for task in after:
        if task["attempt"] > max(1, attempts.get(task["task_id"], 0)):
            agent = _short(task["assigned_to_agent_id"])
            yield f"{agent} takes up the {task['task_type']} task whose lease ran out (attempt {task['attempt']})"


def of_agents(before: Sequence[DictRow], after: Sequence[DictRow]) -> Iterator[str]:
    """Yield which agents have become another version."""
    versions = {agent["agent_id"]: agent["current_version"] for agent in before}
    for agent in after:
        version = versions.get(agent["agent_id"], agent["current_version"])
        if version != agent["current_version"]:
            yield f"{_short(agent['agent_id'])} has upgraded itself from {version} to {agent['current_version']}"


def _short(agent_id: str) -> str:
    return agent_id.partition("/")[2] or agent_id
