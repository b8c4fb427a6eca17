"""One preflight: connect, gather, judge."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from infra.preflight import checks, connecting, names, pooler, server
from infra.preflight.connecting import NotConnected, connected
from infra.preflight.facts import Facts, gather
from infra.preflight.finding import Finding, Wanted, ok


@dataclass(frozen=True)
class Report:
    """All findings; `facts` are None where the server was not reached or is too old to be asked."""

    findings: Sequence[Finding]
    facts: Facts | None = None

    @property
    def failures(self) -> list[Finding]:
        """What stops the stack."""
        return [finding for finding in self.findings if finding.level == "failure"]

    @property
    def warnings(self) -> list[Finding]:
        """What somebody should know of."""
        return [finding for finding in self.findings if finding.level == "warning"]


def preflight(url: str, wanted: Wanted) -> Report:
    """Check the database of `url` for what `wanted` needs; changes nothing.

    Args:
        url: the connection string, TLS parameters included.
        wanted: what the stack needs.
    """
    import psycopg  # noqa: PLC0415

    where = connecting.place(url)
    try:
        with connected(url) as connection:
            found = pooler.shared_session(connection, lambda: connected(url), where)
            version = server.version(connection.info.server_version)
            if found is not None or version.level == "failure":
                return Report([found or version])
            facts = gather(connection, wanted)
            closed = facts.ledger and facts.ledger_owner != facts.role
            taken = () if closed else names.taken(connection, wanted, ledger=facts.ledger)
            encrypted = connection.pgconn.ssl_in_use
            parameters = connection.info.get_parameters()
    except NotConnected as error:
        return Report([error.finding])
    except psycopg.Error as error:
        words = " ".join(str(error).split())
        return Report([connecting.explained(words, url, "databaseUrl")])
    broken_files = [taken] if isinstance(taken, Finding) else []
    facts = replace(facts, taken=() if isinstance(taken, Finding) else taken)
    words = f"{where} as {facts.role}, {'encrypted' if encrypted else 'not encrypted'}"
    reached = [
        ok(connecting.SUBJECT, words),
        *server.identity(parameters.get("host", ""), parameters.get("sslmode", "")),
    ]
    # Once each: databaseUrl and backupDatabaseUrl may have the same to say of one server.
    findings = dict.fromkeys([*reached, *checks.check_all(facts, wanted), *broken_files])
    return Report(list(findings), facts)
