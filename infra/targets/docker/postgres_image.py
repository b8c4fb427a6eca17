"""What has to be known of an image to run PostgreSQL out of it."""

import re
from dataclasses import dataclass

BUNDLED_MAJOR = 17
"""The major version whose client programs Debian trixie, the base of the job's image, has itself."""

SUPABASE = "supabase/postgres"


@dataclass(frozen=True)
class PostgresImage:
    """An image of the official `postgres` family, or Supabase's.

    Args:
        major: PostgreSQL's major version.
        superuser: the role made with the given password.
        roles: roles of the stack that the image makes itself.
        user: whom to run as; None: the image begins as root and steps down itself.
        data: where the data directory's volume is mounted.
        arguments: what goes before our own arguments of `postgres`.
        initdb_arguments: how a new cluster is made; empty: the image decides.
        state: further folders that have to outlive the container, by the name of their volume.
    """

    major: int
    superuser: str
    roles: frozenset[str]
    user: str | None
    data: str
    arguments: tuple[str, ...]
    initdb_arguments: str
    state: tuple[tuple[str, str], ...]


def describe(reference: str, major: int | None) -> PostgresImage:
    """Return what is known of the image `reference`.

    Args:
        reference: repository and tag, e.g. `pgvector/pgvector:pg17`.
        major: PostgreSQL's major version, None: the tag tells.

    Raises:
        ValueError: the tag does not tell; the message says what to do.
    """
    major = major or _major(reference)
    if "/".join(_repository(reference).split("/")[-2:]) == SUPABASE:
        return PostgresImage(
            major=major,
            superuser="supabase_admin",
            roles=frozenset({"anon", "authenticated", "service_role"}),
            user=None,
            data="/var/lib/postgresql/data",
            arguments=("-D", "/etc/postgresql"),
            initdb_arguments="",
            state=(("postgres-keys", "/etc/postgresql-custom"),),
        )
    return PostgresImage(
        major=major,
        superuser="postgres",
        roles=frozenset(),
        user="postgres",
        # From 18 on the images keep one folder a major version below their volume.
        data="/var/lib/postgresql" if major >= 18 else "/var/lib/postgresql/data",
        arguments=(),
        initdb_arguments=f"--auth=scram-sha-256 --encoding=UTF8 {_locale(major)}",
        state=(),
    )


def _locale(major: int) -> str:
    if major >= 17:
        return "--locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C"
    return "--locale=C.UTF-8"


def _repository(reference: str) -> str:
    return re.sub(r"(:[^:/@]+)?(@[^@]+)?$", "", reference)


def _major(reference: str) -> int:
    tag = re.search(r":([^:/@]+)(?:@|$)", reference)
    found = re.search(r"(?:^|pg)(\d{2})(?=\D|$)", tag[1]) if tag else None
    if not found:
        raise ValueError(
            f"{reference!r} does not tell PostgreSQL's major version in its tag (as pg17, 17.6, 17-trixie do): "
            "set postgresMajor as well"
        )
    return int(found[1])
