"""The work of a run: a graph of tasks for agents of three classes. Nothing here asks the database."""

from typing import Any
from uuid import uuid4

Task = dict[str, Any]


def build(topics: int, capability: str, run: str, new_version: str) -> list[Task]:
    """Return the tasks for a number of topics, what others depend on first, as enqueue_tasks() takes them.

    Each topic is researched, then indexed; executors summarise the topics two by two, then check the summaries and
    report. Those last two need `new_version`, so that the run ends only if executors upgrade themselves in the midst of
    it. The first attempt at the first task stalls: its worker is there to be killed.
    """

    def task(task_type: str, agent_class: str, depends_on: list[Task], **more: Any) -> Task:
        return {
            "task_id": str(uuid4()),
            "task_type": task_type,
            "required_agent_class": agent_class,
            "required_capabilities": [capability],
            "correlation_id": run,
            "depends_on": [each["task_id"] for each in depends_on],
            "max_attempts": 10,
            **more,
        }

    researched = [
        task("research", "research", [], payload={"topic": topic, "stall": topic == 0}) for topic in range(topics)
    ]
    indexed = [task("index", "indexing", [each]) for each in researched]
    summarised = [task("summarise", "executor", indexed[first : first + 2]) for first in range(0, topics, 2)]
    upgraded = {"agent_version_range": f">={new_version}"}
    checked = [task("check", "executor", [each], **upgraded) for each in summarised]
    return [*researched, *indexed, *summarised, *checked, task("report", "executor", checked, **upgraded)]
