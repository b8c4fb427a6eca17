"""The preflight against real servers: what is found, what is said, and that nothing is changed."""

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from infra.database_url import DatabaseUrl
from infra.preflight.connecting import explained, place, transaction_pooler
from infra.preflight.finding import Wanted
from infra.preflight.run import Report, preflight
from infra.roles import BACKUP, EXTENSION_SCHEMA, EXTENSIONS, GROUPS
from tests.supabase.emulation import Supabase

SCHEMA = Path(__file__).parents[2] / "sql/schema"
WANTED = Wanted("public", GROUPS, EXTENSIONS, EXTENSION_SCHEMA, BACKUP, directory=SCHEMA)


def failures(report: Report) -> list[str]:
    return [str(finding) for finding in report.failures]


def test_supabases_owner_passes_and_nothing_is_changed(supabase: Supabase) -> None:
    with supabase.connected() as admin:
        admin.execute("ALTER DATABASE postgres SET log_statement = 'mod'")  # whatever changes something
    report = preflight(supabase.url(), WANTED)
    assert failures(report) == []
    assert report.facts is not None
    assert (report.facts.role, report.facts.platform) == ("postgres", "supabase")
    assert "statement: " not in supabase.cluster.log.read_text().split("ALTER DATABASE")[-1]
    assert supabase.rows("SELECT rolname FROM pg_roles WHERE rolname IN ('agent', 'backup')") == []


def test_all_that_is_wrong_is_found_at_once(start_supabase: Callable[..., Supabase]) -> None:
    project = start_supabase(default_transaction_read_only="on")
    with project.connected() as admin:
        admin.execute("SET default_transaction_read_only = off")
        admin.execute("CREATE TABLE public.distributed_tasks (id int)")
        admin.execute("CREATE ROLE backup LOGIN")
        admin.execute("CREATE SCHEMA pgstack")
    lines = failures(preflight(project.url(), WANTED))
    assert [line.split(":")[0] for line in lines] == ["server", "backups", "extensions", "names", "names"], lines
    assert "table distributed_tasks" in lines[-1]


def test_names_may_be_taken_over_where_that_is_configured(supabase: Supabase) -> None:
    with supabase.connected("postgres") as owner:
        owner.execute("CREATE TABLE public.agent_registry (id int)")
        owner.execute("CREATE VIEW public.distributed_tasks AS SELECT 1 AS one")
    assert "table agent_registry" not in str(failures(preflight(supabase.url(), replace(WANTED, adopt=True))))
    assert "view distributed_tasks" in str(failures(preflight(supabase.url(), replace(WANTED, adopt=True))))
    assert failures(preflight(supabase.url(), replace(WANTED, schema="agents"))) == []


def test_a_reader_that_would_miss_rows_is_refused(supabase: Supabase) -> None:
    with supabase.connected() as admin:
        admin.execute(f"CREATE ROLE poor LOGIN PASSWORD '{supabase.password}'".encode())
    for login, expected in (("poor", "lacks BYPASSRLS and pg_read_all_data"), ("supabase_read_only_user", "")):
        wanted = replace(WANTED, backup_role="", backup_url=supabase.url(login))
        assert expected in "".join(failures(preflight(supabase.url(), wanted)))
        assert bool(expected) == bool(failures(preflight(supabase.url(), wanted)))
    wrong = replace(WANTED, backup_role="", backup_url=supabase.url("nobody"))
    (line,) = failures(preflight(supabase.url(), wrong))
    assert "--secret backupDatabaseUrl" in line


def test_a_group_that_others_made_has_to_be_ours_to_grant(supabase: Supabase) -> None:
    supabase.run("CREATE ROLE maintenance NOLOGIN")
    (line,) = failures(preflight(supabase.url(), WANTED))
    advised = "GRANT maintenance TO postgres WITH ADMIN OPTION;"
    assert "postgres may not make backup a member of maintenance, which others made" in line
    assert line.endswith(f"As an administrator: {advised}")
    assert failures(preflight(supabase.url(), replace(WANTED, backup_role=""))) == []
    supabase.run(advised)
    assert failures(preflight(supabase.url(), WANTED)) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (("PASSWORD", "Wr0ng-s3cret"), "the server refuses this user with this password"),
        (("127.0.0.1", "no-such-host.invalid"), "there is no such host"),
        (("/postgres?", "/nowhere?"), "there is no such database"),
        (("disable", "require"), "the server does not speak TLS"),
        (("PORT", "9"), "nothing listens there"),
    ],
)
def test_a_server_that_can_not_be_entered_is_one_line(change: tuple[str, str], found: str, shared: Supabase) -> None:
    old, new = change
    old = {"PASSWORD": f":{shared.password}@", "PORT": f":{shared.port}/"}.get(old, old)
    new = {"Wr0ng-s3cret": ":Wr0ng-s3cret@", "9": ":9/"}.get(new, new)
    url = shared.url()
    assert old in url
    (line,) = failures(preflight(url.replace(old, new), WANTED))
    assert found in line
    assert line.startswith("connection: ")
    assert shared.password not in line
    assert "Wr0ng-s3cret" not in line


