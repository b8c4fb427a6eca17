"""Opening the connection, or one sentence on why not and what to do: libpq's words alone seldom say the second."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.preflight.finding import Finding, failure

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 10
PORT, TRANSACTION_PORT = "5432", "6543"
SUBJECT = "connection"


class Meaning(NamedTuple):
    """What words of libpq, the server or a pooler mean, and what to do; `{key}` is the configuration key.

    `silent`: nothing came back, as it is, too, where this machine does not speak the kind of address.
    """

    words: str
    meaning: str
    advice: str
    silent: bool = False


class NotConnected(Exception):  # noqa: N818 - named for what happened
    """There is no connection; `finding` says why."""

    def __init__(self, finding: Finding):
        self.finding = finding
        super().__init__(str(finding))


IPV6_ONLY = (
    "Supabase's direct address speaks IPv6 only: from IPv4 use the session pooler, port 5432 of pooler.supabase.com"
)
FIREWALL = "Let this machine through the firewall or security group"
NO_WAY = "there is no way to this address from here"
ROUTE = "See that this machine is in a network that reaches it (VPN, routes), or correct the host in {key}"

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
    Meaning("Network is unreachable", NO_WAY, ROUTE, silent=True),
    Meaning("No route to host", NO_WAY, ROUTE, silent=True),
    Meaning("Connection refused", "nothing listens there", "Start the server, or correct host and port in {key}"),
    Meaning(
        "canceling statement",  # PostgreSQL calls a timeout that strikes at the very end a user's request
        "the server is too slow for a question of this check",
        "Try again when it is less busy, or give the login of {key} more: ALTER ROLE … RESET statement_timeout;",
    ),
    Meaning("timeout expired", f"no answer within {CONNECT_SECONDS} s", FIREWALL, silent=True),
    Meaning("timed out", "no answer", FIREWALL, silent=True),
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
            url,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            application_name="pgstack preflight",
            client_encoding="UTF8",  # of a database in SQL_ASCII the driver would give bytes for text
        )
    except psycopg.OperationalError as error:
        raise NotConnected(explained(" ".join(str(error).split()), url, key)) from None
    with connection:
        yield connection


def explained(words: str, url: str, key: str) -> Finding:
    """Return what a failed connection, or question, means.

    Args:
        words: what libpq said, in one line; it never holds a password.
        url: the connection string.
        key: the configuration key it comes from.
    """
    where = place(url)
    for known in MEANINGS:
        if known.words in words:
            advice = known.advice.format(key=key)
            if known.silent and any(_direct(host) for host, _ in _addresses(url)):
                advice += f". {IPV6_ONLY}"
            return failure(SUBJECT, f"{where}: {known.meaning} ({words})", advice)
    return failure(SUBJECT, f"{where} does not answer: {words}", f"Correct {key}, or what the server says")


def transaction_pooler(url: str, key: str) -> Finding | None:
    """Refuse Supabase's transaction pooler by its address, before anything is sent to it."""
    found = [host for host, port in _addresses(url) if port == TRANSACTION_PORT and _supabase(host)]
    if not found:
        return None
    other = f"port 5432 of {found[0]}, the session pooler" if ".pooler." in found[0] else f"port 5432 of {found[0]}"
    return failure(
        SUBJECT,
        f"{place(url)} is Supabase's transaction pooler: it gives every transaction another session, so that locks, "
        "SET and pg_dump's snapshot do not hold",
        f"Use {other}, or the direct connection (db.PROJECT.supabase.co:5432), in {key}",
    )


def place(url: str) -> str:
    """Return host, port and database of a connection string, of each host: what may be shown of it."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    hosts = ",".join(f"{host}:{port}" for host, port in _addresses(url))
    return f"{hosts}/{conninfo_to_dict(url).get('dbname')}"


def _supabase(host: str) -> bool:
    return host.endswith((".supabase.com", ".supabase.co"))


def _direct(host: str) -> bool:
    return _supabase(host) and ".pooler." not in host


def _addresses(url: str) -> list[tuple[str, str]]:
    """Return each host with its port; as in libpq, one port is that of all hosts."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    parts = conninfo_to_dict(url)
    hosts = str(parts.get("host") or "").lower().split(",")
    ports = str(parts.get("port") or "").split(",")
    given = ports * len(hosts) if len(ports) == 1 else ports
    return [(host, port or PORT) for host, port in zip_longest(hosts, given[: len(hosts)], fillvalue="")]
