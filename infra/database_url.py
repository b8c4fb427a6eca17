"""A PostgreSQL connection string taken apart: what a user configures, with the TLS keys beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode

SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
SCHEMES = ("postgresql://", "postgres://")
FORM = "postgresql://user:password@host:5432/database, with the password percent-encoded"
PORT = 5432
SYSTEM_CERTIFICATES = "system"
"""What libpq calls the certificates that the system trusts."""


class DatabaseUrlError(ValueError):
    """Not a connection string we can use; the message never holds any part of the password."""


@dataclass(frozen=True)
class DatabaseUrl:
    """One database, one login.

    Args:
        host: the first host; a cluster's others are in `parameters`, as libpq has them.
        port: the first host's TCP port.
        user: the login.
        password: its password.
        database: the database's name.
        parameters: libpq's further connection parameters, `sslmode` always among them.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, ssl_mode: SslMode | None = None, root_certificate: str = "") -> "DatabaseUrl":
        """Take `text` apart.

        Args:
            text: a postgresql:// URL.
            ssl_mode: wins where the URL says nothing. Where nobody says anything it is verify-full with a root
                certificate, and require without: encrypted, whoever the server may be.
            root_certificate: the file whose certificates the server's is checked against; relative to the project, so
                that the URL is the same in every checkout.

        Raises:
            DatabaseUrlError: it is no such URL, lacks a part, or contradicts `ssl_mode`.
        """
        scheme = next((scheme for scheme in SCHEMES if text.startswith(scheme)), None)
        if scheme is None:
            raise DatabaseUrlError(f"must be {FORM}")
        if "[YOUR-PASSWORD]" in text:
            raise DatabaseUrlError("still holds [YOUR-PASSWORD]: put the database's password there, percent-encoded")
        place, _, query = text.removeprefix(scheme).partition("?")
        authority, _, database = place.partition("/")
        login, at, hosts = authority.rpartition("@")
        user, _, password = login.partition(":")
        if not (at and user and hosts and database):
            raise DatabaseUrlError(f"must name a user, a host and a database: {FORM}")
        addresses = [_address(part) for part in hosts.split(",")]
        parameters = dict(parse_qsl(query))
        if len(addresses) > 1:
            parameters |= {
                "host": ",".join(host for host, _ in addresses),
                "port": ",".join(str(port) for _, port in addresses),
            }
        host, port = addresses[0]
        url = cls(host, port, unquote(user), unquote(password), unquote(database), parameters)
        return url.with_tls(ssl_mode, root_certificate)

    def with_tls(self, ssl_mode: SslMode | None, root_certificate: str) -> "DatabaseUrl":
        """Return this connection with TLS as configured; see `parse`."""
        own = self.parameters.get("sslmode")
        if own and ssl_mode and own != ssl_mode:
            raise DatabaseUrlError(f"says sslmode={own}, and sslMode says {ssl_mode}: keep one of them")
        parameters = dict(self.parameters)
        if root_certificate:
            parameters["sslrootcert"] = root_certificate
        parameters["sslmode"] = own or ssl_mode or ("verify-full" if "sslrootcert" in parameters else "require")
        return replace(self, parameters=parameters)

    @property
    def address(self) -> str:
        """Host, port and database: what may be shown."""
        return f"{self.host}:{self.port}/{self.database}"

    @property
    def text(self) -> str:
        """The URL, password included."""
        return compose(self.user, self.password, (self.host, self.port), self.database, self.parameters)


def compose(user: str, password: str, address: tuple[str, int], database: str, parameters: Mapping[str, str]) -> str:
    """Return a postgresql:// URL; every part is encoded, an IPv6 address is put in brackets."""
    host, port = address
    shown = f"[{host}]" if ":" in host else host
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    options = f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""
    return f"postgresql://{login}@{shown}:{port}/{quote(database, safe='')}{options}"


def _address(text: str) -> tuple[str, int]:
    bracketed = text.startswith("[")
    host, _, rest = text[1:].partition("]") if bracketed else text.partition(":")
    port = rest.removeprefix(":") if bracketed else rest
    if not host or (port and not (port.isdigit() and 0 < int(port) < 65536)):
        # What stands here may be the end of a password with a bare / or # in it: it is not repeated.
        raise DatabaseUrlError(f"has no host with a port behind the user and password: it must be {FORM}")
    return host, int(port or PORT)
