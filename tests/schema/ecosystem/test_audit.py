"""The log: batches, seals, and a chain that names whatever was done to it."""

import json
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.schema.ecosystem.conftest import Ecosystem, Register, refused

pytestmark = pytest.mark.server

Service = psycopg.Connection[TupleRow]


def log(service: Service, number: int = 1, **more: object) -> list[int]:
    message = {"from_agent_id": "a", "to_agent_id": "b", "protocol": "http", "message_type": "m", "payload": {"x": 1}}
    batch = [{**message, "payload": {"n": n}, **more} for n in range(number)]
    rows = service.execute("SELECT log_messages(%s)", (json.dumps(batch),)).fetchall()
    return [log_id for (log_id,) in rows]


def seal(service: Service, size: int = 1000) -> int:
    row = service.execute("SELECT seal(%s)", (size,)).fetchone()
    assert row is not None
    return int(row[0])


def verify(service: Service) -> TupleRow:
    row = service.execute("SELECT * FROM verify_audit_chain()").fetchone()
    assert row is not None
    return row


def test_a_batch_is_logged_in_order(service: Service, register: Register) -> None:
    register("a")
    ids = log(service, 3, latency_ms=1.5, error="late")
    assert ids == sorted(ids)
    assert service.execute(
        "SELECT payload, latency_ms, error, payload_bytes FROM agent_communication_logs ORDER BY log_id"
    ).fetchall() == [({"n": n}, 1.5, "late", 8) for n in range(3)]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"from_agent_id": None}, "from_agent_id"),
        ({"to_agent_id": None}, "to_agent_id"),
        ({"protocol": None}, "protocol"),
        ({"message_type": ""}, "message_type"),
        ({"odd": 1}, "unknown key"),
        ({"channel_name": "system.health"}, "publish()"),
    ],
)
def test_messages_that_are_malformed(
    service: Service, register: Register, wrong: dict[str, object], words: str
) -> None:
    register("a")
    with refused("AE001", "message 1", words):
        log(service, 1, **wrong)


def test_what_is_logged_as_another_is_refused(ecosystem: Ecosystem, service: Service, register: Register) -> None:
    register("a")
    for batch in ("[]", "{}", None):
        with refused("AE001"):
            service.execute("SELECT log_messages(%s)", (batch,))
    with refused("AE002"):
        log(service, 1, from_agent_id="nobody")
    with ecosystem.session("agent") as agent:
        agent.execute("SELECT register_agent('me', 'executor', '1.8.3')")
        assert log(agent, 1, from_agent_id="me")
        with refused("AE003"):
            log(agent)


def test_an_untouched_chain_is_whole(ecosystem: Ecosystem, service: Service, register: Register) -> None:
    assert verify(service) == (True, 0, None, None, None)
    register("a")
    log(service, 25)
    assert seal(service, 10) == 25
    assert seal(service, 10) == 0
    log(service, 5)
    assert seal(service, 10) == 5
    log(service)
    with ecosystem.session("observer") as observer:
        observer.execute("SET TimeZone = 'Asia/Seoul'; SET extra_float_digits = -5; SET DateStyle = 'German'")
        assert verify(observer) == (True, 30, None, None, None)


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("UPDATE agent_communication_logs SET from_agent_id = 'z' WHERE log_id = {id}", "altered"),
        ("UPDATE agent_communication_logs SET logged_at = logged_at - interval '1 s' WHERE log_id = {id}", "altered"),
        ("UPDATE agent_communication_logs SET latency_ms = 9 WHERE log_id = {id}", "altered"),
        ("UPDATE agent_communication_logs SET payload = '{{}}' WHERE log_id = {id}", "payload altered"),
        ("UPDATE agent_communication_logs SET payload = NULL WHERE log_id = {id}", "payload altered"),
        (
            "UPDATE agent_communication_logs SET payload = '1', payload_sha256 = sha256('1') WHERE log_id = {id}",
            "altered",
        ),
        ("DELETE FROM agent_communication_logs WHERE log_id = {id}", "removed"),
        (
            """
            UPDATE agent_communication_logs SET log_id = 2 * {id} + 1 - log_id
            WHERE log_id IN ({id}, {id} + 1)
            """,
            "altered",
        ),
        (
            """
            INSERT INTO agent_communication_logs (log_id, from_agent_id, to_agent_id, protocol, message_type)
            VALUES ({id}, 'a', 'b', 'http', 'm')
            """,
            "altered",
        ),
    ],
)
def test_whatever_is_done_to_a_sealed_entry_is_named(
    ecosystem: Ecosystem, service: Service, register: Register, damage: str, fault: str
) -> None:
    register("a")
    ids = log(service, 12)
    seal(service, 5)
    with ecosystem.admin() as superuser:
        superuser.execute("SET session_replication_role = 'replica'")
        superuser.execute(damage.format(id=ids[6]))
    assert verify(service) == (False, 12, fault, ids[6], 2)


