"""Which official plugins are replaced by stand-ins: those that can not be had, and no others."""

import os
from importlib import metadata
from pathlib import Path

import pytest

from tools.bootstrap import plugins
from tools.bootstrap.checkout import Checkout


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """Give a checkout on a machine where a download failed a moment ago."""
    monkeypatch.setenv("AGENT_ECOSYSTEM_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "plugin-download-failed").touch()
    root = tmp_path / "checkout"
    (root / "tools" / "offline_plugins").mkdir(parents=True)
    (root / "tools" / "offline_plugins" / "bin").symlink_to(Checkout.here().offline_plugins)
    return Checkout(root)


def install(checkout: Checkout, name: str) -> None:
    version = metadata.version(f"pulumi-{name}")
    (checkout.pulumi_home / "plugins" / f"resource-{name}-v{version}").mkdir(parents=True)


def stand_ins(checkout: Checkout) -> list[str]:
    folder = plugins.offline_plugins(checkout, {"PATH": ""})
    found = sorted(folder.glob("pulumi-resource-*")) if folder else []
    assert all(os.access(path, os.X_OK) for path in found)
    return [path.name.removeprefix("pulumi-resource-") for path in found]


def test_each_is_replaced_on_its_own(checkout: Checkout) -> None:
    assert stand_ins(checkout) == ["docker", "postgresql"]
    install(checkout, "postgresql")
    assert stand_ins(checkout) == ["docker"]
    assert stand_ins(checkout) == ["docker"]
    install(checkout, "docker")
    assert stand_ins(checkout) == []


def test_one_that_comes_later_takes_the_place_of_its_stand_in(checkout: Checkout) -> None:
    install(checkout, "postgresql")
    assert stand_ins(checkout) == ["docker"]
    (checkout.pulumi_home / "plugins" / f"resource-postgresql-v{metadata.version('pulumi-postgresql')}").rmdir()
    install(checkout, "docker")
    assert stand_ins(checkout) == ["postgresql"]


def test_a_failed_download_is_noted_and_every_plugin_replaced(checkout: Checkout, tmp_path: Path) -> None:
    noted = tmp_path / "cache" / "plugin-download-failed"
    noted.unlink()
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "pulumi").write_text("#!/bin/sh\nexit 1\n")
    (programs / "pulumi").chmod(0o755)
    assert plugins.offline_plugins(checkout, {"PATH": str(programs)}) == checkout.offline_plugins
    assert noted.exists()
