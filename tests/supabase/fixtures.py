"""Fixtures: a project of its own for each test that asks for one, copied from a template made once a run."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.embedded.account import Account
from infra.embedded.cluster import Cluster
from infra.embedded.distribution import install
from infra.embedded.ports import free_port
from tests.supabase.emulation import SETTINGS, Supabase, emulate, running_copy


@dataclass(frozen=True)
class Template:
    """A stopped cluster, the password of its logins, and the folder for copies beside it."""

    cluster: Cluster
    password: str
    folder: Path


@pytest.fixture(scope="session")
def supabase_template(account: Account) -> Iterator[Template]:
    folder = Path(tempfile.mkdtemp(prefix="ae-supabase-", dir="/var/tmp" if os.getuid() == 0 else None))  # noqa: S108
    account.own(folder)
    cluster = Cluster(install(), account, folder / "template")
    password = secrets.token_urlsafe(12)
    try:
        cluster.init(password)
        emulate(cluster.start(free_port(), SETTINGS), password)
        cluster.stop()
        yield Template(cluster, password, folder)
    finally:
        cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def start_supabase(supabase_template: Template) -> Iterator[Callable[..., Supabase]]:
    """Return a function that starts one more project, with settings of postgresql.conf; all stop with the run."""
    with ExitStack() as stack:

        def start(**settings: str) -> Supabase:
            template, name = supabase_template, secrets.token_hex(4)
            copy = running_copy(template.cluster, template.folder / name, template.password, settings)
            return stack.enter_context(copy)

        yield start


@pytest.fixture
def supabase(supabase_template: Template) -> Iterator[Supabase]:
    """A project for one test; `vector` and `pg_trgm` are enabled, as in the dashboard."""
    template = supabase_template
    with running_copy(template.cluster, template.folder / secrets.token_hex(4), template.password, {}) as project:
        project.enable("vector", "pg_trgm")
        yield project
