"""The keys of encrypted backups: age's recipients, which are public, and identities, which open what is for them."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pyrage import IdentityError, RecipientError, x25519

from infra.backup_job.errors import BackupError

SECRET_START = "AGE-SECRET-KEY-"  # noqa: S105
IDENTITY = f"identity of age ({SECRET_START}1..., as age-keygen makes it)"
OTHERS = 0o077
"""Permissions that a file of identities must not have."""


@dataclass(frozen=True)
class Identities:
    """Private keys, by the recipient that each belongs to; their text is never shown."""

    by_recipient: dict[str, x25519.Identity]

    @classmethod
    def of(cls, *identities: x25519.Identity) -> "Identities":
        """Return these `identities`."""
        return cls({str(identity.to_public()): identity for identity in identities})

    def for_any(self, recipients: Iterable[str]) -> list[x25519.Identity]:
        """Return those that belong to one of `recipients`."""
        return [self.by_recipient[recipient] for recipient in recipients if recipient in self.by_recipient]

    def __or__(self, other: "Identities") -> "Identities":
        return Identities({**self.by_recipient, **other.by_recipient})


NO_IDENTITIES = Identities({})


def recipients(given: object) -> object:
    """Return the items of `given`, a list or words, once each; each has to be a recipient of age (X25519).

    Raises:
        ValueError: one is none; a private key is not repeated in the message.
    """
    items = given.replace(",", " ").split() if isinstance(given, str) else given
    if not isinstance(items, (list, tuple)):
        return given  # its type is wrong: pydantic says so
    return list(dict.fromkeys(_recipient(item) for item in items))


def _recipient(item: object) -> str:
    text = str(item).strip()
    if text.upper().startswith(SECRET_START):
        raise ValueError("this is a private key: recipients are public, `age-keygen -y FILE` prints a key's own")
    try:
        x25519.Recipient.from_str(text)
    except RecipientError:
        words = "a recipient of age, age1 and 58 more characters, as age-keygen prints it"
        raise ValueError(f"{text!r} is not {words}") from None
    return text


def identities(text: str) -> Identities:
    """Return the identities in `text`, one a line; empty lines and those beginning with # are left out, as age does.

    Raises:
        ValueError: a line is none, or there is none; nothing of `text` is in the message.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not (word := line.strip()) or word.startswith("#"):
            continue
        try:
            found.append(x25519.Identity.from_str(word))
        except IdentityError:
            raise ValueError(f"line {number} is no {IDENTITY}") from None
    if not found:
        raise ValueError(f"there is no {IDENTITY} in it")
    return Identities.of(*found)


def read_file(path: Path) -> str:
    """Return what a file of identities holds, which nobody else on the machine may read.

    Raises:
        BackupError: it can not be read, or others can.
    """
    try:
        with path.open() as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            if mode & OTHERS:
                raise BackupError(f"{path} holds private keys and has mode {mode:04o}: run `chmod 600 {path}`")
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BackupError(f"the file of identities {path} can not be read: {words}") from None


def load(identity: str | None, file: Path | None) -> Identities:
    """Return the identities of a setting and of a file.

    Args:
        identity: the text of some, already looked at.
        file: where more are.

    Raises:
        BackupError: the file can not be read, others can read it, or it holds none.
    """
    found = identities(identity) if identity else NO_IDENTITIES
    if file is None:
        return found
    try:
        return found | identities(read_file(file))
    except ValueError as error:
        raise BackupError(f"{file}: {error}") from None