def test_an_entry_slipped_into_a_gap_is_named(ecosystem: Ecosystem, service: Service, register: Register) -> None:
    register("a")
    log(service, 2)
    service.execute("SELECT nextval('agent_communication_logs_log_id_seq')")
    log(service, 2)
    seal(service)
    with ecosystem.admin() as superuser:
        superuser.execute(
            """
            INSERT INTO agent_communication_logs (log_id, from_agent_id, to_agent_id, protocol, message_type)
            VALUES (3, 'a', 'b', 'http', 'm')
            """
        )
    assert verify(service) == (False, 4, "added", 3, None)


@pytest.mark.parametrize(
    ("damage", "fault", "number"),
    [
        ("UPDATE pgstack.audit_seal SET digests[1] = sha256('') WHERE seal_id = 2", "a seal was altered", 2),
        ("DELETE FROM pgstack.audit_seal WHERE seal_id = 1", "a seal was removed", 1),
        ("DELETE FROM pgstack.audit_seal WHERE seal_id = 2", "a seal was removed", 2),
        ("DELETE FROM pgstack.audit_seal WHERE seal_id = 3", "a seal was removed", 3),
    ],
)
def test_seals_are_chained(
    ecosystem: Ecosystem, service: Service, register: Register, damage: str, fault: str, number: int
) -> None:
    register("a")
    log(service, 12)
    seal(service, 5)
    with ecosystem.admin() as superuser:
        superuser.execute(damage)
    intact, _, said, _, seal_id = verify(service)
    assert (intact, said, seal_id) == (False, fault, number)


def test_nothing_is_sealed_past_a_writer_that_goes_on(
    ecosystem: Ecosystem, service: Service, register: Register
) -> None:
    """A number drawn before the seal may be committed after it; it must not look like one slipped in."""
    register("a")
    with ecosystem.owner() as slow, slow.transaction():
        first = log(slow)[0]
        log(service, 3)
        assert seal(service) == 0
        assert seal(service) == 0
        log(service)
    assert seal(service) == 5
    assert verify(service) == (True, 5, None, None, None)
    assert first == 1


def test_sealing_keeps_up_with_writers_that_never_pause(
    ecosystem: Ecosystem, service: Service, register: Register
) -> None:
    register("a")
    with ecosystem.owner() as one, ecosystem.owner() as other:
        one.autocommit = other.autocommit = False
        log(one)
        assert seal(service) == 0
        log(other)
        one.commit()
        assert seal(service) == 1
        log(one)
        other.commit()
        assert seal(service) == 1
        one.commit()
    assert seal(service) == 1


def test_a_chain_sealed_under_load_is_whole(ecosystem: Ecosystem, service: Service, register: Register) -> None:
    """Numbers are committed in any order, some never; each entry is sealed once all the same."""
    register("a")

    def write(writer: int) -> None:
        with ecosystem.owner() as connection:
            for nth in range(30):
                with connection.transaction(force_rollback=(writer + nth) % 5 == 0):
                    log(connection, 2)
                    log(connection)

    with ThreadPoolExecutor(4) as threads:
        writers = [threads.submit(write, number) for number in range(4)]
        while not all(writer.done() for writer in writers):
            seal(service, 7)
        for writer in writers:
            writer.result()
    seal(service, 7)
    assert verify(service) == (True, 4 * 24 * 3, None, None, None)


def test_sealing_is_refused_where_it_would_see_too_little(service: Service) -> None:
    with refused("AE302"), service.transaction():
        service.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        seal(service)
    with refused("AE001"):
        seal(service, 0)


def test_erasing_a_payload_leaves_the_chain_whole(service: Service, register: Register) -> None:
    register("a")
    ids = log(service, 3)
    seal(service)
    assert service.execute("SELECT erase_payloads(%s)", (ids[:2],)).fetchone() == (2,)
    assert service.execute("SELECT erase_payloads(%s)", (ids[:2],)).fetchone() == (0,)
    assert service.execute("SELECT payload FROM agent_communication_logs ORDER BY log_id").fetchall() == [
        (None,),
        (None,),
        ({"n": 2},),
    ]
    assert verify(service) == (True, 3, None, None, None)


@pytest.mark.parametrize("ecosystem", ["fleet"], indirect=True)
def test_each_schema_has_a_chain_of_its_own(ecosystem: Ecosystem, service: Service, register: Register) -> None:
    register("a")
    log(service)
    assert seal(service) == 1
    with ecosystem.owner() as owner:
        assert owner.execute("SELECT schema_name FROM pgstack.audit_chain").fetchall() == [("fleet",)]
    assert verify(service)[0]
