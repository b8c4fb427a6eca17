"""Keeps the salt that Pulumi writes into a stack's file out of git: see docs/adr/0001-salt-outside-git.md.

A clean filter drops the line on the way into git, a smudge filter puts this clone's line back on the way out: git
compares sizes before contents, so without it a checked-out file would look modified as soon as Pulumi had written.
"""

import re
import subprocess
from pathlib import Path

from tools.bootstrap.checkout import Checkout

STACK_FILES = "Pulumi.*.yaml"
SALT_LINE = re.compile(r"^encryptionsalt:.*\n?", re.MULTILINE)
KEPT_SALTS = ".state/salts"

FILTER = {
    "filter.pulumi-salt.clean": "sed -e '/^encryptionsalt:/d'",
    "filter.pulumi-salt.smudge": f"cat; cat {KEPT_SALTS}/%f 2>/dev/null || :",
}


def stack_file(stack: str) -> str:
    """Return the name of a stack's file."""
    return f"Pulumi.{stack}.yaml"


def install_filter(checkout: Checkout) -> None:
    """Set the filter in this clone's own configuration; outside a clone there is nothing to do."""
    if not (checkout.root / ".git").exists():
        return
    for key, command in FILTER.items():
        if _git(checkout, "config", "--local", "--get", key).stdout.rstrip("\n") != command:
            _git(checkout, "config", "--local", key, command)


def leave_other_backend(checkout: Checkout, stack: str, backend: str) -> None:
    """Drop the salt of a stack of the same name in another backend: each one's state has its own."""
    came_from = checkout.root / KEPT_SALTS / f"{stack_file(stack)}.backend"
    if came_from.exists() and not _reads(came_from, backend):
        forget_salt(checkout, stack)


def forget_salt(checkout: Checkout, stack: str) -> None:
    """Drop the salt of a stack whose state is no more: its next state has its own."""
    _drop_salt(checkout.root / stack_file(stack))
    for name in (stack_file(stack), f"{stack_file(stack)}.backend"):
        (checkout.root / KEPT_SALTS / name).unlink(missing_ok=True)


def keep_salt(checkout: Checkout, stack: str, backend: str) -> None:
    """Remember the stack's salt for the smudge filter, and tell git that a file with it is the file it knows.

    Args:
        checkout: where the file is.
        stack: whose file it is.
        backend: URL of the backend whose stack it is.
    """
    name = stack_file(stack)
    file = checkout.root / name
    salt = SALT_LINE.search(file.read_text()) if file.exists() else None
    if salt is None:
        return
    kept = checkout.root / KEPT_SALTS / name
    line = salt[0].rstrip("\n") + "\n"
    if not _reads(kept, line):
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(line)
    came_from = kept.with_name(f"{name}.backend")
    if not _reads(came_from, backend):
        came_from.write_text(backend)
    if not (checkout.root / ".git").exists() or not _git(checkout, "diff-files", "--name-only", name).stdout:
        return
    if _git(checkout, "diff", "--quiet", "--", name).returncode == 0:
        _git(checkout, "add", "--", name)  # the content is the index's own: this records the new size, no more


def forget_salts(checkout: Checkout) -> None:
    """Drop salts that belong to a passphrase which is no more, as after `rm -rf .state`: Pulumi draws new ones."""
    for file in checkout.root.glob(STACK_FILES):
        _drop_salt(file)


def _drop_salt(file: Path) -> None:
    content = file.read_text() if file.exists() else ""
    if SALT_LINE.search(content):
        file.write_text(SALT_LINE.sub("", content))


def _reads(file: Path, content: str) -> bool:
    return file.exists() and file.read_text() == content


def _git(checkout: Checkout, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=checkout.root, capture_output=True, text=True, check=False)
