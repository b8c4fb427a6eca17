"""Agents behind a real PgBouncer in transaction mode: fewer sessions than agents, and each statement in any of them."""

from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.rows import TupleRow

from infra.embedded.account import Account
from tests.pgbouncer import PgBouncer, pgbouncer
from tests.schema.ecosystem.conftest import Ecosystem, refused

pytestmark = pytest.mark.server

CLIENTS = 8
SESSIONS = 2
TASKS = 64


@pytest.fixture(scope="module")
def pooler(account: Account) -> Iterator[PgBouncer]:
    with pgbouncer(account) as found:
        yield found


def test_agents_share_sessions_and_stay_themselves(ecosystem: Ecosystem, pooler: PgBouncer) -> None:
    server, database = ecosystem.server, ecosystem.database.name
    logins = [ecosystem.login("agent")[0] for _ in range(2)]
    settings = {"pool_mode": "transaction", "default_pool_size": str(SESSIONS), "auth_type": "scram-sha-256"}
    users = dict.fromkeys(logins, server.password)
    check = f"{logins[0]}:{server.password}@127.0.0.1:{{port}}/{database}"
    with (
        ExitStack() as connections,
        pooler.running(f"host=127.0.0.1 port={server.port}", settings, users, check) as port,
        ecosystem.session("service_role") as service,
    ):

        def connect(login: str) -> psycopg.Connection[TupleRow]:
            url = f"postgresql://{login}:{server.password}@127.0.0.1:{port}/{database}"
            return connections.enter_context(psycopg.connect(url, autocommit=True, prepare_threshold=None))

        clients = {login: [connect(login) for _ in range(CLIENTS)] for login in logins}
        for login in logins:
            clients[login][0].execute("SELECT register_agent(%s, 'executor', '1.8.3')", (f"agent-of-{login}",))
        service.execute(
            "SELECT enqueue_task('noop', required_agent_class => 'executor') FROM generate_series(1, %s)", (TASKS,)
        )

        done, backends = [], set()
        for number in range(TASKS):
            for login in logins:
                client, agent = clients[login][number % CLIENTS], f"agent-of-{login}"
                assert client.execute("SELECT current_agent_id()").fetchone() == (agent,)
                client.execute("SELECT heartbeat(%s)", (agent,))
                for task, token in client.execute(
                    "SELECT task_id, fencing_token FROM claim_tasks(%s)", (agent,)
                ).fetchall():
                    client.execute("SELECT complete_task(%s, %s, %s)", (agent, task, token))
                    done.append(task)
                backends.add(client.execute("SELECT pg_backend_pid()").fetchone())
        assert len(set(done)) == len(done) == TASKS
        assert len(backends) <= SESSIONS * len(logins) < CLIENTS * len(logins)
        with refused("AE003"):
            clients[logins[0]][0].execute("SELECT claim_tasks(%s)", (f"agent-of-{logins[1]}",))
