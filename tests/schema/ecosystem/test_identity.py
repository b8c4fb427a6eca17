"""Who a session is: by its login, or by claims that PostgREST has verified; and all that does not make it another."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import TupleRow

from tests.schema.ecosystem.conftest import Ecosystem, Register, connect, refused
from tests.schema.ecosystem.tasks import one

pytestmark = pytest.mark.server

Session = psycopg.Connection[TupleRow]
REGISTER = "SELECT register_agent(%s, 'executor', '1.8.3')"


@pytest.fixture
def gateway(ecosystem: Ecosystem) -> Iterator[Session]:
    """Give one session of authenticator, made as Supabase makes it: PostgREST's pool, of size one."""
    with ecosystem.admin() as admin:
        admin.execute(
            sql.SQL("CREATE ROLE authenticator LOGIN NOINHERIT PASSWORD {}").format(
                sql.Literal(ecosystem.server.password)
            )
        )
        ecosystem.made.append("authenticator")
        admin.execute("GRANT anon, authenticated, service_role, agent, orchestrator TO authenticator")
    with connect(ecosystem.server.url(ecosystem.database.name, "authenticator"), autocommit=True) as session:
        yield session


@contextmanager
def request(session: Session, role: str = "agent", claims: dict[str, Any] | None = None) -> Iterator[Session]:
    """Do in one transaction what PostgREST does for a request whose token holds `claims`, and the role."""
    with session.transaction():
        session.execute("SELECT set_config('role', %s, true)", (role,))
        if claims is not None:
            given = json.dumps({"role": role, **claims})
            session.execute("SELECT set_config('request.jwt.claims', %s, true)", (given,))
        yield session


@pytest.mark.parametrize("claims", [{"agent_id": "me"}, {"app_metadata": {"agent_id": "me"}}])
def test_a_verified_claim_is_the_agent(
    gateway: Session, service: Session, register: Register, claims: dict[str, Any]
) -> None:
    register("other")
    with request(gateway, claims=claims) as api:
        assert one(api, "SELECT current_agent_id()") is None
        api.execute(REGISTER, ("me",))
        api.execute(REGISTER, ("me",))
        assert one(api, "SELECT current_agent_id()") == "me"
        api.execute("SELECT heartbeat('me'), heartbeats('{me}'), enqueue_task('noop')")
        assert api.execute("SELECT agent_id FROM agent_registry").fetchall() == [("me",)]
        assert len(api.execute("SELECT task_id FROM claim_tasks('me')").fetchall()) == 1
    assert one(service, "SELECT login_role FROM agent_registry WHERE agent_id = 'me'") is None


def test_requests_over_one_session_do_not_mix(gateway: Session, register: Register) -> None:
    for name in ("a", "b"):
        register(name)
    for name, other in (("a", "b"), ("b", "a"), ("a", "b")):
        with request(gateway, claims={"agent_id": name}) as api:
            assert one(api, "SELECT current_agent_id()") == name
            assert api.execute("SELECT agent_id FROM agent_registry").fetchall() == [(name,)]
            api.execute("SELECT heartbeat(%s)", (name,))
            for call in (f"heartbeat('{other}')", f"heartbeats('{{{other}}}')", f"claim_tasks('{other}')"):
                with refused("AE003", f"'{other}'"), api.transaction():
                    api.execute(f"SELECT {call}")
        with request(gateway) as api:
            assert one(api, "SELECT current_agent_id()") is None
            assert api.execute("SELECT agent_id FROM agent_registry").fetchall() == []
            with refused("AE003"), api.transaction():
                api.execute("SELECT heartbeat(%s)", (name,))


def test_a_claim_goes_no_further_than_its_agent(ecosystem: Ecosystem, gateway: Session, register: Register) -> None:
    register("victim")
    with ecosystem.session("agent") as own:
        own.execute(REGISTER, ("with-a-login",))
    with request(gateway, claims={"agent_id": "me"}) as api:
        with refused("AE003", "'victim'", "'me'"), api.transaction():
            api.execute(REGISTER, ("victim",))
        with refused("AE003", "postgres"), api.transaction():
            api.execute("SELECT register_agent('me', 'executor', '1.8.3', login_role => 'postgres')")
    with request(gateway, claims={"agent_id": "with-a-login"}) as api:
        assert one(api, "SELECT current_agent_id()") is None
        with refused("AE003"), api.transaction():
            api.execute("SELECT heartbeat('with-a-login')")
        with refused("AE005"), api.transaction():
            api.execute(REGISTER, ("with-a-login",))
    for claims in ({"user_metadata": {"agent_id": "victim"}}, {"sub": "victim"}, {}):
        with request(gateway, claims=claims) as api, refused("AE003"), api.transaction():
            api.execute("SELECT heartbeat('victim')")
    denied = pytest.raises(psycopg.errors.InsufficientPrivilege)
    with request(gateway, "authenticated", {"agent_id": "victim"}) as api, denied, api.transaction():
        api.execute("SELECT heartbeat('victim')")


def test_the_service_by_its_token(gateway: Session, register: Register) -> None:
    register("a")
    with request(gateway, "service_role", {}) as api:
        assert one(api, "SELECT session_is_service()") is True
        api.execute("SELECT heartbeat('a')")
    with request(gateway, claims={"agent_id": "a"}) as api:
        api.execute("SET LOCAL ROLE service_role")
        assert one(api, "SELECT session_is_service()") is False
    with request(gateway, "service_role") as api, refused("AE003"), api.transaction():
        api.execute("SELECT heartbeat('a')")


