"""Versity's S3 gateway, built from its Go module: a store with other code than SeaweedFS behind every answer."""

import os
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from infra.embedded.cache import cache_root
from infra.embedded.ports import free_port
from tests.waiting import wait_until
from tools.bootstrap.go_toolchain import find_go, go_environment

MODULE = "github.com/versity/versitygw/cmd/versitygw"
VERSION = "v1.8.0"
GO = (1, 25)
BUILD_SECONDS = 1200


def build() -> Path:
    """Return the program, built once for all checkouts.

    Raises:
        SetupError: there is no Go, or none to be had.
        CalledProcessError: Go can not get or build it; it has said why.
    """
    program = cache_root() / f"versitygw-{VERSION}" / "versitygw"
    if not program.exists():
        program.parent.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=program.parent.parent) as folder:
            staging = Path(folder)
            go = find_go(GO, staging / "toolchain")
            environment = {**go_environment(go), "GOBIN": str(staging / "bin")}
            subprocess.run([go, "install", f"{MODULE}@{VERSION}"], env=environment, check=True, timeout=BUILD_SECONDS)
            (staging / "bin").rename(program.parent)
    return program


@contextmanager
def running(program: Path, folder: Path) -> Iterator[str]:
    """Run the gateway over folders below `folder`; give its URL with the keys of its administrator."""
    access, secret = secrets.token_hex(8), secrets.token_hex(16)
    objects, versions = folder / "objects", folder / "versions"
    for made in (objects, versions):
        made.mkdir()
    address = f"127.0.0.1:{free_port()}"
    environment = {**os.environ, "ROOT_ACCESS_KEY_ID": access, "ROOT_SECRET_ACCESS_KEY": secret}
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [program, "--port", address, "posix", "--versioning-dir", versions, objects],
            env=environment,
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            wait_until(lambda: _answers(address), f"versitygw answers: {(folder / 'log').read_text()}")
            yield f"http://{access}:{secret}@{address}"
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    host, port = address.split(":")
    with suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False
