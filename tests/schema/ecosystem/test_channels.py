"""Channels: who may use them, and what publishing does with and without Supabase Realtime."""

import json

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.schema.ecosystem.conftest import Ecosystem, Register, refused
from tests.schema.ecosystem.tasks import one

pytestmark = pytest.mark.server

Service = psycopg.Connection[TupleRow]

REALTIME = """
CREATE SCHEMA realtime;
CREATE TABLE realtime.messages (
    topic text NOT NULL, event text, payload jsonb, private boolean, extension text, inserted_at timestamp DEFAULT now()
);
ALTER TABLE realtime.messages ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION realtime.topic() RETURNS text LANGUAGE sql STABLE
RETURN nullif(current_setting('realtime.topic', TRUE), '');
CREATE FUNCTION realtime.send(payload jsonb, event text, topic text, private boolean DEFAULT TRUE) RETURNS void
LANGUAGE sql SECURITY DEFINER
BEGIN ATOMIC
    INSERT INTO realtime.messages (payload, event, topic, private, extension)
    VALUES (send.payload, send.event, send.topic, send.private, 'broadcast');
END;
GRANT USAGE ON SCHEMA realtime TO public;
GRANT SELECT, INSERT ON realtime.messages TO public;
CREATE PUBLICATION supabase_realtime;
ALTER TABLE realtime.messages OWNER TO ecosystem_owner;
ALTER PUBLICATION supabase_realtime OWNER TO ecosystem_owner;
"""


def publish(connection: Service, channel: str, payload: object = None, **named: object) -> int:
    more = "".join(f", {name} => %s" for name in named)
    row = connection.execute(
        f"SELECT publish(%s, 'said', %s{more})", (channel, json.dumps(payload or {"x": 1}), *named.values())
    ).fetchone()
    assert row is not None
    return int(row[0])


def may(connection: Service, channel: str, action: str, agent_id: str | None = None) -> object:
    row = connection.execute("SELECT can_access_channel(%s, %s, %s)", (channel, action, agent_id)).fetchone()
    return row and row[0]


def test_classes_and_roles_decide(ecosystem: Ecosystem, service: Service, register: Register) -> None:
    register("worker", "executor")
    register("boss", "orchestrator", "2.1.0")
    assert [may(service, "agents.executor", "publish", name) for name in ("worker", "boss", "nobody")] == [
        True,
        False,
        False,
    ]
    assert [may(service, "tasks.distribution", "publish", name) for name in ("worker", "boss")] == [False, True]
    assert may(service, "tasks.distribution", "subscribe", "worker") is True
    assert may(service, "tasks.distribution", "publish") is True
    assert may(service, "no.such", "publish") is False
    with ecosystem.session("observer") as observer:
        assert may(observer, "system.health", "subscribe") is True
        assert may(observer, "system.health", "publish") is False
    service.execute("UPDATE realtime_channels SET is_active = FALSE WHERE channel_name = 'system.health'")
    assert may(service, "system.health", "publish") is False
    with refused("AE001", "'listen'"):
        may(service, "system.health", "listen")


def test_a_message_is_logged_and_notified(ecosystem: Ecosystem, service: Service) -> None:
    with ecosystem.session("agent") as agent, ecosystem.session("observer") as listener:
        agent.execute("SELECT register_agent('me', 'executor', '1.8.3')")
        listener.execute('LISTEN "agents.executor"')
        log_id = publish(agent, "agents.executor", {"x": 1})
        (notice,) = listener.notifies(timeout=30, stop_after=1)
    assert json.loads(notice.payload) == {"event": "said", "from": "me", "log_id": log_id, "payload": {"x": 1}}
    assert service.execute(
        "SELECT from_agent_id, to_agent_id, protocol, channel_name, message_type, payload FROM agent_communication_logs"
    ).fetchall() == [("me", None, "pg_notify", "agents.executor", "said", {"x": 1})]


@pytest.mark.parametrize("filler", ["a" * 9000, "가" * 4000])
def test_what_is_too_large_for_a_notification_is_read(ecosystem: Ecosystem, filler: str) -> None:
    with ecosystem.session("agent") as agent, ecosystem.session("agent") as stranger:
        agent.execute("SELECT register_agent('me', 'executor', '1.8.3')")
        stranger.execute("SELECT register_agent('other', 'indexing', '1.8.3')")
        agent.execute('LISTEN "agents.executor"')
        log_id = publish(agent, "agents.executor", {"text": filler})
        (notice,) = agent.notifies(timeout=30, stop_after=1)
        assert json.loads(notice.payload) == {"event": "said", "from": "me", "log_id": log_id, "oversize": True}
        row = agent.execute("SELECT event, payload FROM read_message(%s)", (log_id,)).fetchone()
        assert row == ("said", {"text": filler})
        with refused("AE504"):
            stranger.execute("SELECT * FROM read_message(%s)", (log_id,))
        with refused("AE504"):
            agent.execute("SELECT * FROM read_message(%s)", (log_id + 1,))