def test_an_orchestrator_by_its_token_sees_its_subtree(gateway: Session, service: Session, register: Register) -> None:
    for name in ("boss", "child", "stranger"):
        register(name)
    service.execute("SELECT attach_agent('boss', 'child', 'mcp', '{\"transport\": \"stdio\"}')")
    with request(gateway, "orchestrator", {"agent_id": "boss"}) as api:
        seen = api.execute("SELECT agent_id FROM agent_registry ORDER BY 1").fetchall()
        assert seen == [("boss",), ("child",)]
        assert len(api.execute("SELECT agent_subtree('boss')").fetchall()) == 2


def test_channels_by_the_role_of_the_token(gateway: Session, service: Session) -> None:
    service.execute(
        "INSERT INTO realtime_channels (channel_name, channel_type, subscribe_classes, subscribe_roles) "
        "VALUES ('operators', 'broadcast', '{}', '{orchestrator}')"
    )
    ask = "SELECT can_access_channel('operators', 'subscribe')"
    for role, allowed in (("agent", False), ("orchestrator", True)):
        with request(gateway, role, {"agent_id": "nobody"}) as api:
            assert one(api, ask) is allowed


def test_claims_take_away_from_a_superuser(ecosystem: Ecosystem, register: Register) -> None:
    """Supabase Realtime asks the policies of realtime.messages in such a session, on behalf of who joins a channel."""
    for name in ("me", "victim"):
        register(name)
    with ecosystem.admin() as admin:
        admin.execute("SELECT heartbeat('victim')")
        with request(admin, claims={"agent_id": "me"}) as realtime:
            assert one(realtime, "SELECT current_agent_id()") == "me"
            assert one(realtime, "SELECT session_is_service()") is False
            with refused("AE003"), realtime.transaction():
                realtime.execute("SELECT heartbeat('victim')")


@pytest.mark.parametrize(
    "setting", ["request.jwt.claims", "request.jwt.claim.agent_id", "role", "session_authorization"]
)
def test_no_setting_makes_a_login_another_agent(ecosystem: Ecosystem, register: Register, setting: str) -> None:
    """A login of its own is one agent, whatever it sets, and whatever the one before it in a pool has left set."""
    register("victim")
    with ecosystem.session("agent") as victim, ecosystem.session("agent") as agent:
        victim.execute(REGISTER, ("with-a-login",))
        agent.execute(REGISTER, ("me",))
        login = one(victim, "SELECT session_user::text")
        for value in (login, "service_role", json.dumps({"role": "service_role", "agent_id": "victim"}), "victim"):
            with suppress(psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue):
                agent.execute("SELECT set_config(%s, %s, false)", (setting, value))
            assert one(agent, "SELECT current_agent_id()") == "me"
            assert agent.execute("SELECT agent_id FROM agent_registry").fetchall() == [("me",)]
            for name in ("victim", "with-a-login"):
                with refused("AE003"):
                    agent.execute("SELECT heartbeat(%s)", (name,))


@pytest.mark.parametrize("schema", ["pg_temp", "mine"])
def test_objects_of_the_same_names_do_not_stand_in_for_ours(
    ecosystem: Ecosystem, register: Register, schema: str
) -> None:
    register("victim")
    with ecosystem.session("agent") as agent, ecosystem.admin() as admin:
        agent.execute(REGISTER, ("me",))
        login = one(agent, "SELECT session_user::text")
        admin.execute(sql.SQL("CREATE SCHEMA mine AUTHORIZATION {}").format(sql.Identifier(login)))
        for definition in (
            "current_agent_id() RETURNS text RETURN 'victim'",
            "claimed_agent_id() RETURNS text RETURN 'victim'",
            "session_is_service() RETURNS boolean RETURN true",
            "is_session_agent(text, name) RETURNS boolean RETURN true",
            'session_claims() RETURNS jsonb RETURN \'{"role": "service_role", "agent_id": "victim"}\'::jsonb',
            'current_setting(text, boolean) RETURNS text RETURN \'{"role": "service_role"}\'',
            "pg_has_role(name, text, text) RETURNS boolean RETURN true",
            "agent_leads(text, text) RETURNS boolean RETURN true",
        ):
            agent.execute(f"CREATE FUNCTION {schema}.{definition}")
        for table in ("agent_registry", "agent_hierarchy"):
            agent.execute(f"CREATE TABLE {schema}.{table} AS TABLE public.{table}")
        agent.execute(f"UPDATE {schema}.agent_registry SET agent_id = 'victim'")
        agent.execute(f"SET search_path TO {schema}, pg_catalog, public, extensions")
        assert one(agent, "SELECT public.current_agent_id()") == "me"
        assert agent.execute("SELECT agent_id FROM public.agent_registry").fetchall() == [("me",)]
        assert agent.execute("SELECT public.find_agents('victim')").fetchall() == []
        for call in ("heartbeat('victim')", "claim_tasks('victim')", "detach_agent('me', agent_id => 'victim')"):
            with refused("AE003"):
                agent.execute(f"SELECT public.{call}")
        with refused("AE002"):
            agent.execute("SELECT public.agent_subtree('victim')")
        admin.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(login)))
