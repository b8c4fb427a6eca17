"""pgstack, started from its executable; folders for its services, that are empty and quiet afterwards."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.embedded.account import service_account
from infra.embedded.cluster import Cluster
from infra.embedded.distribution import install
from infra.embedded.object_store import ObjectStore
from infra.embedded.process import DetachedProcess
from tests.provider.pgstack.driver import Managed
from tests.provider.plugin_client import PluginClient, start_plugin

EXECUTABLE = Path(__file__).parents[3] / "infra/provider/pulumi-resource-pgstack"

PASSPHRASE = "not-for-services"

Manage = Callable[..., Managed]


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PluginClient]:
    folder = tmp_path_factory.mktemp("plugin")
    with start_plugin(EXECUTABLE, folder, {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}) as (running, _process):
        yield running
    assert (folder / "plugin.err").read_text() == ""


@pytest.fixture(scope="session")
def manage(client: PluginClient) -> Manage:
    """Return a function that takes a type, e.g. `local:Service`, and a name, and gives the resource to be driven."""
    return lambda token, name="it": Managed(client, token, name)


@pytest.fixture(scope="module")
def state_folder() -> Iterator[Path]:
    """Give the folder of a stack's services, which PostgreSQL's account can reach; stops what a test left there."""
    folder = Path(tempfile.mkdtemp(prefix="ae-pgstack-", dir="/var/tmp" if os.getuid() == 0 else None))  # noqa: S108
    folder.chmod(0o755)
    try:
        yield folder / "checkout" / "stack"
    finally:
        for service in folder.glob("checkout/stack/*"):
            stop_by_force(service)
        shutil.rmtree(folder)


def stop_by_force(folder: Path) -> None:
    """Stop whichever service runs in `folder`."""
    if (folder / "data" / "PG_VERSION").exists():
        Cluster(install(), service_account(), folder).stop("immediate")
    elif (folder / "s3.json").exists():
        ObjectStore(folder).stop(grace=0)
    else:
        DetachedProcess(folder).stop(patience=0)
