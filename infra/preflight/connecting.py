"""Opening the connection, or one sentence on why not and what to do: libpq's words alone seldom say the second."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.preflight.finding import Finding, failure

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 10
STATEMENT_MILLISECONDS = 30_000
TRANSACTION_PORT = 6543
SUBJECT = "connection"


class Meaning(NamedTuple):
    """What words of libpq, the server or a pooler mean, and what to do; `{key}` is the configuration key."""

    words: str
    meaning: str
    advice: str


class NotConnected(Exception):  # noqa: N818 - named for what happened
    """There is no connection; `finding` says why."""

    def __init__(self, finding: Finding):
        self.finding = finding
        super().__init__(str(finding))


IPV6_ONLY = (
    "Supabase's direct address speaks IPv6 only: from IPv4 use the session pooler, port 5432 of pooler.supabase.com"
)

MEANINGS = (
    Meaning(
        "Tenant or user not found",
        "the pooler knows no such project or user",
        "Behind Supabase's pooler the user is `postgres.PROJECT`: copy the string from Connect in the dashboard",
    ),
    Meaning(
        "password authentication failed",
        "the server refuses this user with this password",
        "Correct it: `pulumi config set --secret {key}`",
    ),
    Meaning(
        "no pg_hba.conf entry",
        "the server lets nobody in from this address, or not in this way",
        "Add a line to its pg_hba.conf (hostssl … scram-sha-256), or allow this address in the provider's console",
    ),
    Meaning(
        "does not match host name",
        "the server's certificate is for another host name",
        "Connect by the name in the certificate; if that is this server, then somebody else answers",
    ),
    Meaning(
        "certificate verify failed",
        "the server's certificate is not signed by what sslRootCertificate holds",
        "Download the server's certificate authority (Supabase: Database settings, SSL; RDS: global-bundle.pem) and "
        "set sslRootCertificate to its file",
    ),
    Meaning(
        "root certificate file",
        "sslMode wants a root certificate, and there is none",
        "Set sslRootCertificate to the file of the server's certificate authority, or to `system`",
    ),
    Meaning(
        "server does not support SSL",
        "the server does not speak TLS",
        "Switch it on there (ssl = on). Only where the network is yours alone: `pulumi config set sslMode disable`",
    ),
    Meaning("could not translate host name", "there is no such host", "Correct the host in {key}"),
    Meaning("failed to resolve host", "there is no such host", "Correct the host in {key}"),
    Meaning("Network is unreachable", "there is no way to this address from here", IPV6_ONLY),
    Meaning("Connection refused", "nothing listens there", "Start the server, or correct host and port in {key}"),
    Meaning(
        "timeout",
        f"no answer within {CONNECT_SECONDS} s",
        f"Let this machine through the firewall or security group. {IPV6_ONLY}",
    ),
    Meaning("does not exist", "there is no such database, or no such user", "Create it, or correct {key}"),
    Meaning("too many clients", "the server has no connection left", "Close some, or raise max_connections"),
    Meaning("remaining connection slots", "the server has no connection left", "Close some, or raise max_connections"),
    Meaning("starting up", "the server is starting", "Try again in a moment"),
)
"""The first that fits counts."""


@contextmanager
def connected(url: str, key: str = "databaseUrl") -> "Iterator[psycopg.Connection[Any]]":
    """Open a connection that can only read, each statement on its own.

    Args:
        url: the connection string.
        key: the configuration key it comes from, for the advice.

    Raises:
        NotConnected: the server does not answer or does not let us in.
    """
    import psycopg  # noqa: PLC0415 - a no-op preview needs no driver

    if (refused := transaction_pooler(url, key)) is not None:
        raise NotConnected(refused)
    try:
        connection = psycopg.connect(
            url, autocommit=True, connect_timeout=CONNECT_SECONDS, application_name="pgstack preflight"
        )
    except psycopg.OperationalError as error:
        raise NotConnected(explained(" ".join(str(error).split()), place(url), key)) from None
    with connection:
        yield connection


def explained(words: str, where: str, key: str) -> Finding:
    """Return what a failed connection means.

    Args:
        words: what libpq said, in one line; it never holds a password.
        where: host, port and database.
        key: the configuration key of the connection string.
    """
    for known in MEANINGS:
        if known.words in words:
            return failure(SUBJECT, f"{where}: {known.meaning} ({words})", known.advice.format(key=key))
    return failure(SUBJECT, f"{where} does not answer: {words}", f"Correct {key}, or what the server says")


def transaction_pooler(url: str, key: str) -> Finding | None:
    """Refuse Supabase's transaction pooler by its address, before anything is sent to it."""
    hosts, port = _hosts(url)
    supabase = [host for host in hosts if host.endswith((".supabase.com", ".supabase.co"))]
    if not supabase or port != TRANSACTION_PORT:
        return None
    other = (
        f"port 5432 of {supabase[0]}, the session pooler"
        if ".pooler." in supabase[0]
        else f"port 5432 of {supabase[0]}"
    )
    return failure(
        SUBJECT,
        f"{place(url)} is Supabase's transaction pooler: it gives every transaction another session, so that locks, "
        "SET and pg_dump's snapshot do not hold",
        f"Use {other}, or the direct connection (db.PROJECT.supabase.co:5432), in {key}",
    )


def place(url: str) -> str:
    """Return host, port and database of a connection string: what may be shown of it."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    parts = conninfo_to_dict(url)
    return f"{parts.get('host')}:{parts.get('port') or 5432}/{parts.get('dbname')}"


def _hosts(url: str) -> tuple[list[str], int]:
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    parts = conninfo_to_dict(url)
    port = str(parts.get("port") or "5432").split(",")[0]
    return str(parts.get("host") or "").lower().split(","), int(port)
