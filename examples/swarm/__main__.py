"""`make demo`: a run of the swarm, live in the terminal."""

import argparse
import os
import sys

import psycopg
from rich.console import Console
from rich.live import Live
from rich.markup import escape

from examples.swarm import screen
from examples.swarm.scenario import Run, SwarmError, play
from examples.swarm.session import URL, connect


def main() -> int:
    """Play a run; return the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--topics", type=int, default=8, help="size of the graph: 8 topics are 25 tasks")
    parser.add_argument("--seconds", type=float, default=0.7, help="how long each piece of work takes")
    parser.add_argument("--limit", type=float, default=120, help="seconds after which the run is given up")
    options = parser.parse_args()
    console = Console()
    if URL not in os.environ:
        console.print(f"[red]{URL} is not set: it is the database's connection string; `make demo` sets it[/]")
        return 2
    try:
        with Live(console=console, refresh_per_second=8) as live:

            def show(run: Run) -> None:
                live.update(screen.render(run))

            run = play(options.topics, options.seconds, options.limit, show)
        console.print(screen.summary(run, _completions(run)), highlight=False)
    except (SwarmError, psycopg.Error) as error:
        console.print(f"[red]{escape(str(error).strip())}[/]")
        return 1
    except KeyboardInterrupt:
        console.print("interrupted: what was open is cancelled, the agents are gone")
        return 130
    return 0


def _completions(run: Run) -> int:
    with connect() as session:
        row = session.execute(
            """
            SELECT count(*) AS messages FROM agent_communication_logs
            WHERE correlation_id = %s AND message_type = 'task.completed'
            """,
            (run.correlation_id,),
        ).fetchone()
    return int(row["messages"]) if row else 0


if __name__ == "__main__":
    sys.exit(main())
