"""An emulated project whose server is an older PostgreSQL on this machine, with pgvector out of a wheel."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from infra.embedded.account import Account
from tests.schema.engine.other_servers import add_vector, bare
from tests.supabase.emulation import SETTINGS, Emulated, emulate


@contextmanager
def running_older(major: int, account: Account) -> Iterator[Emulated]:
    """Start a project on a server of a major version; it goes with the block.

    Raises:
        NotToBeHad: there is none here.
    """
    add_vector(major)
    password = secrets.token_urlsafe(12)
    with bare(major, account, password=password, locale="C.UTF-8", **SETTINGS) as server:
        port = int(urlsplit(server.url).port or 0)
        emulate(port, password)
        yield Emulated(port, password)
