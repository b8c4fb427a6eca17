"""A run in the terminal: agents on the left, the graph of tasks on the right, what happened below."""

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from examples.swarm.scenario import Run

MARKS = {
    "blocked": ("·", "dim"),
    "ready": ("○", "yellow"),
    "leased": ("◐", "cyan"),
    "succeeded": ("●", "green"),
    "dead_letter": ("✗", "red"),
    "cancelled": ("✗", "dim red"),
}
LEGEND = "· blocked  ○ ready  ◐ leased  ● succeeded"
SHOWN_EVENTS = 12


def render(run: Run) -> RenderableType:
    """Return the run as it stands."""
    events = Text("\n".join(run.events[-SHOWN_EVENTS:]))
    return Group(
        Columns([_agents(run), _tasks(run)]),
        Panel(events, title=f"run {run.name}", title_align="left", subtitle=LEGEND),
    )


def _agents(run: Run) -> Table:
    table = Table("agent", "version", "status", "holds", title="Agents", title_justify="left")
    held = {task["assigned_to_agent_id"]: task["task_type"] for task in run.tasks if task["status"] == "leased"}
    for agent in run.agents:
        name = agent["agent_id"].partition("/")[2]
        upgraded = agent["current_version"] == run.new_version and agent["agent_class"] == "executor"
        table.add_row(
            f"  {name}" if agent["parent_agent_id"] else name,
            Text(agent["current_version"], style="green" if upgraded else ""),
            Text("killed", style="red") if agent["agent_id"] == run.killed else agent["status"],
            held.get(agent["agent_id"], ""),
        )
    return table


def _tasks(run: Run) -> Table:
    table = Table("task", "state", "done", title="Tasks", title_justify="left")
    for task_type in dict.fromkeys(task["task_type"] for task in run.tasks):
        tasks = [task for task in run.tasks if task["task_type"] == task_type]
        marks = Text(" ").join(Text(*MARKS[task["status"]]) for task in tasks)
        table.add_row(task_type, marks, f"{sum(task['status'] == 'succeeded' for task in tasks)}/{len(tasks)}")
    return table


def summary(run: Run, messages: int) -> str:
    """Return what the run has shown; `messages` is how many completions its log holds."""
    attempts = sum(task["attempt"] for task in run.tasks)
    succeeded = sum(task["status"] == "succeeded" for task in run.tasks)
    upgraded = sum(
        agent["current_version"] == run.new_version for agent in run.agents if agent["agent_class"] == "executor"
    )
    return (
        f"{succeeded} of {len(run.tasks)} tasks succeeded, {messages} completions in the log, {attempts} attempts; "
        f"{run.killed} was killed, {upgraded} executors run {run.new_version}.\n"
        f"SELECT * FROM agent_communication_logs WHERE correlation_id = '{run.correlation_id}' ORDER BY log_id;"
    )
