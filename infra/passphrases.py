"""Passphrases that are tried first: well known words in whatever dress, rows of the keyboard, one short word again."""

import re
from collections.abc import Iterator
from functools import cache

SHORTEST = 12
"""Characters below which a passphrase can be tried out."""
SHORT_WORD = range(4, 9)
"""Letters of a word that can be tried out with all digits and punctuation that people put to it."""
SHORTEST_RUN = 4
"""Letters side by side on the keyboard, or in the alphabet, that nobody hits upon by chance."""

WELL_KNOWN = """
agentecosystem agent agents ecosystem pulumi postgres postgresql postgre supabase seaweedfs docker database
backup server system cloud company project default environment production staging development local prod stage dev
password passwort passwd passphrase passcode pass phrase word pwd changeme changeit change secret secrets secure
security key token login admin administrator root superuser user guest master test testing tester demo example
sample dummy foobar foo bar temp temporary hello world welcome letmein let open sesame enter please trustno whatever
iloveyou love monkey dragon sunshine princess football baseball shadow superman batman freedom starwars
hunter hacker correcthorsebatterystaple spring summer autumn winter
a i an the this that is it in on of for to and not no my me our your you new old very super strong
"""
"""The short ones are for sentences that are made of the others."""
ROWS = (
    *("abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm"),
    *("qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn"),
)
"""The alphabet, and the rows of the keyboards of three languages."""
COLUMNS = ("qaz", "wsx", "edc", "rfv", "tgb", "yhn", "ujm")
INSTEAD = str.maketrans("013457@$!", "oieastasi")
"""What is written for a letter within a word."""
LETTERS = re.compile(r"[^\W\d_]+")


def guessable(passphrase: str, *own: str) -> bool:
    """Say whether `passphrase` is tried before long.

    Args:
        passphrase: as it was given.
        own: further words that are known, such as the stack's name.

    >>> guessable("qwerty-P@ssw0rd-2024!")
    True
    >>> guessable("a8Hq0dV2mPz7TtRw")
    False
    """
    text = passphrase.strip()
    spelt_out = re.sub(r"(?i)(?<=[a-z])[013457@$!]+(?=[a-z])", lambda found: found[0].translate(INSTEAD), text)
    return (
        len(text) < SHORTEST
        or _repeats(text)
        or _one_short_word(text)
        or any(_known(form, own) for form in (text, spelt_out))
    )


def _repeats(text: str) -> bool:
    signs = "".join(character for character in text.casefold() if character.isalnum())
    return len(_unit(signs)) < min(SHORTEST, len(signs))


def _one_short_word(text: str) -> bool:
    """Say whether all letters are those of one word, written as words are: random ones mix capitals in.

    Numbers in hexadecimal are none. Of other random texts of 12 characters it is so for one in hundreds.
    """
    words = set(LETTERS.findall(text))
    if len(words) != 1 or re.fullmatch(r"[0-9a-f]+", text):
        return False
    (word,) = words
    return len(_unit(word)) in SHORT_WORD and (word.isupper() or word[1:] == word[1:].lower())


def _unit(word: str) -> str:
    """Return what `word` is repetitions of: itself, where it is none."""
    return re.sub(r"^(.+?)\1+$", r"\1", word)


def _known(text: str, own: tuple[str, ...]) -> bool:
    """Say whether nothing is left without the words that are known: digits and punctuation do not count."""
    rest = _letters(text)
    for word in _words(own):
        rest = rest.replace(word, " ")
    return not rest.strip()


@cache
def _words(own: tuple[str, ...]) -> list[str]:
    """Return what is known, the longest first: of `password`, nothing may be left because `pass` was known."""
    words = {*WELL_KNOWN.split(), *map(_letters, own), *_typed()} - {""}
    return sorted(words, key=len, reverse=True)


def _letters(text: str) -> str:
    return "".join(LETTERS.findall(text.casefold()))


def _typed() -> Iterator[str]:
    """Yield what a finger types along the keyboard, there and back."""
    for row in ROWS:
        for start in range(len(row) - SHORTEST_RUN + 1):
            for end in range(start + SHORTEST_RUN, len(row) + 1):
                yield row[start:end]
                yield row[start:end][::-1]
    for column in COLUMNS:
        yield from (column, column[::-1])
