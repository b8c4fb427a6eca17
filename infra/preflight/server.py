"""What every connection is judged by: the server's version, and whether somebody checks that it is the one meant."""

from collections.abc import Iterator

from infra.preflight.finding import Finding, failure, ok, warning

OLDEST, NEWEST = 15, 18
"""Major versions of PostgreSQL that the schema engine and pg_dump know."""
HERE = ("", "localhost", "127.0.0.1", "::1")
"""Hosts that no network lies before."""


def version(server_version: int) -> Finding:
    """Judge PostgreSQL's version, as in server_version_num."""
    major = server_version // 10_000
    if major < OLDEST:
        return failure(
            "version",
            f"PostgreSQL {major} is too old: {OLDEST} to {NEWEST} are supported",
            "Upgrade the server (Supabase: Settings, Infrastructure; RDS: modify the engine version)",
        )
    if major > NEWEST:
        return failure(
            "version",
            f"PostgreSQL {major} is newer than this release knows: {OLDEST} to {NEWEST} are supported",
            "Use a newer release of this project",
        )
    return ok("version", f"PostgreSQL {major}")


def identity(host: str, ssl_mode: str) -> Iterator[Finding]:
    """Say when nobody checks that the server at `host` is the one meant."""
    if ssl_mode != "verify-full" and host not in HERE and not host.startswith("/"):
        yield warning(
            "connection",
            f"sslmode {ssl_mode} does not check that {host} is who it says",
            "Set sslRootCertificate to the file of its certificate authority: sslMode is verify-full then",
        )
