"""A connection that dies right after one statement of a plan, or takes its whole process with it."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import psycopg
from typing_extensions import override

from infra.provider.schema.engine import Catalog, LockRules, Target, apply_changes

ONLINE = LockRules(small=-1)
"""No table is a small one."""

LONG_WAITS = LockRules(small=-1, timeout=60_000)
"""For a lock that is waited for until the test has seen it."""


class Doomed(psycopg.Connection[tuple[object, ...]]):
    """Arm it with the plan's statements and the number of the one that is the last to run."""

    admin_url = ""
    statements: frozenset[bytes] = frozenset()
    last = 0
    ran = 0

    @override
    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        cursor = super().execute(query, params, **options)
        if query in self.statements:
            self.ran += 1
            if self.ran == self.last:
                self.die()
        return cursor

    def die(self) -> None:
        if not self.admin_url:
            os.kill(os.getpid(), signal.SIGKILL)
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            gone = admin.execute("SELECT pg_terminate_backend(%s, 20000)", (self.info.backend_pid,)).fetchone()
            assert gone == (True,)


def main() -> None:
    """Apply as a process of its own: url on standard input, the rest from a file."""
    told = json.loads(Path(sys.argv[1]).read_text())
    with Doomed.connect(sys.stdin.read(), autocommit=True) as connection:
        connection.statements = frozenset(sql.encode() for sql in told["statements"])
        connection.last = told["last"]
        apply_changes(connection, Target(schema="app"), Catalog.from_json(told["desired"]), ["all"], rules=ONLINE)


if __name__ == "__main__":
    main()
