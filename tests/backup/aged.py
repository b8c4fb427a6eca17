"""A server of an older major version with a filled database, without the extensions that older packages lack."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from infra.embedded.account import Account
from tests.schema.engine.other_servers import NotToBeHad, OtherServer, running

NAME = "aged"


@contextmanager
def aged(major: int, account: Account) -> Iterator[OtherServer]:
    """Run a server of a major version with the database `NAME`; skips the test where there is none."""
    try:
        with running(major, account) as server:
            with psycopg.connect(server.as_owner(), autocommit=True) as owner:
                owner.execute(f"CREATE DATABASE {NAME}")
            with psycopg.connect(server.as_owner(NAME), autocommit=True) as owner:
                owner.execute(Path(__file__).with_name("aged.sql").read_text().encode())
            yield server
    except NotToBeHad as reason:
        pytest.skip(str(reason))


def at(server: OtherServer, database: str = NAME) -> str:
    """Return the URL of a database, as superuser."""
    return f"{server.url.rpartition('/')[0]}/{database}"
