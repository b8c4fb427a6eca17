"""A server that is far away: what takes the time there are the answers, not the work."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from infra.provider.schema.engine import Target, apply_changes, drop_all, read_catalog
from tests.conftest import Database
from tests.schema.engine.conftest import Connection, Describe

pytestmark = pytest.mark.server

DELAY = 0.02
"""Seconds that everything takes in each direction, as from one end of a continent to the other."""


@contextmanager
def far_away(host: str, port: int) -> Iterator[int]:
    """Give the port of a relay to a server, for one connection, that hands everything on late."""

    def hand_on(source: socket.socket, sink: socket.socket) -> None:
        while data := source.recv(2**20):
            time.sleep(DELAY)
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)

    def relay() -> None:
        near, _ = server.accept()
        with near, socket.create_connection((host, port)) as there:
            there_too = threading.Thread(target=hand_on, args=(near, there))
            there_too.start()
            hand_on(there, near)
            there_too.join()

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        thread = threading.Thread(target=relay)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_everything_is_dropped_in_time(
    connection: Connection, engine_database: Database, target: Target, describe: Describe
) -> None:
    functions = "".join(f"CREATE FUNCTION f{n}() RETURNS int LANGUAGE sql RETURN {n};" for n in range(60))
    apply_changes(connection, target, describe(f"CREATE TABLE t (id int); CREATE VIEW v AS TABLE t; {functions}"))
    server = urlsplit(engine_database.owner_url)
    with (
        far_away(server.hostname or "", server.port or 0) as port,
        psycopg.connect(make_conninfo(engine_database.owner_url, port=port), autocommit=True) as distant,
    ):
        drop_all(distant, target)
    assert list(read_catalog(connection, target.schema).objects()) == []
