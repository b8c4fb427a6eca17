"""The emulated Supabase is one, as far as its documentation says."""

import psycopg
import pytest

from tests.supabase.emulation import Supabase


def test_the_owner_of_a_project_is_no_superuser(supabase: Supabase) -> None:
    rows = supabase.rows(
        "SELECT rolsuper, rolcreaterole, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = 'postgres'"
    )
    assert rows == [(False, True, True, True)]
    with supabase.connected("postgres") as owner, pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute("CREATE EXTENSION pageinspect")


def test_a_table_in_public_is_open_to_the_api_by_default(supabase: Supabase) -> None:
    with supabase.connected("postgres") as owner:
        owner.execute("CREATE TABLE open_by_default (id int)")
        owner.execute("SET ROLE anon")
        assert owner.execute("SELECT count(*) FROM open_by_default").fetchone() == (0,)


def test_policies_know_who_asks(supabase: Supabase) -> None:
    user = "8f8c7f2e-9d5b-4d8e-b1d9-5a1f0e7f1c11"
    with supabase.connected("authenticator") as api, api.transaction():
        api.execute("SET LOCAL ROLE authenticated")
        api.execute(
            "SELECT set_config('request.jwt.claims', %s, true)", (f'{{"sub": "{user}", "role": "authenticated"}}',)
        )
        row = api.execute("SELECT auth.uid()::text, auth.role(), auth.jwt() ->> 'sub'").fetchone()
    assert row == (user, "authenticated", user)


def test_ddl_tells_postgrest(supabase: Supabase) -> None:
    with supabase.connected() as listener, supabase.connected("postgres") as owner:
        listener.execute("LISTEN pgrst")
        owner.execute("CREATE TABLE seen (id int)")
        heard = next(listener.notifies(timeout=60))
    assert (heard.channel, heard.payload) == ("pgrst", "reload schema")
