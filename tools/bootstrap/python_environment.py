"""The virtual environment: made once, made anew when the pins, the Python or the place change, or when interrupted."""

import hashlib
import subprocess
import sys
from pathlib import Path

from tools.bootstrap.checkout import Checkout
from tools.bootstrap.failure import SetupError
from tools.bootstrap.lock import exclusive
from tools.bootstrap.progress import run_quietly

RUNTIME = "requirements.txt"
DEVELOPMENT = "requirements-dev.txt"


def ensure(checkout: Checkout, *, development: bool = False) -> None:
    """Install requirements.txt, and the tools of `make lint` on request, unless exactly these are installed.

    Raises:
        SetupError: the environment could not be made or filled.
    """
    if checkout.venv.is_symlink():  # somebody's own environment: used as it is, and never cleared through the link
        if not _runs(checkout.python):
            raise SetupError(f".venv is a link to {checkout.venv.readlink()}, where no Python runs: mend or remove it")
        return
    if _complete(checkout, development):
        return
    checkout.state.mkdir(mode=0o700, exist_ok=True)
    with exclusive(checkout.state / "python.lock", "installing the Python packages") as lock:
        if _complete(checkout, development):
            return
        if _unfinished(checkout).exists() or not (_stamped(checkout, RUNTIME) and _runs(checkout.python)):
            _create(checkout)
            _install(checkout, RUNTIME, lock)
        if development:
            _install(checkout, DEVELOPMENT, lock)


def _complete(checkout: Checkout, development: bool) -> bool:
    files = [RUNTIME, *([DEVELOPMENT] if development else [])]
    return all(_stamped(checkout, name) for name in files) and _runs(checkout.python)


def _runs(python: Path) -> bool:
    if Path(sys.prefix) == python.parent.parent:
        return True
    try:
        return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _create(checkout: Checkout) -> None:
    # The base interpreter makes it, because we may be running from the very environment that goes.
    base: str = getattr(sys, "_base_executable", sys.executable)
    version = ".".join(map(str, sys.version_info[:3]))
    run_quietly(
        [base, "-m", "venv", "--clear", checkout.venv],
        f"Making .venv with Python {version}",
        writes_to=checkout.venv,
    )


def _install(checkout: Checkout, name: str, lock: int) -> None:
    _unfinished(checkout).touch()
    pip: list[str | Path] = [
        checkout.python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    run_quietly(
        [*pip, "-r", checkout.root / name],
        f"Installing {name}",
        writes_to=checkout.venv,
        keep_open=[lock],  # an orphaned pip must not write beside its successor
    )
    _stamp(checkout, name).write_text(_fingerprint(checkout, name))
    _unfinished(checkout).unlink()


def _unfinished(checkout: Checkout) -> Path:
    """Return the mark of an install that has not ended: what it left looks installed to pip, so all is made anew."""
    return checkout.venv / ".installing"


def _stamp(checkout: Checkout, name: str) -> Path:
    return checkout.venv / f".installed-{name}"


def _stamped(checkout: Checkout, name: str) -> bool:
    try:
        return _stamp(checkout, name).read_text() == _fingerprint(checkout, name)
    except FileNotFoundError:
        return False


def _fingerprint(checkout: Checkout, name: str) -> str:
    """Hash what an environment depends on; its path among it, as its scripts carry it and a copied one is broken."""
    digest = hashlib.sha256(f"{sys.version_info[:3]} {checkout.venv}\n".encode())
    for file in dict.fromkeys((RUNTIME, name)):
        digest.update((checkout.root / file).read_bytes())
    return digest.hexdigest()