def test_publishing_that_is_refused(ecosystem: Ecosystem, service: Service, register: Register) -> None:
    register("worker", "executor")
    with refused("AE501", "'no.such'"):
        publish(service, "no.such")
    with refused("AE502", "'worker'"):
        publish(service, "tasks.distribution", agent_id="worker")
    with refused("AE002"):
        publish(service, "tasks.distribution", agent_id="nobody")
    with refused("AE001", "event"):
        service.execute("SELECT publish('system.health', '')")
    service.execute("UPDATE realtime_channels SET max_payload_bytes = 10 WHERE channel_name = 'system.health'")
    with refused("AE503", "12 bytes"):
        publish(service, "system.health", {"x": 12345})
    with ecosystem.session("agent") as agent:
        agent.execute("SELECT register_agent('me', 'executor', '1.8.3')")
        with refused("AE502", "'me'"):
            publish(agent, "agents.indexing")
        with refused("AE003"):
            publish(agent, "agents.executor", agent_id="worker")
    assert service.execute("SELECT count(*) FROM agent_communication_logs").fetchone() == (0,)


def test_usage_is_counted_once_and_publishers_never_wait(ecosystem: Ecosystem, service: Service) -> None:
    """Two publishers with open transactions on one channel: neither writes a row that the other writes."""
    read = """
        SELECT message_count, message_bytes, messages_last_hour FROM channel_usage WHERE channel_name = 'system.health'
    """
    with ecosystem.session("service_role") as one, ecosystem.session("service_role") as other:
        for session in (one, other):
            session.execute("SET lock_timeout = '1s'")
            session.autocommit = False
            publish(session, "system.health")
        one.commit()
        other.commit()
    publish(service, "system.health")
    assert service.execute(read).fetchone() == (0, 0, 3)
    for _ in range(2):
        service.execute("SELECT seal()")
        assert service.execute(read).fetchone() == (3, 24, 3)


def test_realtime_gets_the_message_after_the_log(ecosystem: Ecosystem, service: Service, register: Register) -> None:
    register("worker", "executor")
    assert service.execute("SELECT * FROM connect_realtime()").fetchall() == []
    with ecosystem.admin() as admin:
        admin.execute(REALTIME)
    done = service.execute("SELECT * FROM connect_realtime()").fetchall()
    assert len(done) == 9
    assert service.execute("SELECT * FROM connect_realtime()").fetchall() == []
    publish(service, "agents.executor", {"x": 2}, agent_id="worker")
    with ecosystem.admin() as admin:
        assert admin.execute("SELECT topic, event, payload, private FROM realtime.messages").fetchall() == [
            ("agents.executor", "said", {"x": 2}, True)
        ]
        assert admin.execute(
            "SELECT count(*) FROM pg_publication_tables WHERE pubname = 'supabase_realtime' AND schemaname = 'public'"
        ).fetchone() == (7,)
    assert service.execute("SELECT protocol FROM agent_communication_logs").fetchone() == ("realtime",)


@pytest.mark.parametrize(
    "ecosystem", ["a_schema_whose_name_is_as_long_as_names_may_be_in_postgresql_63", "다른_스키마"], indirect=True
)
def test_realtime_is_connected_once_whatever_the_schema_is_called(ecosystem: Ecosystem, service: Service) -> None:
    with ecosystem.admin() as admin:
        admin.execute(REALTIME)
    assert len(service.execute("SELECT * FROM connect_realtime()").fetchall()) == 9
    assert service.execute("SELECT * FROM connect_realtime()").fetchall() == []
    assert len(service.execute("SELECT * FROM disconnect_realtime()").fetchall()) == 9


def test_schemas_whose_names_begin_alike_have_policies_of_their_own(ecosystem: Ecosystem) -> None:
    names = set()
    with ecosystem.admin() as admin:
        for end in ("one", "two"):
            schema = "a_schema_of_a_customer_whose_company_has_a_long_name_" + end
            admin.execute(f"CREATE SCHEMA {schema}")
            admin.execute(f"SET search_path TO {schema}")
            names.add(one(admin, "SELECT public.realtime_policy('subscribe')"))
    assert len(names) == 2


def test_realtime_lets_agents_join_their_channels(ecosystem: Ecosystem, service: Service) -> None:
    with ecosystem.admin() as admin:
        admin.execute(REALTIME)
    service.execute("SELECT * FROM connect_realtime()")
    publish(service, "system.health")
    with ecosystem.session("agent") as agent:
        agent.execute("SELECT register_agent('me', 'executor', '1.8.3')")
        read = "SELECT count(*) FROM realtime.messages"
        write = "INSERT INTO realtime.messages (topic, extension) VALUES ('x', 'broadcast')"
        for channel, reads, writes in (
            ("system.health", 1, False),
            ("agents.executor", 1, True),
            ("agents.indexing", 0, False),
            ("", 0, False),
        ):
            agent.execute("SELECT set_config('realtime.topic', %s, FALSE)", (channel,))
            assert agent.execute(read).fetchone() == (reads,)
            if writes:
                with agent.transaction(force_rollback=True):
                    agent.execute(write)
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    agent.execute(write)
