"""A throwaway database on the target's own server, for a target whose major version the embedded server has not."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from infra.provider.schema.errors import ScratchUnavailable
from infra.provider.schema.scratch.preparation import create_extensions, create_schema
from infra.provider.schema.target import Target

if TYPE_CHECKING:
    import psycopg

PREFIX = "pgstack_scratch"


@contextmanager
def target_scratch(target: Target) -> Iterator["psycopg.Connection[Any]"]:
    """Yield a connection to a new database on the server of `target.url`, prepared; it is dropped afterwards.

    Roles are never created on a real server: the
    files may name those that exist.

    Raises:
        ScratchUnavailable: the role may not create a database or an extension, or the server does not answer.
    """
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

    if target.url is None:
        raise ScratchUnavailable("a scratch database on the target needs the target's URL")
    name = f"{PREFIX}_{os.getpid()}_{secrets.token_hex(4)}"
    with _connected(target.url) as admin:
        try:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        except psycopg.Error as error:
            raise ScratchUnavailable(f"no scratch database on the target: {error}. The role needs CREATEDB.") from error
        try:
            with psycopg.connect(target.url, dbname=name, autocommit=True) as connection:
                create_schema(connection, target)
                create_extensions(connection, target)
                yield connection
        finally:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _connected(url: str) -> "psycopg.Connection[Any]":
    import psycopg  # noqa: PLC0415 - the driver is loaded only where it is used

    try:
        return psycopg.connect(url, autocommit=True)
    except psycopg.OperationalError as error:
        raise ScratchUnavailable(f"no scratch database on the target: {error}") from error
