"""What the processes of a swarm have in common: their environment, their session, how they are told to end."""

import os
import signal
from dataclasses import dataclass
from types import FrameType
from typing import Any, Self

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

Session = psycopg.Connection[DictRow]

URL = "DATABASE_URL"


def connect() -> Session:
    """Open a session on the database of the environment, each statement its own transaction.

    The connection string comes in the environment, as an argument would be seen by everyone on the machine.
    """
    return psycopg.connect(os.environ[URL], autocommit=True, row_factory=dict_row)


@dataclass(frozen=True)
class Identity:
    """Who a process is, and which run it belongs to.

    Args:
        agent_id: its name, unique in the database.
        agent_class: orchestrator, executor, indexing or research.
        version: the version it runs.
        run: identity of the run: correlation id of all its tasks and messages.
        orchestrator: agent_id of the one that leads.
        seconds: how long a piece of work is to take.
    """

    agent_id: str
    agent_class: str
    version: str
    run: str
    orchestrator: str
    seconds: float

    def environment(self) -> dict[str, str]:
        """Return it as variables, for a process to be started."""
        return {f"SWARM_{name.upper()}": str(value) for name, value in vars(self).items()}

    @classmethod
    def of_environment(cls) -> Self:
        """Return that of this process."""
        given = {name: os.environ[f"SWARM_{name.upper()}"] for name in cls.__dataclass_fields__}
        return cls(**{**given, "seconds": float(given["seconds"])})  # type: ignore[arg-type]

    def register(self, session: Session, agent_type: str, **metadata: Any) -> None:
        """Register the agent; what only this run's agents may do, its capability names."""
        session.execute(
            """
            SELECT register_agent(
                %s, %s, %s, agent_type => %s::agent_type, capabilities => %s, metadata => %s::jsonb
            )
            """,
            (
                self.agent_id,
                self.agent_class,
                self.version,
                agent_type,
                [self.capability],
                Jsonb({"pid": os.getpid(), **metadata}),
            ),
        )

    @property
    def capability(self) -> str:
        """What the run's tasks require, so that no other agent of the database takes them."""
        return f"swarm-{self.run}"


class Ending:
    """Becomes true when the process is told to end, or when whoever started it is gone."""

    def __init__(self) -> None:
        self._told = False
        self._parent = os.getppid()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._told = True

    def __bool__(self) -> bool:
        return self._told or os.getppid() != self._parent
