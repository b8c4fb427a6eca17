"""What a checkout keeps in `.state` before there is a stack: folders closed to others, and a passphrase."""

import os
import secrets

from tools.bootstrap.checkout import Checkout

PASSPHRASE_BYTES = 32


def prepare(checkout: Checkout) -> bool:
    """Make what is missing, never change what is there; return whether the passphrase is a new one."""
    checkout.state.mkdir(mode=0o700, exist_ok=True)
    checkout.backend.mkdir(exist_ok=True)
    checkout.pulumi_home.mkdir(exist_ok=True)
    return not checkout.passphrase.exists() and _write_passphrase(checkout)


def _write_passphrase(checkout: Checkout) -> bool:
    draft = checkout.passphrase.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(PASSPHRASE_BYTES))
    try:
        # Unlike a rename, this never replaces the passphrase that a run beside this one has just drawn.
        os.link(draft, checkout.passphrase)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True
