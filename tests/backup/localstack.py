"""LocalStack's S3, out of Python packages: the one store to be had here whose answers are modelled on AWS's own.

It checks no secret, and no identity's rights.
"""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.embedded.cache import cache_root
from infra.embedded.ports import free_port
from tests.waiting import wait_until

VERSION = "4.9.2"
PACKAGES = (
    f"localstack-core[runtime]=={VERSION}",  # Apache-2.0; the rest are what it runs with, which it does not pin itself
    "plux==1.13.0",
    "cbor2==5.6.5",
    "cryptography==44.0.3",
    "pyOpenSSL==24.3.0",
    "service-identity==23.1.0",
)
KEY, SECRET = "LSIAQAAAAAAVNCBMPNSG", "any-secret-will-do"  # keys that begin so are of nobody at AWS
INSTALL_SECONDS, START_SECONDS = 900, 120

START = """
import sys
from localstack.services.s3 import provider
provider.DEFAULT_S3_TMP_DIR = sys.argv[1]  # a folder in /tmp for whoever runs it, which no setting changes
from localstack.runtime.main import main
main()
"""


def install() -> Path:
    """Return the Python of its environment, made once for all checkouts.

    Raises:
        CalledProcessError: pip can not get it; it has said why.
    """
    home = cache_root() / f"localstack-{VERSION}"
    python, done = home / "bin" / "python", home / "done"
    if not (done.exists() and done.read_text() == "\n".join(PACKAGES)):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        command = [str(python), "-m", "pip", "install", "--quiet", *PACKAGES]
        subprocess.run(command, check=True, timeout=INSTALL_SECONDS)
        done.write_text("\n".join(PACKAGES))
    return python


@contextmanager
def running(python: Path, folder: Path) -> Iterator[str]:
    """Run its S3, which keeps everything in `folder` and memory; give its URL with keys that it takes."""
    address = f"127.0.0.1:{free_port()}"
    environment = {
        **os.environ,
        "GATEWAY_LISTEN": address,
        "SERVICES": "s3",
        "STRICT_SERVICE_LOADING": "1",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DNS_ADDRESS": "0",
        "LOCALSTACK_VOLUME_DIR": str(folder / "volume"),
        "FILESYSTEM_ROOT": str(folder / "root"),
    }
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [python, "-c", START, str(folder / "objects")], cwd=folder, env=environment, stdout=log, stderr=log
        ) as process,
    ):
        try:
            wait_until(lambda: _answers(address), f"LocalStack answers: {folder / 'log'}", START_SECONDS)
            yield f"http://{KEY}:{SECRET}@{address}"
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/_localstack/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
