"""Free ports: what is chosen, what is refused, and what happens when another program is faster."""

import socket
from collections.abc import Iterator

import pytest

from infra.embedded.ports import HOST, RANGE, STARTS, PortTakenError, free_port, free_ports, start_on_free_ports


class StartError(Exception):
    """What the servers of these tests raise when they can not start."""


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind((HOST, free_port()))
        other.listen()
        yield other.getsockname()[1]


def test_ports_chosen_together_differ_and_are_below_the_outgoing_ones() -> None:
    ports = free_ports([0] * 500)
    assert len(set(ports)) == 500
    assert set(ports) <= set(RANGE)


def test_a_port_that_was_asked_for_and_is_taken_is_refused(taken: int) -> None:
    with pytest.raises(PortTakenError, match=f"port {taken} on 127.0.0.1 is taken"):
        free_ports([0, taken])


def test_a_server_that_lost_its_port_starts_on_another() -> None:
    tried: list[int] = []
    with socket.socket() as faster:

        def start(ports: list[int]) -> None:
            tried.extend(ports)
            if len(tried) == 1:
                faster.bind((HOST, ports[0]))
                faster.listen()
                raise StartError

        assert start_on_free_ports([0], start, StartError) == tried[1:]
    assert tried[0] != tried[1]


def test_a_port_that_was_asked_for_is_not_exchanged_when_another_program_is_faster() -> None:
    wanted = free_port()
    with socket.socket() as faster:

        def start(ports: list[int]) -> None:
            faster.bind((HOST, ports[0]))
            faster.listen()
            raise StartError

        with pytest.raises(PortTakenError, match=str(wanted)):
            start_on_free_ports([wanted], start, StartError)


def test_a_server_that_fails_for_another_reason_is_started_once() -> None:
    tried: list[int] = []

    def start(ports: list[int]) -> None:
        tried.extend(ports)
        raise StartError

    with pytest.raises(StartError):
        start_on_free_ports([0], start, StartError)
    assert len(tried) == 1 < STARTS
