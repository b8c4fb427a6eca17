"""Which passphrases are tried before long, in every dress, and that a good one is none of them."""

import random
import secrets
import string

import pytest

from infra.passphrases import SHORTEST, guessable

BASE64 = string.ascii_letters + string.digits + "-_"
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


@pytest.mark.parametrize(
    "passphrase",
    [
        "",
        "xK7#mQ2!vB9",
        # a known word with something put to it
        "postgres-2024!",
        "supabase12345",
        "welcome12345",
        "letmein12345",
        "let me in, 2024",
        "Password123456",
        "2024-password-2024",
        "this-is-my-secret-password",
        "agent-ecosystem-live",
        "LIVE live LIVE 99",
        "correct-horse-battery-staple",
        "postgresql-admin-1",
        # letters written otherwise
        "P@ssw0rd1234",
        "Pa$$w0rd-pa$$w0rd",
        "h4ck3r-2024!!",
        "s3cr3t-s3cr3t",
        # typed along the keyboard
        "qwerty123456",
        "QwertyUiop12",
        "qwertz-qwertz",
        "azertyuiop99",
        "asdfghjkl;12",
        "poiuytrewq-1",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "zaq12wsxcde3",
        "abcdefghijkl",
        "abcdef123456",
        "98765432zyxwvu",
        # one thing again
        "hunter2hunter2",
        "hunter2-hunter2",
        "hunterhunter22",
        "x7k9x7k9x7k9",
        "aaaaaaaaaaaa",
        "111111111111",
        # one short word, known or not
        "Sommer2024!!!",
        "!!2024xylophon",
        "비밀번호12345678",
    ],
)
def test_what_is_tried_first(passphrase: str) -> None:
    assert guessable(passphrase, "live")


@pytest.mark.parametrize(
    "passphrase",
    [
        "a8Hq0dV2mPz7TtRw",
        "kept-in-the-teams-vault-4711",
        "what the team agreed upon",
        "orbit-zebra-lantern-plum",
        "my-secret-otter-drinks-tea",
        "k7fq-92mx-w4tz-81bd",
        "vwunqbkzhtsa",
        "password-vwunqbkzhtsa",
        "가을에는 모든 강이 천천히 흐른다",
    ],
)
def test_what_is_let_through(passphrase: str) -> None:
    assert not guessable(passphrase, "live")


@pytest.mark.parametrize(
    ("alphabet", "length"),
    [("0123456789abcdef", 32), (BASE64, 22), (BASE64, 16), (CROCKFORD, 20), (string.ascii_lowercase, 14)],
)
def test_random_ones_are_let_through(alphabet: str, length: int) -> None:
    draw = random.Random(length)  # noqa: S311 - the same ones each time
    drawn = ["".join(draw.choices(alphabet, k=length)) for _ in range(500)]
    assert [passphrase for passphrase in drawn if guessable(passphrase, "live")] == []


def test_those_that_make_draws_for_a_checkout_are_let_through() -> None:
    assert not any(guessable(secrets.token_urlsafe(32), "dev") for _ in range(100))


def test_a_stack_of_any_name_has_a_passphrase() -> None:
    assert not guessable("a8Hq0dV2mPz7TtRw", "7")
    assert guessable("x" * (SHORTEST - 1), "7")
