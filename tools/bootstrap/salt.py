"""Keeps the salt that Pulumi writes into Pulumi.dev.yaml out of git: see docs/adr/0001-salt-outside-git.md.

A clean filter drops the line on the way into git, a smudge filter puts this clone's line back on the way out: git
compares sizes before contents, so without it a checked-out file would look modified as soon as Pulumi had written.
"""

import re
import subprocess
from pathlib import Path

from tools.bootstrap.checkout import Checkout

STACK_FILE = "Pulumi.dev.yaml"
SALT_LINE = re.compile(r"^encryptionsalt:.*\n?", re.MULTILINE)
KEPT_SALT = ".state/encryptionsalt"

FILTER = {
    "filter.pulumi-salt.clean": "sed -e '/^encryptionsalt:/d'",
    "filter.pulumi-salt.smudge": f"cat; cat {KEPT_SALT} 2>/dev/null || :",
}


def install_filter(checkout: Checkout) -> None:
    """Set the filter in this clone's own configuration; outside a clone there is nothing to do."""
    if not (checkout.root / ".git").exists():
        return
    for key, command in FILTER.items():
        if _git(checkout, "config", "--local", "--get", key).stdout.rstrip("\n") != command:
            _git(checkout, "config", "--local", key, command)


def keep_salt(checkout: Checkout) -> None:
    """Remember the salt for the smudge filter, and tell git that a file with it is the file it knows."""
    file = checkout.root / STACK_FILE
    salt = SALT_LINE.search(file.read_text()) if file.exists() else None
    if salt is None:
        return
    kept = checkout.root / KEPT_SALT
    line = salt[0].rstrip("\n") + "\n"
    if not _reads(kept, line):
        kept.write_text(line)
    if not (checkout.root / ".git").exists() or not _git(checkout, "diff-files", "--name-only", STACK_FILE).stdout:
        return
    if _git(checkout, "diff", "--quiet", "--", STACK_FILE).returncode == 0:
        _git(checkout, "add", "--", STACK_FILE)  # the content is the index's own: this records the new size, no more


def forget_salt(checkout: Checkout) -> None:
    """Drop a salt that belongs to a passphrase which is no more, as after `rm -rf .state`: Pulumi draws a new one."""
    file = checkout.root / STACK_FILE
    content = file.read_text() if file.exists() else ""
    if SALT_LINE.search(content):
        file.write_text(SALT_LINE.sub("", content))


def _reads(file: Path, content: str) -> bool:
    return file.exists() and file.read_text() == content


def _git(checkout: Checkout, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=checkout.root, capture_output=True, text=True, check=False)
