"""Pulumi's own release, downloaded by the Automation API. Run as a program, so that it can be given up on."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from tools.bootstrap.failure import SetupError
from tools.bootstrap.progress import say

SOURCE = "https://get.pulumi.com/install.sh"
"""What the Automation API runs; asked for first, to find a closed network in seconds."""

PROBE_SECONDS = 5.0
DOWNLOAD_SECONDS = 300.0


def download(version: str, folder: Path) -> None:
    """Install Pulumi's release into `folder`/bin.

    Raises:
        SetupError: it can not be downloaded from here, or not in DOWNLOAD_SECONDS.
    """
    try:
        with urllib.request.urlopen(SOURCE, timeout=PROBE_SECONDS) as answer:
            answer.read(1)
    except OSError as error:
        say("Pulumi's downloads can not be reached from here.")
        raise SetupError(f"{SOURCE} can not be reached ({getattr(error, 'reason', error)})") from error
    say(f"Downloading Pulumi {version} ...")
    command = [sys.executable, "-m", "tools.bootstrap.pulumi_download", version, str(folder)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        output, _ = process.communicate(timeout=DOWNLOAD_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise SetupError(f"the download did not end in {DOWNLOAD_SECONDS:.0f} s") from error
    finally:
        if process.poll() is None:
            _end_group(process)
    if process.returncode:
        last_line = (output.strip().splitlines() or ["no output"])[-1]
        raise SetupError(f"the download failed: {last_line}")


def _end_group(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _install(version: str, folder: str) -> None:
    from pulumi.automation import PulumiCommand  # noqa: PLC0415 - half a second, and only here
    from semver import VersionInfo  # noqa: PLC0415

    PulumiCommand.install(root=folder, version=VersionInfo.parse(version))


if __name__ == "__main__":
    _install(*sys.argv[1:3])
