"""A pooler in transaction mode is found by what it does; one in session mode does no harm. With a real PgBouncer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from infra.embedded.account import Account
from infra.preflight.finding import Wanted
from infra.preflight.run import preflight
from tests.pgbouncer import PgBouncer, pgbouncer
from tests.supabase.emulation import Supabase

WANTED = Wanted("public", (), (), "extensions")


@pytest.fixture(scope="module")
def pooler(account: Account) -> Iterator[PgBouncer]:
    with pgbouncer(account) as found:
        yield found


@pytest.fixture(scope="module")
def server(start_supabase: Callable[..., Supabase]) -> Supabase:
    return start_supabase()


@contextmanager
def pooled(pooler: PgBouncer, server: Supabase, mode: str) -> Iterator[str]:
    """Run a pooler in front of `server`; yields the URL that goes through it."""
    target = f"host=127.0.0.1 port={server.port} user=postgres password={server.password}"
    check = server.url().removeprefix("postgresql://").replace(f":{server.port}/", ":{port}/")
    with pooler.running(target, {"auth_type": "any", "pool_mode": mode}, {}, check) as port:
        yield server.url().replace(f":{server.port}/", f":{port}/")


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_pooler_that_shares_sessions_is_refused(mode: str, pooler: PgBouncer, server: Supabase) -> None:
    with pooled(pooler, server, mode) as url:
        (line,) = map(str, preflight(url, WANTED).failures)
    assert "is a pooler in transaction mode" in line
    assert "pool_mode = session" in line


def test_the_login_for_backups_is_held_to_the_same(pooler: PgBouncer, server: Supabase) -> None:
    for mode, count in (("transaction", 1), ("session", 0)):
        with pooled(pooler, server, mode) as url:
            lines = list(map(str, preflight(server.url(), replace(WANTED, backup_url=url)).failures))
        assert [line for line in lines if "is a pooler in transaction mode" in line] == lines[:count]
        assert all("pool_mode = session, in backupDatabaseUrl" in line for line in lines[:count])


def test_a_pooler_that_keeps_sessions_passes(pooler: PgBouncer, server: Supabase) -> None:
    with pooled(pooler, server, "session") as url:
        assert preflight(url, WANTED).failures == []
