"""Pulumi built from its Go modules: for machines that reach a Go module proxy and not Pulumi's downloads."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.bootstrap.checkout import Checkout
from tools.bootstrap.disk import GIGABYTE, require_space
from tools.bootstrap.go_compiler import GoCompiler
from tools.bootstrap.go_toolchain import find_go, go_environment, required_version

CLI = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK = "github.com/pulumi/pulumi/sdk/v3"
LANGUAGE_HOST = f"{SDK}/python/cmd/pulumi-language-python"
EXEC_SCRIPT = "pulumi-language-python-exec"

WORK = "Building Pulumi"

SPACE = {"GOMODCACHE": 2 * GIGABYTE, "GOCACHE": 2 * GIGABYTE, "GOTMPDIR": GIGABYTE // 2}
"""Room a build takes in Go's own folders, in bytes."""
SPACE_OF_RESULT = GIGABYTE // 2
"""Room it takes in ours, the toolchain's included."""


def build(checkout: Checkout, version: str, folder: Path) -> None:
    """Build the command line tool and the Python language host into `folder`/bin.

    Args:
        checkout: holds the two Go modules whose go.sum pins every line of source.
        version: what `pulumi version` is to say, e.g. 3.274.1.
        folder: an empty folder of ours.

    Raises:
        SetupError: no toolchain, no module proxy, no room, or the build failed.
    """
    cli, host = checkout.go_module("cli"), checkout.go_module("host")
    toolchain = folder / "toolchain"
    cache = folder.parent
    require_space({cache: SPACE_OF_RESULT}, WORK)
    go = find_go(required_version(cli), toolchain)
    _require_space(go, cache)
    programs = folder / "bin"
    programs.mkdir()
    compiler = GoCompiler(go, folder)
    compiler.build(cli, CLI, programs / "pulumi", f"-s -w -X {SDK}/go/common/version.Version=v{version}")
    compiler.build(host, LANGUAGE_HOST, programs / "pulumi-language-python", "-s -w")
    # The program's own half of the host is a script; the CLI's module has it in the engine's version.
    script = compiler.module_folder(cli, SDK) / "python" / "cmd" / EXEC_SCRIPT
    shutil.copyfile(script, programs / EXEC_SCRIPT)
    (programs / EXEC_SCRIPT).chmod(0o755)
    shutil.rmtree(toolchain, ignore_errors=True)


def _require_space(go: Path, cache: Path) -> None:
    run = subprocess.run(
        [go, "env", "-json", *SPACE], capture_output=True, text=True, check=True, env=go_environment(go)
    )
    places: dict[str, str] = json.loads(run.stdout)
    needs = {Path(places[name] or tempfile.gettempdir()): size for name, size in SPACE.items()}
    require_space({**needs, cache: SPACE_OF_RESULT}, WORK)
