"""A server that takes only clients of a Seal's authority takes none."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.plugin import UNKNOWN, Secret
from tests.provider.pgstack.conftest import Manage
from tests.provider.pgstack.driver import Managed


@pytest.fixture
def seal(manage: Manage) -> Iterator[Managed]:
    seal = manage("tls:Seal")
    seal.create()
    yield seal
    seal.delete()


def test_it_stays_and_only_its_key_is_secret(manage: Manage, seal: Managed) -> None:
    unknown = manage("tls:Seal", "other").preview_create()
    assert unknown["key"] == Secret(UNKNOWN)
    assert unknown["certificate"] == unknown["authority"] == UNKNOWN
    before = dict(seal.state)
    assert seal.refresh()
    assert seal.state == before
    assert seal.diff().changes == {}
    assert isinstance(before["key"], Secret)
    assert before["certificate"] != before["authority"]


def test_nobody_gets_in_not_even_with_the_certificate_itself(seal: Managed, tmp_path: Path) -> None:
    key = seal.state["key"]
    assert isinstance(key, Secret)
    (tmp_path / "own.pem").write_text(f"{seal.state['certificate']}{key.value}")
    (tmp_path / "authority.pem").write_text(str(seal.state["authority"]))
    door = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    door.load_cert_chain(tmp_path / "own.pem")
    door.load_verify_locations(tmp_path / "authority.pem")
    door.verify_mode = ssl.CERT_REQUIRED
    for holds_certificate in (False, True):
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        if holds_certificate:
            client.load_cert_chain(tmp_path / "own.pem")
        assert refusal(door, client) is not None


def refusal(door: ssl.SSLContext, client: ssl.SSLContext) -> str | None:
    """Return why the server of `door` refuses `client`, None when it lets it in."""
    reasons: list[str | None] = []

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        try:
            with door.wrap_socket(connection, server_side=True):
                reasons.append(None)
        except ssl.SSLError as error:
            reasons.append(str(error.reason))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        with socket.create_connection(listener.getsockname()) as raw:
            try:
                with client.wrap_socket(raw) as connection:
                    connection.recv(1)
            except (ssl.SSLError, ConnectionError):
                pass
            server.join(timeout=30)
    return reasons[0]
