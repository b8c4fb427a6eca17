"""`debian:trixie-slim` without a registry: debootstrap, then `docker import`."""

import hashlib
import subprocess
import tempfile
from pathlib import Path

import docker

from tools.docker_engine.debian import need, need_root
from tools.docker_engine.failure import NoEngineError

SUITE = "trixie"
REFERENCE = f"debian:{SUITE}-slim"
MIRROR = "http://deb.debian.org/debian"
SECURITY_MIRROR = "http://deb.debian.org/debian-security"
BOOTSTRAP_SECONDS = 900.0

AUTHORITIES = Path("/usr/local/share/ca-certificates")
"""Certificate authorities this machine trusts on top of Debian's. A build in the image has to reach what we reach."""

_CONFIGURATION = {
    "etc/apt/sources.list": (
        f"deb {MIRROR} {SUITE} main\ndeb {MIRROR} {SUITE}-updates main\ndeb {SECURITY_MIRROR} {SUITE}-security main\n"
    ),
    "etc/apt/apt.conf.d/docker-clean": 'Binary::apt::APT::Keep-Downloaded-Packages "false";\n',
    "etc/apt/apt.conf.d/docker-no-languages": 'Acquire::Languages "none";\n',
    "etc/dpkg/dpkg.cfg.d/docker": (
        "path-exclude /usr/share/doc/*\n"
        "path-include /usr/share/doc/*/copyright\n"
        "path-exclude /usr/share/man/*\n"
        "path-exclude /usr/share/locale/*\n"
    ),
    # Services must not start while packages are installed.
    "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
}
_SLIMMED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/cache/apt/archives", "var/lib/apt/lists")


def digest() -> str:
    """Return what the image is made from, as a digest."""
    sum_ = hashlib.sha256(repr(sorted(_CONFIGURATION.items())).encode())
    for path in _authorities():
        sum_.update(path.read_bytes())
    return sum_.hexdigest()


def make(client: docker.DockerClient, label: str) -> None:
    """Make the image and give it `label` (`name=value`).

    Raises:
        NoEngineError: debootstrap failed, is missing, or we are not root.
    """
    need_root(f"making the image {REFERENCE} with debootstrap")
    program = need("debootstrap")
    with tempfile.TemporaryDirectory(prefix="debootstrap-") as folder:
        root = Path(folder) / "root"
        _run([program, "--variant=minbase", SUITE, root, MIRROR], Path(folder) / "log")
        _configure(root)
        excluded = [f"--exclude=./{path}/*" for path in _SLIMMED]
        tar: list[str | Path] = ["tar", "--numeric-owner", "--one-file-system", *excluded, "-C", root, "-c", "."]
        repository, tag = REFERENCE.split(":")
        with subprocess.Popen(tar, stdout=subprocess.PIPE) as packing:
            client.api.import_image_from_stream(
                packing.stdout, repository=repository, tag=tag, changes=['CMD ["bash"]', f"LABEL {label}"]
            )
        if packing.returncode != 0:
            raise NoEngineError(f"tar failed on the root folder of {REFERENCE}")


def _authorities() -> list[Path]:
    return sorted(AUTHORITIES.rglob("*.crt"))


def _configure(root: Path) -> None:
    for name, text in _CONFIGURATION.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    inside = root / AUTHORITIES.relative_to("/")
    inside.mkdir(parents=True, exist_ok=True)
    for path in _authorities():
        (inside / path.name).write_bytes(path.read_bytes())


def _run(command: list[str | Path], log: Path) -> None:
    with log.open("wb") as output:
        try:
            run = subprocess.run(
                command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, check=False, timeout=BOOTSTRAP_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise NoEngineError(f"debootstrap took longer than {BOOTSTRAP_SECONDS:g} s") from None
    if run.returncode != 0:
        lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        raise NoEngineError(f"debootstrap failed: {lines[-1]}")