@pytest.fixture(scope="module")
def shared(start_supabase: Callable[..., Supabase]) -> Supabase:
    return start_supabase()


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        (
            "postgresql://postgres.abc:S3cret@aws-0-eu-central-1.pooler.supabase.com:6543/postgres",
            "Use port 5432 of aws-0-eu-central-1.pooler.supabase.com, the session pooler",
        ),
        ("postgresql://postgres:S3cret@db.abc.supabase.co:6543/postgres", "Use port 5432 of db.abc.supabase.co"),
        ("postgresql://u:S3cret@first.example.org,db.abc.supabase.co:6543/d", "Use port 5432 of db.abc.supabase.co"),
        ("postgresql://u:S3cret@db.abc.supabase.co,db.xyz.supabase.co/d?port=6543", "port 5432 of db.abc.supabase.co"),
    ],
)
def test_supabases_transaction_pooler_is_refused_by_its_address(url: str, advice: str) -> None:
    (line,) = failures(preflight(url, WANTED))
    assert "transaction pooler" in line
    assert advice in line
    assert "S3cret" not in line


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres.abc:p@aws-0-eu-central-1.pooler.supabase.com:5432/postgres",
        "postgresql://postgres:p@db.abc.supabase.co/postgres",
        "postgresql://postgres:p@db.example.org:6543/postgres",
        "postgresql://postgres:p@db.abc.supabase.co:5432,db.example.org:6543/postgres",
    ],
)
def test_other_addresses_are_not_refused_unseen(url: str) -> None:
    assert transaction_pooler(url, "databaseUrl") is None


def test_each_host_is_shown_with_its_port() -> None:
    url = DatabaseUrl.parse("postgresql://u:S3cret@A.example,b.example:6432/app")
    assert place(url.text) == "a.example:5432,b.example:6432/app"


UNREACHABLE = 'connection is bad: connection to server at "2001:db8::1", port 5432 failed: Network is unreachable'
NO_ROUTE = 'connection is bad: connection to server at "192.0.2.1", port 5432 failed: No route to host'
IPV6 = "Supabase's direct address speaks IPv6 only"


@pytest.mark.parametrize(
    ("host", "words", "found", "supabase"),
    [
        ("db.example.org", UNREACHABLE, "there is no way to this address from here", False),
        ("db.example.org", NO_ROUTE, "there is no way to this address from here", False),
        ("db.example.org", "connection timeout expired", "no answer within 10 s", False),
        ("db.example.org", "could not receive data from server: Connection timed out", "no answer", False),
        ("aws-0-eu-central-1.pooler.supabase.com", "connection timeout expired", "no answer within 10 s", False),
        ("db.abc.supabase.co", UNREACHABLE, "there is no way to this address from here", True),
        ("db.abc.supabase.co", "connection timeout expired", "Let this machine through the firewall", True),
    ],
)
def test_ipv6_is_spoken_of_where_it_is_supabases_address(host: str, words: str, found: str, supabase: bool) -> None:
    line = str(explained(words, f"postgresql://u:S3cret@{host}:5432/app", "databaseUrl"))
    assert found in line
    assert (IPV6 in line) == supabase
    assert "S3cret" not in line


def test_a_server_that_never_answers_is_behind_a_firewall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.preflight.connecting.CONNECT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        (line,) = failures(preflight(f"postgresql://u:S3cret@127.0.0.1:{port}/app", WANTED))
    assert "no answer within" in line
    assert "firewall" in line
    assert "Supabase" not in line


def test_a_statement_that_is_cut_off_is_no_firewall(supabase: Supabase) -> None:
    supabase.run("ALTER ROLE postgres SET statement_timeout = '1ms'")
    (line,) = failures(preflight(supabase.url(), WANTED))
    assert "the server is too slow for a question of this check (canceling statement due to" in line
    assert "give the login of databaseUrl more: ALTER ROLE … RESET statement_timeout;" in line
    assert "firewall" not in line


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (
            "ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'",
            "failure texts: database other is encoded in SQL_ASCII",
        ),
        ("ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'", "failure texts: database other is encoded in LATIN1"),
        (
            "ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'",
            "warning texts: to the locale of database other only a to z",
        ),
        ("ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'", ""),
    ],
    ids=["SQL_ASCII", "LATIN1", "C", "C.UTF-8"],
)
def test_a_database_without_room_for_every_text_is_told(shared: Supabase, options: str, found: str) -> None:
    shared.run(f"CREATE DATABASE other OWNER postgres TEMPLATE template0 {options}")
    try:
        report = preflight(shared.url(database="other"), WANTED)
    finally:
        shared.run("DROP DATABASE other WITH (FORCE)")
    told = [f"{finding.level} {finding}" for finding in report.findings if finding.subject == "texts"]
    assert len(told) == bool(found), told
    assert found in "".join(told)
